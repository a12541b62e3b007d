/* One upload as the server holds it: its state, what is chosen for it, and the job that works on it. */

import { getJson, sendJson } from "../map/api.js";
import { followJob, isRunning } from "./jobs.js";

const QUIET_MS = 450;
const NO_CHOICES = { sheet: null, crs: null, swapped: false, mapping: {}, campaign: null, round: null, level: null, source: null, snap: null };

/**
 * @param {string} url address of the upload's JSON
 * @param {object} on `fresh()` an answer came; `change()` something was chosen or begun; `step(job, away)` a job went on;
 *   `trouble(reason)` the server refused or could not be reached
 */
export function createUpload(url, on) {
  const upload = { data: null, choices: { ...NO_CHOICES }, changed: false };
  let pending = {};
  let timer = 0;
  let sending = null;
  let following = null;

  function take(data) {
    upload.data = data;
    if (!Object.keys(pending).length && !sending) upload.choices = { ...NO_CHOICES, ...data.choices, mapping: { ...data.choices?.mapping } };
    follow(data.job);
    on.fresh();
  }

  function follow(job) {
    if (following?.id === job?.id) return;
    following?.stop();
    following = null;
    if (!isRunning(job)) return;
    const followed = followJob(job, (now) => {
      upload.data.job = now;
      on.step(now, false);
    }, (away) => on.step(upload.data.job, away));
    const ended = followed.ended.then(() => (following?.id === job.id ? upload.load() : null));
    following = { id: job.id, stop: followed.stop, ended };
    ended.catch(on.trouble);
  }

  /** Fetch the upload anew. */
  upload.load = async () => {
    following?.stop();
    following = null;
    take(await getJson(url));
  };

  /** What was chosen, shown at once and sent when no other choice follows. */
  upload.choose = (choices) => {
    Object.assign(upload.choices, choices);
    return change({ choices: upload.choices });
  };
  upload.set = (fields) => change(fields);

  function change(fields) {
    pending = { ...pending, ...fields };
    upload.changed = true;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => send().catch(on.trouble), QUIET_MS);
    on.change();
  }

  async function send() {
    window.clearTimeout(timer);
    if (sending) await sending.catch(() => {});
    if (!Object.keys(pending).length) return;
    const fields = pending;
    pending = {};
    sending = sendJson("PATCH", url, fields);
    try {
      const answer = await sending;
      sending = null;
      upload.changed = Object.keys(pending).length > 0;
      take(answer);
    } catch (reason) {
      sending = null;
      pending = { ...fields, ...pending }; // kept, so that the next attempt sends them too
      throw reason;
    }
  }

  /** Everything chosen is sent and looked at by the server. */
  upload.settle = async () => {
    await send();
    while (isRunning(upload.data.job) && upload.data.job.kind === "preview") await following.ended;
  };

  /** Start a job: `trial` or `run`. */
  upload.start = async (what) => {
    upload.data.job = (await sendJson("POST", `${url}/${what}`)).job;
    follow(upload.data.job);
    on.change();
  };

  upload.cancel = async () => {
    await sendJson("POST", `${url}/cancel`);
    await upload.load();
  };

  upload.discard = () => sendJson("DELETE", url);
  return upload;
}
