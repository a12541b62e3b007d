/* The line between the phones of a game and the real server, and everything that can happen on it. */

import http from "node:http";

import { Chance } from "./chance.mjs";

const agent = new http.Agent({ keepAlive: true });
const NEVER = new Promise(() => {});
const PAGE = "<!DOCTYPE html><title>欢迎使用免费无线网络</title>";
const FAULTY = 0.3;
const LATE = 0.12;

// What may happen to a request, and how often beside the others. Those with a colon are done by the server's wrapper.
const FAULTS = {
  offline: 3, stalled: 1, "answer lost": 3, portal: 1, "portal with JSON": 1, "gateway 502": 1, "proxy 403": 1, "busy 503": 2, "shed 429": 2,
  "somebody else signs in": 2, "page killed before": 1, "page killed after": 1, "browser killed before": 1, "browser killed after": 1,
  "server:killed_before:1": 3, "server:killed_before:2": 1, "server:killed_after": 2, "server:cut": 2, "server:killed_in_body": 2,
};
// A server dies where it hurts: while it takes something in.
const FAULTS_OF_RECORDS = { ...FAULTS, "server:killed_before:1": 5, "server:killed_before:2": 5, "server:killed_after": 4 };
const ANSWERS = {
  portal: { status: 200, text: PAGE },
  "portal with JSON": { status: 200, text: '{"welcome": true}' },
  "gateway 502": { status: 502, text: PAGE },
  "proxy 403": { status: 403, text: PAGE },
  "busy 503": { status: 503, text: '{"error": "busy", "message": ""}', headers: { "retry-after": "5" } },
  "shed 429": { status: 429, text: '{"error": "too_many_photos", "message": ""}', headers: { "retry-after": "1" } },
};

const PING = "/api/v1/ping";
const isRecord = ({ method, address }) => method === "PUT" && /^\/api\/v1\/(visits|marks)\//.test(address);

export class Line {
  constructor(site, seed) {
    this.site = new URL(site);
    this.chance = new Chance(seed);
    this.isCalm = false;
    this.late = []; // copies of requests that are still under way
    this.underWay = new Set();
    this.waiting = new Map(); // what an answer is awaited for
    this.meanwhile = null; // what is done while a thing is on its way: {id, act}
    this.injected = {};
    this.requests = 0;
  }

  count(kind) {
    this.injected[kind] = (this.injected[kind] || 0) + 1;
  }

  /** One request as it is, past all faults; rejects if no answer comes. */
  pass({ method, address, headers, bytes }) {
    this.requests += 1;
    const going = new Promise((resolve, reject) => {
      const options = { agent, host: this.site.hostname, port: this.site.port, method, path: address, headers: { ...headers, "Content-Length": bytes.length } };
      const request = http.request(options, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString("utf8"), headers: answer.headers }));
        answer.on("error", reject);
      });
      request.on("error", reject);
      request.end(bytes);
    });
    this.underWay.add(going);
    this.waiting.set(going, `${method} ${address}`);
    const through = () => {
      this.underWay.delete(going);
      this.waiting.delete(going);
    };
    going.then(through, through);
    return going;
  }

  /** Everything on the line has come in, that of dead pages too. */
  async clear() {
    while (this.underWay.size) await Promise.allSettled(this.underWay);
  }

  /** What the game's own people do at the office; the answer's body. */
  async order(address, told, headers = {}) {
    const bytes = told instanceof Uint8Array ? Buffer.from(told) : Buffer.from(typeof told === "string" ? told : JSON.stringify(told));
    const { status, text } = await this.pass({ method: "POST", address, headers, bytes });
    if (status >= 400) throw new Error(`${address}: ${status} ${text.slice(0, 200)}`);
    return text.startsWith("{") ? JSON.parse(text) : text;
  }

  /** A request of a phone's page. */
  async ask(page, asked, signOver) {
    const { handset } = page;
    const headers = handset.cookie ? { ...asked.headers, Cookie: `fangtu_session=${handset.cookie}` } : { ...asked.headers };
    const request = { ...asked, headers };
    if (handset.isOffline) throw new Error("offline");
    const fault = !this.isCalm && this.chance.under(FAULTY) ? this.chance.weighed(isRecord(request) ? FAULTS_OF_RECORDS : FAULTS) : null;
    if (fault) this.count(fault);
    if (fault === "somebody else signs in") {
      signOver();
      request.headers.Cookie = `fangtu_session=${handset.cookie}`;
    }
    if (isRecord(request)) await this.goesOut(page, request);
    if (fault === "offline" || fault === "stalled") throw new Error(fault);
    if (ANSWERS[fault]) return ANSWERS[fault];
    const dies = fault?.includes(" killed ") && (fault.startsWith("page") ? page : handset);
    if (dies && fault.endsWith("before")) {
      dies.kill();
      return NEVER;
    }
    if (request.method === "PUT" && !this.isCalm && this.chance.under(LATE)) {
      this.late.push(request);
      this.count("late copy");
    }
    const [, order] = fault?.match(/^server:(.*)/) || [];
    const answer = await this.pass(order ? { ...request, headers: { ...headers, "X-Played": order } } : request);
    if (fault === "answer lost") throw new Error(fault);
    // Who is dead already takes nobody along.
    if (dies && !page.isDead) dies.kill();
    if (dies) return NEVER;
    if (request.address === PING && answer.status === 200) page.signedIn = JSON.parse(answer.text).account?.id ?? null;
    return answer;
  }

  /** A visit, a mark or a photograph leaves the phone: not once its page was told that somebody else is signed in. */
  async goesOut(page, { address }) {
    if (page.account && page.signedIn !== undefined && page.signedIn !== page.account) page.handset.world.problem("work went out although somebody else was known to be signed in");
    const { meanwhile } = this;
    if (!meanwhile || !address.includes(meanwhile.id)) return;
    this.meanwhile = null;
    await meanwhile.act();
  }

  /** A copy that was under way for long arrives after all. */
  async deliverLate() {
    const one = this.late.shift();
    if (one) await this.pass(one);
  }
}

/** End what is still open, so that the process can end. */
export function hangUp() {
  agent.destroy();
}
