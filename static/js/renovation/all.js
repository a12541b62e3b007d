/* A gate passed for many renovations in the background: how far it is, a way to stop it, and then what it came to. */

import { loadWords } from "../i18n.js";
import { createProgress, followJob } from "../import/jobs.js";
import { getJson, postJson } from "../map/api.js";

const place = document.getElementById("pass-job");

async function follow() {
  await loadWords();
  const id = encodeURIComponent(place.dataset.job);
  const progress = createProgress(place, () => postJson(`/api/v1/jobs/${id}/cancel`, {}));
  const job = await getJson(`/api/v1/jobs/${id}`);
  progress.show(job);
  await followJob(job, (next) => progress.show(next), (away) => progress.show(job, away)).ended;
  window.location.reload(); // the page tells what came of it
}

if (place) follow();
