// The phone page: follows a room step by step, or leads through a lecture by itself where there is no
// server; a picture to drag, a guess to make, and the answer.

import { element, fill, put } from "../browser/dom.js";
import { keepLanguage, languageOf } from "../browser/language.js";
import { Bars, sharesOf } from "./bars.js";
import { Events } from "./events.js";
import { Live } from "./live.js";

/** @import { Given } from "./scene.js" */

/** @typedef {Record<string, string>} Said a text by language */

/**
 * A step as class_step.py describes it.
 * @typedef {object} Step
 * @property {Said} lesson
 * @property {number} at
 * @property {number} count
 * @property {Said} title
 * @property {Said} text
 * @property {Said | null} try
 * @property {Said | null} question
 * @property {Said | null} answer
 * @property {Said[] | null} choices
 * @property {number} vote how many choices
 * @property {number | null} right
 * @property {Given | null} stage
 * @property {Said | null} [link] without a room: the page that has the figure, if there is no stage
 */

/**
 * What a room tells: where it is.
 * @typedef {object} Told
 * @property {number} at
 * @property {string} question by which its votes are known
 * @property {boolean} answered
 * @property {Step | null} step
 * @property {number[]} [tally]
 */

/**
 * What the page is given.
 * @typedef {object} Page
 * @property {string} room empty: none yet
 * @property {number} status of this page: 200, 404 without such a room, 429 after too many codes
 * @property {Record<string, Record<string, string>>} words by language
 * @property {string} models where the networks' files lie
 * @property {string} [lesson] a file with all steps, where there is no server
 * @property {string} [home] a link back
 */

/** @typedef {{ at: number, choice: number, sent: boolean, late: boolean }} Vote */

const given = /** @type {Page} */ (
  JSON.parse(document.getElementById("given")?.textContent ?? "{}")
);
const LANGUAGES = Object.keys(given.words);
const NAMES = /** @type {Said} */ ({ en: "English", zh: "中文" });

class Phone {
  constructor() {
    this.language = languageOf(LANGUAGES, !!given.home); // of a class nothing is kept
    this.client = clientNumber();
    /** @type {Told | null} what the room said last */
    this.told = null;
    /** @type {Told | null} what is shown: the same, or where one has stayed */
    this.shown = null;
    this.own = false; // on one's own
    /** @type {Map<string, Vote>} by question */
    this.votes = new Map();
    this.status = 200; // HTTP's, of the events; 0 without a connection
    this.over = false;
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {Step[] | null} all of a lecture, where there is no room */
    this.steps = null;
    /** @type {Events | null} */
    this.events = null;
    const root = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const color = (name) => root.getPropertyValue(`--${name}`).trim();
    const [input, grid, up, quiet] = ["input", "grid", "up", "quiet"].map(color);
    this.live = new Live(given.models, { input, grid, up, quiet }, () => this.wander());
    this.result = new Bars();
    this.place = element("span", "place");
    this.mode = element("span", "mode");
    this.switch = element("button", "language", { type: "button" });
    this.note = element("p", "note", { role: "status" });
    this.count = element("p", "count");
    this.title = element("h1");
    this.text = element("p", "text");
    this.elsewhere = element("p", "elsewhere");
    this.question = element("h2", "question");
    this.choices = element("div", "choices", { role: "group" });
    this.counted = element("p", "counted", { role: "status" });
    this.answer = element("div", "told");
    this.back = element("button", "", { type: "button" });
    this.next = element("button", "", { type: "button" });
    this.foot = element("footer", "foot", {}, this.back, this.next);
    const head = element("header", "", {}, this.place, this.mode, this.switch);
    const said = element("section", "said", {}, this.count, this.title, this.text);
    const ask = element("section", "ask", {}, this.question, this.choices, this.counted);
    const right = element("section", "result", {}, this.answer, this.result.root);
    const seen = [this.live.hand, this.elsewhere];
    const parts = [head, this.note, said, ...seen, ask, right, this.live.mind];
    this.lesson = element("div", "lesson", {}, ...parts, this.foot);
    this.switch.onclick = () => this.speak();
    if (given.home) head.prepend(element("a", "home", { href: given.home }, "‹"));
  }

  begin() {
    const main = document.querySelector("main");
    if (given.lesson) {
      main?.append(this.lesson);
      this.read(given.lesson);
    } else if (given.room) {
      main?.append(this.lesson);
      this.follow(given.room);
    } else main?.append(this.form(given.status));
    this.build();
  }

  /** Another language. */
  speak() {
    const at = LANGUAGES.indexOf(this.language);
    this.language = LANGUAGES[(at + 1) % LANGUAGES.length];
    if (given.home) keepLanguage(this.language);
    this.build();
    if (this.shown) this.live.show(this.shown.step?.stage ?? null, this.words);
    this.draw();
  }

  get words() {
    return given.words[this.language];
  }

  /** @param {Said | null | undefined} text */
  say(text) {
    return text?.[this.language] || text?.en || Object.values(text ?? {})[0] || "";
  }

  build() {
    const next = LANGUAGES[(LANGUAGES.indexOf(this.language) + 1) % LANGUAGES.length];
    document.documentElement.lang = this.language;
    document.title = this.words.title;
    put(this.switch, NAMES[next] ?? next);
    this.switch.lang = next;
    this.draw();
  }

  // ---- a room

  /**
   * Where a code is typed in.
   * @param {number} status
   */
  form(status) {
    const { words } = this;
    const found = status === 200;
    const attributes = { maxlength: 4, size: 4, autocomplete: "off", autocapitalize: "characters" };
    const input = element("input", "code", { ...attributes, spellcheck: "false", id: "code" });
    const button = element("button", "main", {}, words.enter);
    const label = element("label", "", { for: "code" }, words.code);
    const note = element("p", "note", { role: "status" }, this.problem(status));
    const title = element("h1", "", {}, words.join);
    const form = element("form", "join", {}, title, label, input, button, note);
    note.hidden = found;
    form.onsubmit = (event) => {
      event.preventDefault();
      const code = input.value.trim().toUpperCase();
      const place = `${found ? "class/" : ""}${code}${location.search}`;
      if (/^[A-Z]{4}$/.test(code)) location.href = place;
      else input.focus();
    };
    const again = () => {
      if (!input.value) location.reload(); // nobody types
    };
    if (status === 404) setInterval(again, 5000 + 5000 * Math.random());
    return form;
  }

  /** @param {string} room */
  follow(room) {
    this.events = new Events(`${room}/events`, {
      event: (kind, data) => {
        if (kind === "state") this.hear(data);
        if (kind === "closed") this.end();
      },
      status: (status) => {
        this.status = status;
        this.draw();
      },
    });
  }

  /**
   * What is wrong, by HTTP's status; nothing at 200.
   * @param {number} status
   */
  problem(status) {
    const { words } = this;
    /** @type {Record<number, string>} */
    const named = { 200: "", 404: words.no_room, 429: words.too_often, 503: words.full };
    return named[status] ?? words.lost;
  }

  end() {
    this.events?.end();
    this.over = true;
    this.draw();
  }

  /** @param {Told} told */
  hear(told) {
    const { shown } = this;
    const known = shown?.question === told.question ? shown.step : null;
    if (!told.step && known) told.step = known; // a server that was restarted does not know it yet
    this.told = told;
    const vote = this.votes.get(told.question);
    if (vote && !told.answered) {
      vote.sent = false; // whoever tells now may not know it
      this.send(told.question);
    }
    if (!this.own || this.shown?.question === told.question) this.show(told);
    else this.draw();
  }

  /** @param {Told} told */
  show(told) {
    const before = this.shown;
    const same = before?.question === told.question && !!before.step === !!told.step;
    this.shown = told;
    if (!same) {
      this.live.show(told.step?.stage ?? null, this.words);
      scrollTo(0, 0);
    }
    this.draw();
  }

  /** The hand has changed the picture. */
  wander() {
    if (this.own || this.steps) return;
    this.own = true;
    this.draw();
  }

  /** Back to the lecture. */
  rejoin() {
    this.own = false;
    if (!this.told) return;
    this.live.show(this.told.step?.stage ?? null, this.words);
    this.shown = this.told;
    this.draw();
    scrollTo(0, 0);
  }

  // ---- a lecture without a room

  /** @param {string} file */
  async read(file) {
    const answer = await fetch(file);
    this.steps = await answer.json();
    const leaf = () => this.leaf(Number(/^#(\d+)$/.exec(location.hash)?.[1] ?? 1));
    addEventListener("hashchange", leaf);
    leaf();
  }

  /** @param {number} at */
  leaf(at) {
    const steps = this.steps ?? [];
    const step = steps[Math.min(Math.max(at, 1), steps.length) - 1];
    this.show({ at: step.at, question: String(step.at), answered: false, step });
  }

  // ---- votes

  /** @param {number} choice */
  choose(choice) {
    const { shown } = this;
    if (!shown) return;
    const vote = { at: shown.at, choice, sent: false, late: false };
    this.votes.set(shown.question, vote);
    if (this.steps) this.show({ ...shown, answered: true });
    else this.send(shown.question);
    this.draw();
  }

  /** @param {string} question */
  async send(question) {
    const vote = this.votes.get(question);
    if (!vote || this.told?.question !== question) return;
    clearTimeout(this.timer);
    const { at, choice } = vote;
    const body = JSON.stringify({ client: this.client, step: at, choice });
    const headers = { "Content-Type": "application/json" };
    let status = 0;
    try {
      status = (await fetch(`${given.room}/vote`, { method: "POST", headers, body })).status;
    } catch {
      // no connection: again, later
    }
    if (vote !== this.votes.get(question)) return; // it was changed meanwhile
    vote.sent = status === 204;
    vote.late = status === 409;
    if (status === 0 || status === 429 || status >= 500) {
      this.timer = setTimeout(() => this.send(question), 1000 + 1500 * Math.random());
    }
    this.draw();
  }

  // ---- what is seen

  draw() {
    const { words, shown, told, own, over, steps } = this;
    const step = shown?.step ?? null;
    put(this.place, given.room ? fill(words.room, { code: given.room }) : this.say(step?.lesson));
    put(this.mode, steps || !step || over ? "" : own ? words.own : words.following);
    this.mode.classList.toggle("own", own);
    const problem = this.problem(this.status);
    put(this.note, over ? words.over : problem || (shown && !step ? words.welcome : ""));
    this.note.hidden = !this.note.textContent;
    put(this.count, step ? fill(words.step, { at: step.at, count: step.count }) : "");
    put(this.title, this.say(step?.title));
    put(this.text, this.say(step?.text));
    this.drawElsewhere(step);
    this.drawQuestion(shown, step);
    this.drawResult(shown, step);
    this.drawFoot(told, shown);
  }

  /**
   * Where the step's figure is, if not here.
   * @param {Step | null} step
   */
  drawElsewhere(step) {
    const { words, steps, elsewhere } = this;
    elsewhere.hidden = !step || !!step.stage;
    if (!steps) put(elsewhere, words.on_screen);
    else if (!step?.link) put(elsewhere, words.in_app);
    else elsewhere.replaceChildren(element("a", "", { href: this.say(step.link) }, words.on_page));
  }

  /**
   * @param {Told | null} shown
   * @param {Step | null} step
   */
  drawQuestion(shown, step) {
    const { words, over, told, steps } = this;
    const vote = shown ? this.votes.get(shown.question) : undefined;
    const asked = !!step?.vote;
    const open =
      asked && !over && !shown?.answered && (!!steps || told?.question === shown?.question);
    const question = step?.choices || !step?.vote ? this.say(step?.question) : words.which_digit;
    put(this.question, question);
    this.question.hidden = !question;
    const labels = step && asked ? this.labels(step) : [];
    if (this.choices.dataset.labels !== JSON.stringify(labels)) {
      this.choices.dataset.labels = JSON.stringify(labels);
      const buttons = labels.map((label, i) => {
        const button = element("button", "", { type: "button" }, label);
        button.onclick = () => this.choose(i);
        return button;
      });
      this.choices.replaceChildren(...buttons);
    }
    this.choices.setAttribute("aria-label", words.vote);
    this.choices.classList.toggle("digits", !step?.choices);
    this.choices.hidden = !open;
    [...this.choices.children].forEach((button, i) =>
      button.setAttribute("aria-pressed", String(i === vote?.choice)),
    );
    const state = vote?.late ? words.too_late : vote?.sent ? words.voted : words.sending;
    const lost = vote && !vote.sent && !vote.late && this.status !== 200;
    put(this.counted, !vote || shown?.answered || steps ? "" : lost ? words.unsent : state);
    this.live.letSpeak(!open || !!step?.choices || !!vote);
  }

  /** @param {Step} step */
  labels(step) {
    if (step.choices) return step.choices.map((choice) => this.say(choice));
    return Array.from({ length: step.vote }, (_, i) => String(i));
  }

  /**
   * @param {Told | null} shown
   * @param {Step | null} step
   */
  drawResult(shown, step) {
    const { words, steps } = this;
    const tally = shown?.tally;
    const vote = shown ? this.votes.get(shown.question) : undefined;
    const answered = !!shown?.answered && !!step;
    this.result.root.hidden = !answered || !step.vote || !tally;
    const more = [];
    if (answered && step.vote && step.right !== null) {
      more.push(element("p", "rightly", {}, `✓ ${this.labels(step)[step.right]}`));
    }
    if (answered && vote && !step.choices) {
      more.push(element("p", "", {}, `● ${words.yours}: ${vote.choice}`)); // texts are marked below
    }
    if (answered && step.vote && tally) {
      const said = tally.map((count) => (count ? String(count) : ""));
      const shares = sharesOf(tally);
      const series = [{ name: words.class_says, look: "class", shares, said }];
      const mine = vote ? vote.choice : null;
      const labels = this.labels(step);
      this.result.show({ labels, series, right: step.right, mine, words });
    }
    if (answered && step.answer) {
      if (!step.choices && step.vote && step.question) {
        // the vote was on the digit, the lecture's own question comes after it
        more.push(element("h2", "question", {}, this.say(step.question)));
      }
      const head = element("b", "", {}, words.answer);
      more.push(element("p", "", {}, head, ` ${this.say(step.answer)}`));
    }
    if (!answered && steps && step?.question && !step.vote) {
      const button = element("button", "main", { type: "button" }, words.show_answer);
      button.onclick = () => shown && this.show({ ...shown, answered: true });
      more.push(button);
    }
    this.answer.replaceChildren(...more);
    this.answer.hidden = !more.length;
  }

  /**
   * @param {Told | null} told
   * @param {Told | null} shown
   */
  drawFoot(told, shown) {
    const { words, steps, own, over } = this;
    this.foot.hidden = !steps && (!own || over);
    this.back.hidden = !steps;
    if (steps && shown) {
      put(this.back, words.back);
      put(this.next, words.next);
      this.back.disabled = shown.at <= 1;
      this.next.disabled = shown.at >= steps.length;
      this.back.onclick = () => (location.hash = String(shown.at - 1));
      this.next.onclick = () => (location.hash = String(shown.at + 1));
      return;
    }
    const moved = told?.step && told.question !== shown?.question;
    put(this.next, moved ? fill(words.follow_step, { at: told.at }) : words.follow);
    this.next.onclick = () => this.rejoin();
  }
}

/** A random number that a phone keeps in this page, so that a reload does not count twice. */
function clientNumber() {
  const key = `class ${given.room}`;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const fresh = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    const kept = sessionStorage.getItem(key) ?? fresh;
    if (given.room) sessionStorage.setItem(key, kept);
    return kept;
  } catch {
    return fresh;
  }
}

new Phone().begin();
