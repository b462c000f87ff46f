// The button and its menu. What makes the files (make.js) is fetched when it is first needed.

const make = (element, tag, className, text = "") => {
  const made = Object.assign(document.createElement(tag), { className, textContent: text });
  element.append(made);
  return made;
};

const root = () =>
  document.querySelector('script[src*="static/js/"]').src.replace(/static\/js\/.*$/, "app/static/"); // whatever path the app is served under
const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function themeOf(element) {
  const style = getComputedStyle(element);
  const variable = (name) => style.getPropertyValue(name).trim();
  return {
    text: style.color,
    background: variable("--st-background-color"),
    primary: variable("--st-primary-color"),
    font: style.fontFamily,
  };
}

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(blob),
    download: name,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const sizeOf = ({ size }) =>
  size < 1e6 ? `${Math.ceil(size / 1e3)} kB` : `${(size / 1e6).toFixed(1)} MB`;

// Do something that ends in a file; meanwhile the menu says so, and afterwards whether it worked.
async function work(menu, ending, job) {
  if (menu.busy) return;
  const { words, name } = menu.data;
  const say = (text) => (menu.status.textContent = text);
  menu.busy = true;
  menu.panel.classList.add("busy");
  say(words.working);
  try {
    const maker = await import(`${root()}${menu.data.folder}/make.js`);
    const blob = await job(maker, themeOf(menu.panel), (done, of) =>
      say(fill(words.progress, { done: done + 1, of })),
    );
    save(blob, `${name}.${ending}`);
    say(fill(words.done, { file: `${name}.${ending}`, size: sizeOf(blob) }));
  } catch (error) {
    say(fill(words.failed, { reason: error.message }));
  }
  menu.busy = false;
  menu.panel.classList.remove("busy");
}

function create(parent) {
  const menu = { root: make(parent, "div", "take-home") };
  menu.button = make(menu.root, "button", "take-home-open");
  make(menu.button, "span", "take-home-icon", "⤓").ariaHidden = "true";
  menu.name = make(menu.button, "span", "take-home-name");
  menu.panel = make(menu.root, "div", "take-home-panel");
  menu.panel.popover = "auto";
  menu.button.popoverTargetElement = menu.panel;
  const row = (action) => {
    const line = make(menu.panel, "div", "take-home-row");
    const button = make(line, "button", "take-home-go");
    button.onclick = action;
    return { line, button, text: make(line, "span", "take-home-text") };
  };
  menu.png = row(() => work(menu, "png", (maker, theme) => maker.png(theme)));
  menu.gif = row(() => animate(menu));
  menu.which = make(menu.gif.line, "select", "take-home-which");
  menu.html = row(() =>
    work(menu, "html", (maker, theme) =>
      maker.page({ ...menu.data, script: root() + menu.data.script }, theme),
    ),
  );
  menu.python = row(() =>
    work(menu, "py", async () => new Blob([menu.data.snippet], { type: "text/x-python" })),
  );
  menu.code = make(menu.panel, "pre", "take-home-code");
  menu.code.tabIndex = 0;
  menu.copy = make(menu.panel, "button", "take-home-copy");
  menu.copy.onclick = () =>
    navigator.clipboard.writeText(menu.data.snippet).then(
      () => (menu.status.textContent = menu.data.words.copied),
      () => getSelection().selectAllChildren(menu.code), // where there is no clipboard: at least it is marked
    );
  menu.status = make(menu.panel, "div", "take-home-status");
  menu.status.setAttribute("role", "status");
  return menu;
}

// A training is drawn here; the figures over a slider's range come from the server, as an answer to a number.
function animate(menu) {
  if (menu.busy) return;
  if (menu.data.training) {
    work(menu, "gif", (maker, theme, progress) => maker.training(theme, progress));
    return;
  }
  menu.asked = Date.now();
  menu.setStateValue("asked", { id: menu.asked, sweep: menu.which.value });
  work(menu, "gif", async (maker, theme, progress) => {
    const film = await new Promise((resolve) => (menu.resolve = resolve));
    return maker.sweep(film, theme, progress);
  });
}

export default function ({ data, parentElement, setStateValue }) {
  const there = parentElement.querySelector(".take-home");
  const menu = there?.menu ?? create(parentElement);
  menu.root.menu = menu;
  const { film, ...rest } = data;
  Object.assign(menu, { data: rest, setStateValue });
  if (film && film.id === menu.asked) menu.resolve?.(film);
  const { words, sweeps, training } = rest;
  const text = JSON.stringify([words, sweeps, training, rest.snippet]);
  if (text === menu.text) return;
  menu.text = text;
  menu.name.textContent = menu.button.title = words.title;
  menu.panel.setAttribute("aria-label", words.title);
  for (const [kind, label] of [
    ["png", "PNG"],
    ["gif", "GIF"],
    ["html", "HTML"],
    ["python", "Python"],
  ]) {
    menu[kind].button.textContent = label;
    menu[kind].button.title = words[kind];
    menu[kind].text.textContent = words[kind === "gif" && training ? "gif_training" : kind];
  }
  menu.gif.line.hidden = !training && !sweeps.length;
  menu.which.hidden = !sweeps.length;
  menu.which.setAttribute("aria-label", words.gif);
  const chosen = menu.which.value;
  menu.which.replaceChildren(
    ...sweeps.map(([key, label]) => new Option(label, key, false, key === chosen)),
  );
  menu.code.textContent = rest.snippet;
  menu.copy.textContent = words.copy;
}
