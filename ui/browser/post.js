// Numbered messages to Python. Streamlit drops what is sent while the server is away, and some of what
// comes while a run ends; a server that has been started again knows nothing of what was sent before.
// What Python has not heard is said again.

const STATE = { server: "data-test-connection-state", run: "data-test-script-state" }; // of Streamlit's page

const PATIENCE = 700; // ms until a message that no run has answered is said again

const app = () => document.querySelector(`[${STATE.server}]`);

/** Whether the server is there; always where a page has none. */
const there = () => (app()?.getAttribute(STATE.server) ?? "CONNECTED") === "CONNECTED";

/** Whether Python runs the page. */
export const runs = () => app()?.getAttribute(STATE.run) !== "notRunning";

export class Post {
  /**
   * @param {HTMLElement} root
   * @param {(wish: string) => void} again say what holds now, and the wish that was not heard
   */
  constructor(root, again) {
    this.again = again;
    this.last = 0; // message
    this.heard = 0; // the last one that Python answered
    this.missed = ""; // a wish while the server was away
    this.wish = ""; // of the last message
    this.repeated = false; // since the last answer
    this.timer = 0;
    this.root = root;
    /** @type {(said: object) => void} */
    this.send = () => {};
    this.watch(root);
  }

  /** @param {HTMLElement} root */
  watch(root) {
    const page = app();
    if (!page) return;
    let before = there();
    let asked = false;
    const watcher = new MutationObserver(() => {
      const now = there();
      if (now && !before && root.isConnected) {
        asked = true;
        dispatchEvent(new PopStateEvent("popstate")); // for the whole page: a new server knows no fragment
      } else if (now && asked && !runs()) {
        asked = false;
        if (!this.answered) this.repeat();
      }
      before = now;
    });
    watcher.observe(page, { attributeFilter: Object.values(STATE) });
  }

  repeat() {
    const { missed } = this;
    this.missed = "";
    this.again(missed);
  }

  /**
   * At every run of the page that changes anything.
   * @param {number} echo the message that it answers
   * @param {(said: object) => void} send
   */
  receive(echo, send) {
    const another = echo < this.heard; // a new server
    this.heard = echo;
    if (this.answered) this.repeated = false;
    this.send = send;
    if (another) queueMicrotask(() => this.repeat());
  }

  /** Whether Python has answered the last message. */
  get answered() {
    return this.heard >= this.last;
  }

  /** Say once more what has found no run. */
  remind() {
    if (this.answered || this.repeated || !there() || !app() || !this.root.isConnected) return;
    if (runs()) {
      this.wait();
      return;
    }
    this.repeated = true;
    this.again(this.wish);
  }

  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.remind(), PATIENCE);
  }

  /** @param {{ wish: string } & Record<string, unknown>} message */
  say(message) {
    if (!there()) this.missed = message.wish || this.missed;
    this.wish = message.wish;
    this.last = Math.max(Date.now(), this.last + 1);
    this.send({ id: this.last, ...message });
    this.wait();
  }
}
