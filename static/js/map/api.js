/* Asking the server: one place for addresses with parameters, errors in words and the request token. */

import { t } from "../i18n.js";

export class Refused extends Error {
  constructor(message, { status = 0, code = "" } = {}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Add the parameters that have a value to an address. */
export function withParams(url, params) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const text = query.toString();
  if (!text) return url;
  return url + (url.includes("?") ? "&" : "?") + text;
}

/** What a failed answer means, said in words; `answer` null = the server could not be reached. */
export async function refusal(answer) {
  if (!answer) return new Refused(t("服务器无回应。请检查网络后重试。"));
  if (answer.status === 401) return new Refused(t("登录已过期，请重新登录。"), { status: 401 });
  let body = {};
  try {
    body = await answer.json();
  } catch (notJson) {
    body = {};
  }
  const words = {
    403: t("没有查看权限。如需查看请联系管理员。"),
    404: t("没有找到，可能已被移走，或不在您的辖区。"),
    429: t("操作太频繁，请稍候再试。"),
  };
  const message = body.message || words[answer.status] || t("服务器出了问题（%(code)s），请稍后重试。", { code: answer.status });
  return new Refused(message, { status: answer.status, code: body.error || "" });
}

/** Sent with what a page asks by itself: it does not count as use of the session. */
export const UNATTENDED = { "X-Fangtu-Unattended": "1" };

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...options });
  } catch (reason) {
    if (reason.name === "AbortError") throw reason;
    throw await refusal(null);
  }
  if (answer.redirected && new URL(answer.url).pathname.startsWith("/sign-in")) {
    throw new Refused(t("登录已过期，请重新登录。"), { status: 401 });
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

export async function getJson(url, signal = undefined, { headers = {}, ...more } = {}) {
  return (await ask(url, { signal, headers: { Accept: "application/json", ...headers }, ...more })).json();
}

export async function getBytes(url, signal = undefined, headers = {}) {
  const answer = await ask(url, { signal, headers });
  return answer.status === 204 ? new ArrayBuffer(0) : answer.arrayBuffer();
}

/** Proof that a request comes from this page. */
export function formToken() {
  return document.querySelector("meta[name=csrf-token]")?.content || "";
}

/** Send JSON by POST, PATCH or DELETE; the answer's JSON, or null if it has no content. */
export async function sendJson(method, url, body = {}) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": formToken() };
  const answer = await ask(url, { method, headers, body: JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
}

export async function postJson(url, body) {
  return sendJson("POST", url, body);
}
