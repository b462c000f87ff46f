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
    networkOf(file).then(
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
