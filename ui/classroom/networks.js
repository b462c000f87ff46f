// The networks on a phone: each file is fetched and read once.

import { Network } from "../browser/network.js";

/** @param {string} url */
async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} ${answer.status}`);
  return answer.arrayBuffer();
}

/** @returns {Promise<ArrayBuffer | null>} null where the browser can't run it */
async function fetchedKernel() {
  const bytes = await fetched(new URL("../browser/kernel.wasm", import.meta.url).href);
  return globalThis.WebAssembly?.validate(bytes) ? bytes : null;
}

/** @type {Promise<ArrayBuffer | null> | null} */
let kernel = null;
/** @type {Map<string, Promise<Network>>} */
const networks = new Map();

/** @param {string} url of a file as model_file.py writes it */
export function networkAt(url) {
  const known = networks.get(url);
  if (known) return known;
  const coming = read(url);
  networks.set(url, coming);
  coming.catch(() => {
    networks.delete(url); // the next one may have better luck
    kernel = null;
  });
  return coming;
}

/** @param {string} url */
async function read(url) {
  kernel ??= fetchedKernel();
  const [buffer, wasm] = await Promise.all([fetched(url), kernel]);
  const length = new DataView(buffer).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(buffer.slice(4, 4 + length)));
  return new Network(about, buffer.slice(4 + length), wasm);
}
