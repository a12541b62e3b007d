/* Changing a plan: each change is done at once, told with its price, and can be taken back. One after the other. */

import { t } from "../i18n.js";
import { postJson } from "../map/api.js";
import { say, toast } from "../map/dom.js";
import { priceWords } from "./clock.js";

/**
 * @param {string} url address of the plan
 * @param {object} on `plan()` (the present one), `adopt(plan, old, act)`, `reload()`, `trouble(reason|null)`, `busy(bool)`
 */
export function createActs(url, on) {
  let line = Promise.resolve();

  async function send(path, body) {
    on.busy(true);
    on.trouble(null);
    try {
      return await postJson(`${url}${path}`, body);
    } catch (reason) {
      // Somebody else was first: what there is now is shown, and nothing of theirs is overwritten.
      if (reason.status === 409) await on.reload().catch(() => {});
      on.trouble(reason);
      return null;
    } finally {
      on.busy(false);
    }
  }

  /** Do one thing after another, in the order they were asked for. */
  function after(act) {
    const done = line.then(act);
    line = done.catch(() => {});
    return done;
  }

  /**
   * Ask for a change.
   * @param {object} body `act` and what belongs to it
   * @param {string} told what was done, in words
   * @returns the answer, or null where it was refused
   */
  function change(body, told) {
    return after(async () => {
      const old = on.plan();
      const answer = await send("/changes", { revision: old.revision, ...body });
      if (!answer) return null;
      on.adopt(answer.plan, old, body);
      const { price } = answer;
      const words = [t("%(told)s：%(price)s", { told, price: priceWords(price) }), price.moved ? t("别人改动 %(n)s 户，不动 %(m)s 户", { n: price.moved.length, m: price.stayed }) : null].filter(Boolean).join(t("，"));
      say(words);
      toast(words, body.act === "undo" ? { label: t("重做"), act: () => change({ act: "redo" }, t("已重做")) } : { label: t("撤销"), act: () => undo() });
      return answer;
    });
  }

  /** What a change would cost; nothing is written. Fails, with the rule in words, where it cannot be done. */
  async function priceOf(body) {
    const answer = await postJson(`${url}/changes`, { revision: on.plan().revision, ...body, try: true });
    if (answer.refusal) throw Object.assign(new Error(answer.refusal.message), { status: 422 });
    return answer.price;
  }

  const undo = () => change({ act: "undo" }, t("已撤销"));
  const redo = () => change({ act: "redo" }, t("已重做"));

  /** Give out, take back, stop: what is no change of the routes themselves. `words(answer)` tells what was done. */
  function order(path, words) {
    return after(async () => {
      const answer = await send(path, path === "/publish" ? { revision: on.plan().revision } : {});
      if (!answer) return;
      await on.reload().catch(on.trouble);
      say(words(answer));
      toast(words(answer));
    });
  }

  return { change, undo, redo, order, priceOf };
}
