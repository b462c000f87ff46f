// Keeps the site: what every visit needs at once, the rest as it is used; so it works offline.

const VERSION = "{version}";
const FIRST = /** @type {string[]} */ (/** @type {unknown} */ ("{files}"));
const worker = /** @type {any} */ (self);

worker.addEventListener("install", (/** @type {any} */ event) => {
  const all = caches.open(VERSION).then((cache) => cache.addAll(FIRST));
  event.waitUntil(all.then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  const old = caches.keys().then((names) => {
    const own = names.filter((name) => name !== VERSION && /^[0-9a-f]{16}$/.test(name));
    return Promise.all(own.map((name) => caches.delete(name)));
  });
  event.waitUntil(old.then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const below = request.url.startsWith(worker.registration.scope);
  if (request.method !== "GET" || !below) return;
  event.respondWith(answer(request));
});

/** @param {Request} request */
async function answer(request) {
  const cache = await caches.open(VERSION);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) await cache.put(request, fresh.clone());
  return fresh;
}
