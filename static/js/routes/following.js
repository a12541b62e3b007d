/* While a plan is being worked out: how far the job is, and each better plan as it comes. What the user holds does not move. */

import { followJob, isRunning } from "../import/jobs.js";

/**
 * @param {object} on `reload()`, `show(job|null, away)`, `trouble(reason)`
 * @returns {(plan: object) => void} call it with each plan that came
 */
export function followPlan(on) {
  let followed = null;
  let seen = null;
  let loading = false;

  async function load() {
    if (loading) return;
    loading = true;
    try {
      await on.reload();
    } catch (reason) {
      on.trouble(reason);
    } finally {
      loading = false;
    }
  }

  let isEmpty = true;

  return (plan) => {
    const { job } = plan;
    isEmpty = !plan.routes.length;
    if (!isRunning(job)) {
      if (!followed) on.show(null);
      return;
    }
    if (followed === job.id) return;
    followed = job.id;
    on.show(job);
    let away = false;
    let last = job;
    const line = followJob(job, (now) => {
      last = now;
      on.show(now, away);
      // Each step may have brought a better plan.
      const mark = `${now.step}/${now.done}`;
      if (mark !== seen) load();
      seen = mark;
    }, (gone) => {
      away = gone;
      on.show(last, away);
    }, () => isEmpty);
    line.ended.then(async (end) => {
      followed = null;
      on.show(null);
      await load();
      if (end.state === "failed" && end.error) on.trouble(new Error(end.error.message));
    }).catch((reason) => {
      followed = null;
      on.show(null);
      on.trouble(reason);
    });
  };
}
