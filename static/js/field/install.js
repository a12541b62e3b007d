/* The worker and its updates. A new version waits until somebody agrees, and never while a visit is being written down. */

const ASK_EVERY_MS = 30 * 60 * 1000;
const SHELLS = "fangtu-shell-";

/**
 * Register the worker. `onWaiting(update)` is called when a new version is ready; `update()` changes over to it.
 */
export async function register(onWaiting) {
  if (!navigator.serviceWorker) return;
  let registration;
  try {
    registration = await navigator.serviceWorker.register("/field/sw.js", { scope: "/field/" });
  } catch (refused) {
    return; // a web view, or a certificate it does not trust: the app works on, with the network
  }
  if (!registration) return;
  let agreed = false;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!agreed) return;
    agreed = false;
    window.location.reload();
  });
  const ready = (worker) => onWaiting(() => {
    agreed = true;
    worker.postMessage({ act: "update" });
  });
  const { controller } = navigator.serviceWorker;
  if (registration.waiting && controller) ready(registration.waiting);
  const follow = (coming) => coming?.addEventListener("statechange", () => {
    if (coming.state === "installed" && navigator.serviceWorker.controller) ready(coming);
  });
  // It may have been found before anybody listened.
  follow(registration.installing);
  registration.addEventListener("updatefound", () => follow(registration.installing));
  let asked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || Date.now() - asked < ASK_EVERY_MS) return;
    asked = Date.now();
    // Never waited for: it has been seen not to come back.
    registration.update().catch(() => {});
  });
}

/** The office says the kept app must go: files and worker are removed, what was written down stays. */
export async function removeShell() {
  const registration = await navigator.serviceWorker?.getRegistration("/field/");
  for (const name of await caches.keys()) if (name.startsWith(SHELLS)) await caches.delete(name);
  await registration?.unregister();
}

let prompt = null;
window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  prompt = event;
});

export function isInstalled() {
  return window.matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
}

/** Offer to put the app on the home screen; false where the browser wants it done by hand. */
export async function install() {
  if (!prompt) return false;
  await prompt.prompt();
  prompt = null;
  return true;
}
