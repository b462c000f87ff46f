// Networks that figures ask: each file is fetched and read once, however often it is shown.

import { servedUrl } from "./dom.js";
import { Network } from "./network.js";

/** @param {string} url */
async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} ${answer.status}`);
  return answer.arrayBuffer();
}

/** @returns {Promise<ArrayBuffer | null>} null where it does not arrive: the engine does without */
const fetchedKernel = () =>
  fetched(new URL("./kernel.wasm", import.meta.url).href).catch(() => null);

/** @type {Promise<ArrayBuffer | null> | null} */
let kernel = null;
/** @type {Map<string, Promise<Network>>} */
const networks = new Map();

/** @param {string} file below static/, as model_file.py writes it */
export function networkOf(file) {
  const known = networks.get(file);
  if (known) return known;
  const coming = read(file);
  coming.catch(() => networks.delete(file)); // the next run may have better luck
  networks.set(file, coming);
  return coming;
}

/** @param {string} file */
async function read(file) {
  kernel ??= fetchedKernel();
  const [buffer, wasm] = await Promise.all([fetched(servedUrl(file)), kernel]);
  const length = new DataView(buffer).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(buffer.slice(4, 4 + length)));
  return new Network(about, buffer.slice(4 + length), wasm);
}
