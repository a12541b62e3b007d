/* A boundary as text or from a file: read into the tool in hand, and previewed like a drawing. */

import { t } from "../i18n.js";
import { geometryOf } from "./shape.js";

const byId = (id) => document.getElementById(id);

/**
 * Read what is typed or opened.
 *
 * @param {object} page its `state`, and what it does: `take` a tool, `ask` for the preview, `forget` it, `hush` and tell `trouble`
 */
export function createReading({ state, take, ask, forget, hush, trouble }) {
  function readText() {
    hush();
    try {
      if (!state.target) throw new Error(t("先选一个区域。"));
      const tool = state.tool === "split" ? "split" : "draw";
      const text = byId("edit-text").value;
      const geometry = geometryOf(text, tool);
      // A name may stand there already, typed while the file was read: the tool in hand is not taken anew.
      if (state.tool !== tool) take(tool);
      state.points = [];
      state.geometry = geometry;
      byId("edit-text").value = text;
      ask(0);
    } catch (reason) {
      // What was read before is not what stands there now: it is not to be applied by mistake.
      forget();
      trouble(reason);
    }
  }

  async function readFile() {
    const [file] = byId("edit-file").files;
    if (!file) return;
    byId("edit-text").value = await file.text();
    byId("edit-file").value = "";
    readText();
  }

  byId("edit-file").addEventListener("change", readFile);
  byId("edit-read").addEventListener("click", readText);
}
