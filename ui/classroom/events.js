// Server-sent events that come back: after sleep, a lost network, a server that was restarted. With
// fetch in the place of EventSource, which tells neither why there is no stream nor lets a header be
// sent.

const FIRST = 400; // ms until the second attempt; then longer, by half each time
const LONGEST = 3000; // ms
const SECOND = 1000; // ms
const SOON = 15; // attempts
const STALE = 40_000; // ms without a sign of life, which comes every 15 s

/**
 * @typedef {object} Hooks
 * @property {(kind: string, data: any) => void} event
 * @property {(status: number) => void} status HTTP's when a stream has begun (200) or was refused, 0
 *   without a connection
 */

export class Events {
  /**
   * @param {string} url
   * @param {Hooks} hooks
   * @param {Record<string, string>} headers
   */
  constructor(url, hooks, headers = {}) {
    this.url = url;
    this.hooks = hooks;
    this.headers = headers;
    this.ended = false;
    this.open = false;
    this.heard = 0; // when something came last
    this.wait = FIRST;
    this.missed = 0; // how often there was no room
    /** @type {AbortController | null} */
    this.attempt = null;
    /** @type {number | undefined} */
    this.timer = undefined;
    this.wake = () => {
      const stale = performance.now() - this.heard > STALE / 2;
      if (document.visibilityState === "visible" && (!this.open || stale)) this.connect();
    };
    this.lose = () => this.attempt?.abort();
    document.addEventListener("visibilitychange", this.wake);
    addEventListener("online", this.wake);
    addEventListener("pageshow", this.wake);
    addEventListener("offline", this.lose);
    this.watch = setInterval(() => {
      if (this.open && performance.now() - this.heard > STALE) this.connect();
    }, 5000);
    this.connect();
  }

  /** Begin anew, now. */
  connect() {
    if (this.ended) return;
    clearTimeout(this.timer);
    this.attempt?.abort();
    this.open = false;
    const attempt = new AbortController();
    this.attempt = attempt;
    this.read(attempt).then(
      (status) => this.again(attempt, status),
      () => this.again(attempt, 0),
    );
  }

  /**
   * @param {AbortController} attempt
   * @returns {Promise<number>} why it ended
   */
  async read(attempt) {
    const { signal } = attempt;
    const settings = { signal, headers: this.headers, cache: /** @type {const} */ ("no-store") };
    const answer = await fetch(this.url, settings);
    if (!answer.ok || !answer.body) return answer.status;
    this.open = true;
    this.heard = performance.now();
    this.wait = FIRST;
    this.missed = 0;
    this.hooks.status(200);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done || attempt !== this.attempt) return 0;
      this.heard = performance.now();
      const parts = (text + value).split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) this.take(part);
    }
  }

  /** @param {string} part */
  take(part) {
    const found = /^event: (\w+)\ndata: (.*)$/s.exec(part);
    if (found) this.hooks.event(found[1], JSON.parse(found[2]));
  }

  /**
   * @param {AbortController} attempt
   * @param {number} status
   */
  again(attempt, status) {
    if (this.ended || attempt !== this.attempt) return;
    this.open = false;
    this.hooks.status(status);
    // a server that was restarted gets the room back in a moment
    if (status === 404 && ++this.missed < SOON) this.wait = Math.min(this.wait, SECOND);
    const wait = status === 429 ? 60_000 : this.wait * (0.6 + 0.4 * Math.random()); // not all at once
    this.wait = Math.min(1.5 * this.wait, LONGEST);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  end() {
    this.ended = true;
    this.open = false;
    clearTimeout(this.timer);
    clearInterval(this.watch);
    this.attempt?.abort();
    document.removeEventListener("visibilitychange", this.wake);
    removeEventListener("online", this.wake);
    removeEventListener("pageshow", this.wake);
    removeEventListener("offline", this.lose);
  }
}
