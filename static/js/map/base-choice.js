/* Which base map is shown: from the address, else as this person chose last on this device, else our own. */

import { t } from "../i18n.js";
import { OWN } from "./bases.js";
import { fill, say, toast } from "./dom.js";
import { drawBaseChoice } from "./panel.js";
import { change, state } from "./state.js";

function storedChoice(key) {
  try {
    return window.localStorage.getItem(key);
  } catch (refused) {
    return null; // storage switched off: the choice lasts for this page only
  }
}

function storeChoice(key, id) {
  try {
    window.localStorage.setItem(key, id);
  } catch (refused) {
    // as above
  }
}

/**
 * @param {object} bases from createBases
 * @param {HTMLElement} place of the choice in the panel
 * @param {HTMLElement} credit line bottom left, for attribution and map approval number
 * @param {string} account whose choice is kept on this device
 */
export function createBaseChoice(bases, place, credit, account) {
  const key = `fangtu.base.${account}`;
  const choice = {};

  function show(id) {
    const now = bases.choose(id);
    const entry = bases.entry();
    const words = [entry?.credit, entry?.approval && t("审图号：%(number)s", { number: entry.approval })].filter(Boolean);
    credit.hidden = !words.length;
    fill(credit, words.join(" · "));
    choice.draw();
    return now;
  }

  /** The select; drawn anew only when it would differ, so that it keeps the focus. */
  choice.draw = () => drawBaseChoice(place, bases.list, bases.current, (id) => {
    const now = show(id);
    storeChoice(key, now);
    change({ base: now === OWN ? null : now });
  });

  bases.onLost = (entry) => {
    show(OWN);
    change({ base: null }); // the wish is kept: with the next page the source is tried again
    const sentence = t("“%(name)s”连不上，已改用本地简图。", { name: entry.label });
    toast(sentence);
    say(sentence);
  };

  /** Fetch the list and show the first choice. */
  choice.open = async () => {
    await bases.load();
    const wanted = state.base || storedChoice(key) || OWN;
    const now = show(wanted);
    state.base = now === OWN ? null : now;
    if (wanted !== now && bases.entry(wanted)?.trouble) toast(bases.entry(wanted).trouble);
  };

  /** After the address changed by itself (Back). */
  choice.sync = () => show(state.base || OWN);
  return choice;
}

