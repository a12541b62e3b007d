/*
 * The worker of the field app. The server puts `SHELL` ({version, page, files}) before this text. It keeps the app's own files
 * for use without a network and nothing of any person; what is asked of /api/ never passes through it.
 */

const CACHE = `fangtu-shell-${SHELL.version}`;
const OURS = new Set(SHELL.files);
const held = { account: null, key: null };

// All of them or none: with one file missing the version before stays.
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL.files.map((file) => new Request(file, { cache: "reload" })))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("fangtu-shell-") && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && url.pathname === "/field/") event.respondWith(kept(SHELL.page, request));
  else if (OURS.has(url.pathname)) event.respondWith(kept(url.pathname, request));
});

async function kept(path, request) {
  const found = await (await caches.open(CACHE)).match(path);
  return found || fetch(request);
}

self.addEventListener("message", ({ data, ports }) => {
  if (data.act === "update") self.skipWaiting();
  else if (data.act === "keep") Object.assign(held, { account: data.account, key: data.key });
  else if (data.act === "forget") Object.assign(held, { account: null, key: null });
  else if (data.act === "ask") ports[0].postMessage({ key: held.account === data.account ? held.key : null });
});
