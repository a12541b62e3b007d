/* Words of the scripts. The key is the Chinese sentence; other languages come as one flat JSON file. */

export const lang = document.documentElement.dataset.lang === "en" ? "en" : "zh";

let words = {};

/** Load the catalogue of the page's language; Chinese needs none. */
export async function loadWords() {
  if (lang === "zh") return;
  try {
    const answer = await fetch(`/i18n/${lang}.json`, { credentials: "same-origin" });
    if (answer.ok) words = await answer.json();
  } catch (unreachable) {
    words = {}; // the Chinese sentence is better than none
  }
}

// A value to fill in, or the two forms of which a value chooses one: geo/counting.py reads the same mark.
const PLACES = /%\((\w+)\)s|\{(\w+):([^{}|]*)\|([^{}|]*)\}/g;

/** A sentence with `%(name)s` filled from `params` and `{name:household|households}` chosen by it; each is read once. */
export function fill(sentence, params) {
  return sentence.replace(PLACES, (whole, value, number, one, many) => {
    const name = value ?? number;
    if (!(name in params)) return whole;
    const shown = String(params[name]);
    if (value) return shown;
    return shown === "1" ? one : many;
  });
}

/** The sentence in the page's language, with its values filled in from `params`. */
export function t(zh, params = {}) {
  return fill(words[zh] || zh, params);
}
