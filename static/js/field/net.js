/* One way to ask the server, that gives up only when nothing moves: on a slow line a photo may take minutes. */

const STALL_MS = 20000;

/** No answer, or one that is not the server's. */
export class Unreachable extends Error {
  constructor(why) {
    super(why);
    this.name = "Unreachable";
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (other) {
    return null; // a gateway's page, not ours
  }
}

/**
 * What every request from the field says: from which phone, and whose work it is, since meanwhile, in another tab, somebody else
 * may have signed in.
 */
export function headersOf(device, account) {
  return { "X-Fangtu-Device": device, "X-Fangtu-Account": String(account) };
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [options] `body` (bytes or text), `headers`, `onProgress(sent, all)`
 * @returns {Promise<{status: number, body: any, retryAfter: number|null}>} `body` is null when the answer is not JSON
 */
export function ask(method, path, { body = null, headers = {}, onProgress = null } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer = 0;
    const moving = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALL_MS);
    };
    const fail = (why) => () => {
      clearTimeout(timer);
      reject(new Unreachable(why));
    };
    request.open(method, path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      moving();
      onProgress?.(event.loaded, event.total);
    };
    request.onprogress = moving;
    request.onerror = fail("no connection");
    request.onabort = fail("nothing moved for 20 seconds");
    request.onload = () => {
      clearTimeout(timer);
      const wait = Number(request.getResponseHeader("Retry-After"));
      resolve({ status: request.status, body: parsed(request.responseText), retryAfter: wait > 0 ? wait : null });
    };
    moving();
    request.send(body);
  });
}

/** End the session, as the button of the desk's pages does: their form has the token, which a page kept on the phone has not. */
export async function signOut() {
  const page = await (await fetch("/account", { cache: "no-store" })).text();
  // Who is signed out already gets the sign-in page, which has no such form.
  const token = page.match(/action="\/sign-out">\s*<input type="hidden" name="csrf_token" value="([^"]+)"/)?.[1];
  if (!token) return;
  const answer = await fetch("/sign-out", { method: "POST", body: new URLSearchParams({ csrf_token: token }) });
  if (!answer.ok) throw new Unreachable(`sign-out: ${answer.status}`);
}
