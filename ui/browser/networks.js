// Networks that figures and phones ask: each file is fetched and read once, however often it is
// shown.

import { servedUrl } from "./dom.js";
import { Network } from "./network.js";

/** @param {string} url */
async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} ${answer.status}`);
  return answer.arrayBuffer();
}

/** @type {Promise<ArrayBuffer> | null} */
let kernel = null;

/** @returns {Promise<ArrayBuffer | null>} null where none can be had: the engine does without */
async function fetchedKernel() {
  kernel ??= fetched(new URL("./kernel.wasm", import.meta.url).href);
  try {
    const bytes = await kernel;
    return globalThis.WebAssembly?.validate(bytes) ? bytes : null;
  } catch {
    kernel = null; // the next one may have better luck
    return null;
  }
}

/** @type {Map<string, Promise<Network>>} */
const networks = new Map();

/** @param {string} url of a file as model_file.py writes it */
export function networkAt(url) {
  const known = networks.get(url);
  if (known) return known;
  const coming = read(url);
  coming.catch(() => networks.delete(url));
  networks.set(url, coming);
  return coming;
}

/** @param {string} url */
async function read(url) {
  const [buffer, wasm] = await Promise.all([fetched(url), fetchedKernel()]);
  const length = new DataView(buffer).getUint32(0, true);
  const about = JSON.parse(new TextDecoder().decode(buffer.slice(4, 4 + length)));
  return new Network(about, buffer.slice(4 + length), wasm);
}

/** The network that a figure is of, and whether its file could not be fetched. */
export class Fetched {
  /** @param {() => void} changed it has arrived, or will not */
  constructor(changed) {
    this.changed = changed;
    this.file = "";
    this.failed = false;
    /** @type {Network | null} */
    this.network = null;
  }

  /**
   * The network of a file, unless it is here or on its way.
   * @param {string} file
   */
  fetch(file) {
    if (file === this.file && !this.failed) return;
    this.file = file;
    this.failed = false;
    this.network = null;
    networkAt(servedUrl(file)).then(
      (network) => this.took(file, network),
      () => this.took(file, null),
    );
  }

  /**
   * @param {string} file
   * @param {Network | null} network null where none came
   */
  took(file, network) {
    if (file !== this.file) return; // another is wanted by now
    this.failed = !network;
    this.network = network;
    this.changed();
  }
}
