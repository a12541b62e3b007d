/*
 * While the app is open, its worker holds the opened key in memory, so that a page that dies in the camera comes back without
 * the PIN. The key cannot be read out, is written nowhere, and goes when the browser ends the worker.
 */

const WAIT_MS = 800;

function worker() {
  return navigator.serviceWorker?.controller || null;
}

/** Hand the key over; nothing happens where there is no worker. */
export function keepKey(account, key) {
  try {
    worker()?.postMessage({ act: "keep", account, key });
  } catch (refused) {
    forgetKey(); // a browser that hands no keys on: the PIN is asked for each time
  }
}

export function forgetKey() {
  worker()?.postMessage({ act: "forget" });
}

/** The key of an account if the worker still has it, else null. */
export function askKey(account) {
  const held = worker();
  if (!held) return Promise.resolve(null);
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const timer = setTimeout(() => resolve(null), WAIT_MS);
    port1.onmessage = ({ data }) => {
      clearTimeout(timer);
      resolve(data.key || null);
    };
    held.postMessage({ act: "ask", account }, [port2]);
  });
}
