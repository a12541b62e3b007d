/*
 * A phone's browser: its disk, its clock, its cookie, its worker, and pages that each load the field app's own modules anew
 * and can die at any moment. Time is the game's; the network is what the game makes of it.
 */

import { createCipheriv, createDecipheriv, createHash, KeyObject, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";

import { CLASSES, Disk, knowRealm } from "./disk.mjs";
import { createDocument } from "./elements.mjs";

const SHARED = { ...CLASSES, ArrayBuffer, Blob, DataView, DOMException, Response, TextDecoder, TextEncoder, Uint32Array, Uint8Array, URLSearchParams, atob, btoa, console, structuredClone };
const NEVER = new Promise(() => {});
const SMALL_BYTES = 64 * 1024;
const SMALL_MS = 5000; // Chromium writes its small store that much later
// So short a wait nobody notices: it passes by itself, while what the page does goes on.
const MOMENT_MS = 300;
const TURN_MS = 2; // so much of it for each turn in which other things happen
const sources = new Map();
// The page's clock is the phone's, and chance is the game's.
const CLOCK = new vm.Script(`{
  const { clock, chance } = played;
  const True = Date;
  globalThis.Date = class Date extends True {
    constructor(...words) { if (words.length) super(...words); else super(clock()); }
    static now() { return clock(); }
  };
  Math.random = chance;
  delete globalThis.played;
}`);

function sourceOf(file, version) {
  const name = `${version} ${file}`;
  if (!sources.has(name)) {
    let text = readFileSync(file, "utf8");
    // A later version of the app has a later version of its store.
    if (file.endsWith("field/store.js")) text = text.replace(/DATABASE_VERSION = (\d+)/, (_, n) => `DATABASE_VERSION = ${Number(n) + version}`);
    sources.set(name, { text, cachedData: undefined });
  }
  return sources.get(name);
}

/** A phone with its browser; `ask(page, request)` is the way to the server. */
export class Handset {
  constructor({ name, random, world, ask }) {
    Object.assign(this, { name, random, world, ask });
    this.disk = new Disk(random);
    this.skew = 0;
    this.cookie = null;
    this.version = 0;
    this.worker = null; // the key the worker holds: {account, key}
    this.onGone = () => {};
    this.locks = new Map();
    this.pages = [];
  }

  now() {
    return this.world.now() + this.skew;
  }

  /** What its pages are in the middle of. */
  waits() {
    const locks = [...this.locks.keys()].map((name) => `lock ${name}`);
    const timers = this.pages.flatMap((page) => [...page.timers.values()].map(({ at }) => `timer in ${at - this.world.now()} ms`));
    return [...locks, ...this.disk.waits(), ...timers].map((what) => `${this.name}: ${what}`);
  }

  /** Open a page of the app; its modules are loaded as the installed version has them. */
  async open(folder, names) {
    const page = new Page(this);
    this.pages.push(page);
    await page.load(folder, names);
    return page;
  }

  /** The browser is killed: pages, the worker, and what the disk had not written yet. */
  kill() {
    for (const page of [...this.pages]) page.kill();
    this.worker = null;
    const apart = this.apart();
    this.disk.crash();
    for (const id of apart) if (!this.apart().includes(id)) this.onGone(id);
  }

  /** So much time has passed: the small store is written, if the disk can be. */
  settle(ms) {
    if (ms >= SMALL_MS && !this.disk.isFull()) this.disk.settle();
  }

  /** Ids of what lies in the small store alone. */
  apart() {
    return [...this.disk.small.keys()].filter((name) => name.startsWith("fangtu.rescue.")).map((name) => name.split(".").at(-1));
  }
}

/** One life of a page. */
class Page {
  constructor(handset) {
    this.handset = handset;
    this.disk = handset.disk;
    this.isDead = false;
    this.timers = new Map();
    this.born = handset.world.now();
    this.crash = null; // {after: commits, how: "before" | "after", all: the browser with it}
    this.downloads = [];
    this.busy = null; // the pass of sending that the app has begun, by itself too
    this.death = new Promise((resolve) => {
      this.tellDeath = resolve;
    });
  }

  /** What is awaited of the outside never comes once the page is dead. */
  hold(promise) {
    return new Promise((resolve, reject) => {
      promise.then((value) => this.isDead || resolve(value), (reason) => this.isDead || reject(reason));
    });
  }

  crashesAtCommit() {
    if (!this.crash) return null;
    this.crash.after -= 1;
    return this.crash.after < 0 ? this.crash.how : null;
  }

  kill() {
    if (this.isDead) return;
    this.isDead = true;
    this.timers.clear();
    this.disk.dropPage(this);
    for (const [name, owner] of this.handset.locks) if (owner === this) this.handset.locks.delete(name);
    this.handset.pages = this.handset.pages.filter((one) => one !== this);
    this.tellDeath();
  }

  /** As the crash says that was ordered. */
  die() {
    if (this.crash.all) this.handset.kill();
    else this.kill();
  }

  /** Do `work` as this page; undefined if the page dies over it. */
  live(work) {
    return Promise.race([Promise.resolve().then(() => (this.isDead ? undefined : work())), this.death]);
  }

  /** Timers that are due; none of them is waited for. */
  ring() {
    const now = this.handset.world.now();
    for (const [id, { at }] of [...this.timers]) if (at <= now) this.ringOne(id);
  }

  ringOne(id) {
    const timer = this.timers.get(id);
    if (!timer || this.isDead) return;
    this.timers.delete(id);
    this.handset.world.reach(timer.at);
    timer.act();
  }

  globals() {
    const page = this;
    const { handset, disk } = this;
    const { world } = handset;
    let number = 0;
    const setTimeout = (act, wait = 0) => {
      number += 1;
      const id = number; // others are set before its turn comes
      page.timers.set(id, { at: world.now() + wait, act });
      if (wait <= MOMENT_MS) soon(Math.ceil(wait / TURN_MS), () => page.ringOne(id));
      return id;
    };
    const clearTimeout = (id) => page.timers.delete(id);
    return {
      ...SHARED,
      document: createDocument(),
      indexedDB: disk.forPage(page),
      crypto: cryptoOf(page),
      localStorage: smallStoreOf(disk),
      caches: cachesOf(disk),
      navigator: {
        userAgent: "Mozilla/5.0 (Linux; Android 14; Played)",
        platform: "Linux",
        serviceWorker: { addEventListener() {} },
        storage: { persisted: async () => true, persist: async () => true },
        locks: {
          request: async (name, _options, work) => {
            if (page.isDead) return page.hold(NEVER);
            if (handset.locks.has(name)) return work(null);
            handset.locks.set(name, page);
            try {
              return await page.hold(Promise.resolve(work({ name })));
            } finally {
              if (handset.locks.get(name) === page) handset.locks.delete(name);
            }
          },
        },
      },
      performance: { now: () => world.now() - page.born },
      matchMedia: () => ({ matches: true, addEventListener() {} }),
      getComputedStyle: () => ({ getPropertyValue: () => "" }),
      MutationObserver: class {
        observe() {}
      },
      devicePixelRatio: 1,
      addEventListener() {},
      setTimeout,
      clearTimeout,
      setInterval: () => 0,
      requestAnimationFrame: () => 0,
      URL: { createObjectURL: (blob) => page.downloads.push(blob), revokeObjectURL() {} },
      XMLHttpRequest: class extends Request {
        constructor() {
          super(page);
        }
      },
      played: { clock: () => handset.now(), chance: handset.random },
    };
  }

  async load(folder, names) {
    const context = vm.createContext(this.globals());
    vm.runInContext("globalThis.window = globalThis", context);
    CLOCK.runInContext(context);
    knowRealm(vm.runInContext("Function.prototype", context), this);
    const modules = new Map();
    const find = (file) => {
      if (!modules.has(file)) {
        const source = sourceOf(file, this.handset.version);
        const made = new vm.SourceTextModule(source.text, { context, identifier: file, cachedData: source.cachedData });
        source.cachedData ??= made.createCachedData();
        modules.set(file, made);
      }
      return modules.get(file);
    };
    const root = new vm.SourceTextModule(names.map((name) => `export * as ${name} from "./${name}.js";`).join("\n"), { context, identifier: path.join(folder, "played.js") });
    await root.link((specifier, from) => find(path.resolve(path.dirname(from.identifier), specifier)));
    await root.evaluate();
    this.app = root.namespace;
    this.document = context.document;
    this.window = context;
  }
}

function soon(turns, act) {
  setImmediate(() => (turns > 1 ? soon(turns - 1, act) : act()));
}

const TAG_BYTES = 16;

/*
 * What a game asks of WebCrypto thousands of times, done at once: by its own way each of them costs a turn of a pool of threads,
 * a tenth of a game. The answer comes as late as that one's, after any transaction that waits for nothing else.
 */
const AT_ONCE = {
  digest: (_name, bytes) => createHash("sha256").update(bytesOf(bytes)).digest(),
  encrypt: ({ iv, additionalData }, key, bytes) => {
    const cipher = createCipheriv("aes-256-gcm", KeyObject.from(key), bytesOf(iv)).setAAD(bytesOf(additionalData));
    return Buffer.concat([cipher.update(bytesOf(bytes)), cipher.final(), cipher.getAuthTag()]);
  },
  decrypt: ({ iv, additionalData }, key, bytes) => {
    const all = bytesOf(bytes);
    const cipher = createDecipheriv("aes-256-gcm", KeyObject.from(key), bytesOf(iv)).setAAD(bytesOf(additionalData));
    cipher.setAuthTag(all.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([cipher.update(all.subarray(0, -TAG_BYTES)), cipher.final()]);
    } catch (reason) {
      throw new DOMException("", "OperationError");
    }
  },
};

function bytesOf(value) {
  return ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value);
}

function atOnce(work, words) {
  return new Promise((resolve, reject) => {
    soon(2, () => {
      try {
        resolve(new Uint8Array(work(...words)).buffer);
      } catch (reason) {
        reject(reason);
      }
    });
  });
}

function cryptoOf(page) {
  const subtle = new Proxy(webcrypto.subtle, {
    get: (target, name) => (...words) => {
      if (AT_ONCE[name]) return page.hold(atOnce(AT_ONCE[name], words));
      // A PIN is stretched for a fifth of a second, a thousand times a minute here.
      const [algorithm, ...rest] = words;
      const told = name === "deriveKey" ? [{ ...algorithm, iterations: 1 }, ...rest] : words;
      return page.hold(target[name](...told));
    },
  });
  return { subtle, randomUUID: () => webcrypto.randomUUID(), getRandomValues: (bytes) => webcrypto.getRandomValues(bytes) };
}

function smallStoreOf(disk) {
  return {
    get length() {
      return disk.small.size;
    },
    key: (n) => [...disk.small.keys()][n] ?? null,
    getItem: (name) => disk.small.get(name) ?? null,
    setItem: (name, value) => {
      const held = [...disk.small.values()].reduce((sum, one) => sum + one.length, 0);
      if (held + value.length > SMALL_BYTES) throw new DOMException("", "QuotaExceededError");
      disk.small.set(name, value);
    },
    removeItem: (name) => disk.small.delete(name),
  };
}

function cachesOf(disk) {
  return {
    keys: async () => [...disk.caches],
    has: async (name) => disk.caches.has(name),
    delete: async (name) => {
      // What lay there is room again, for some writes.
      if (disk.caches.delete(name) && disk.isFull()) disk.room = 1 + Math.floor(disk.random() * 4);
      return true;
    },
  };
}

/** What the field app uses of XMLHttpRequest. */
class Request {
  constructor(page) {
    this.page = page;
    this.headers = {};
    this.upload = {};
    this.status = 0;
    this.responseText = "";
    this.answered = {};
  }

  open(method, address) {
    this.method = method;
    this.address = address;
  }

  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  getResponseHeader(name) {
    return this.answered[name.toLowerCase()] ?? null;
  }

  abort() {
    this.tell("onabort");
  }

  tell(what, ...words) {
    if (!this.page.isDead) this[what]?.(...words);
  }

  send(body) {
    const bytes = body === null || body === undefined ? Buffer.alloc(0) : Buffer.from(body);
    const { page, method, address, headers } = this;
    page.handset.ask(page, { method, address, headers, bytes }).then(
      ({ status, text, headers: answered = {} }) => {
        Object.assign(this, { status, responseText: text, answered });
        if (bytes.length) this.upload.onprogress?.({ loaded: bytes.length, total: bytes.length });
        this.tell("onload");
      },
      (reason) => this.tell(reason.message === "stalled" ? "onabort" : "onerror"),
    );
  }
}
