// Draws the figure it is sent with Plotly.react, scaled from its design width to the width there is.

/** @typedef {{ size: number }} Font */
/** @typedef {{ line?: { width: number }, marker?: { size?: number }, textfont?: { size: number[] } }} Trace */
/** @typedef {{ tickfont?: Font }} Axis */
/**
 * @typedef {{ width: number, height: number, annotations: { font?: Font }[] }
 *   & Record<string, any>} Layout
 */
/** @typedef {{ data: Trace[], layout: Layout }} Figure */

/**
 * What __init__.py sends.
 * @typedef {{ figure: Figure, alt: string, script: string, stack: string, failed: string }} Data
 */

/** @typedef {HTMLElement & { latest: Data }} Plot where take_home finds the figure */

/**
 * The part of Plotly that is used.
 * @typedef {object} PlotlyScript
 * @property {(element: Element, data: Trace[], layout: object, config: object) => Promise<void>} react
 * @property {(figure: Figure, options: object) => Promise<string>} toImage
 * @property {{ findArrayAttributes: FindArrays }} PlotSchema
 */
/** @typedef {(trace: Record<string, any>) => string[]} FindArrays the names of those that are arrays */

/** @typedef {Window & { Plotly?: PlotlyScript, plotlyLoading?: Promise<PlotlyScript> }} Page */

/** @param {string} script */
function plotly(script) {
  /** @type {Page} */
  const page = window;
  return (page.plotlyLoading ??= new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    tag.src = served(script);
    tag.onload = () => {
      const loaded = /** @type {PlotlyScript} */ (page.Plotly);
      loaded.PlotSchema.findArrayAttributes = remembered(loaded.PlotSchema.findArrayAttributes);
      resolve(loaded);
    };
    tag.onerror = () => reject(new Error(`${tag.src} was not served`));
    document.head.append(tag);
  }));
}

/**
 * Plotly 4.1.1 looks for a trace's arrays along the whole schema of its type, each time that a figure changes: a
 * quarter of the time of a figure with twenty traces. The answer follows from which of the trace's own values are
 * arrays.
 * @param {FindArrays} find
 * @returns {FindArrays}
 */
function remembered(find) {
  /** @type {Map<string, string[]>} */
  const known = new Map();
  return (trace) => {
    const key = [trace.type, ...arraysOf(trace)].join(" ");
    const found = known.get(key) ?? find(trace);
    known.set(key, found);
    return [...found];
  };
}

/**
 * The paths of all arrays of an object and of the objects in it.
 * @param {Record<string, any>} object
 * @param {string} at the path of the object
 * @param {string[]} found
 * @returns {string[]}
 */
function arraysOf(object, at = "", found = []) {
  for (const [name, value] of Object.entries(object)) {
    if (name.startsWith("_")) continue; // Plotly's own notes
    if (Array.isArray(value) || ArrayBuffer.isView(value)) found.push(at + name);
    else if (value?.constructor === Object) arraysOf(value, `${at}${name}.`, found);
  }
  return found;
}

/**
 * The address of a file below static/, whatever path the app is served under.
 * @param {string} name
 */
function served(name) {
  /** @type {HTMLScriptElement | null} */
  const own = document.querySelector('script[src*="static/js/"]');
  if (!own) throw new Error("this page is not Streamlit's");
  return own.src.replace(/static\/js\/.*$/, `app/static/${name}`);
}

/**
 * How the theme has type: by how much it is larger than a figure's own, and how large in pixels at least.
 * @typedef {{ larger: number, least: number }} Type
 */

/**
 * @param {Element} element
 * @returns {Type} as projector.css says it
 */
function typeOf(element) {
  const style = getComputedStyle(element);
  const larger = Number(style.getPropertyValue("--type")) || 1;
  return { larger, least: Number(style.getPropertyValue("--least-type")) };
}

/** @type {(size: number, by: number, type: Type) => number} */
const scaleSize = (size, by, { larger, least }) => Math.max(size * by * larger, least);

/** @type {(font: Font | undefined, by: number, type: Type) => Font | undefined} */
const scaleFont = (font, by, type) => font && { ...font, size: scaleSize(font.size, by, type) };

/** @type {(trace: Trace, by: number, type: Type) => Trace} */
function scaleTrace({ line, marker, textfont, ...trace }, by, type) {
  /** @type {Trace} */
  const scaled = { ...trace };
  if (line) scaled.line = { ...line, width: line.width * by };
  if (textfont) {
    const size = textfont.size.map((each) => scaleSize(each, by, type));
    scaled.textfont = { ...textfont, size };
  }
  if (marker) scaled.marker = marker.size ? { ...marker, size: marker.size * by } : marker;
  return scaled;
}

/** @type {(figure: Figure, by: number, type: Type) => Figure} */
function scaled({ data, layout }, by, type) {
  /** @type {[string, Axis][]} */
  const axes = Object.entries(layout).filter(([name]) => /^[xy]axis/.test(name));
  const scaledAxes = axes.map(([name, axis]) => {
    return [name, { ...axis, tickfont: scaleFont(axis.tickfont, by, type) }];
  });
  return {
    data: data.map((trace) => scaleTrace(trace, by, type)),
    layout: {
      ...layout,
      ...Object.fromEntries(scaledAxes),
      height: layout.height * by,
      annotations: layout.annotations.map((text) => {
        return { ...text, font: scaleFont(text.font, by, type) };
      }),
    },
  };
}

/** @type {(element: Element, figure: Figure) => boolean} */
const narrow = (element, { layout }) =>
  layout.width > 480 && (element.parentElement?.clientWidth ?? 0) <= 560;

/**
 * The figure for a narrow screen: see stack.js.
 * @param {Data} latest
 * @param {Type} type
 * @returns {Promise<Figure | null>} null for one that can't be parted
 */
async function stackedOf({ figure, stack }, { larger }) {
  const { stacked } = await import(served(stack));
  return stacked(figure, larger);
}

/** @param {Plot} element */
async function draw(element) {
  const { figure, alt, script } = element.latest;
  element.setAttribute("aria-label", alt);
  const Plotly = await plotly(script);
  if (!element.clientWidth || element.latest.figure !== figure) return; // hidden, or overtaken by a newer figure
  const type = typeOf(element);
  const parted = narrow(element, figure) ? await stackedOf(element.latest, type) : null;
  if (element.latest.figure !== figure) return;
  element.classList.toggle("wide", narrow(element, figure) && !parted); // is moved sideways
  const shown = parted ?? figure;
  element.style.aspectRatio = `${shown.layout.width} / ${shown.layout.height}`;
  const width = element.clientWidth;
  const by = width / shown.layout.width;
  const { data, layout } = scaled(shown, by, type);
  const config = { displayModeBar: false, showSendToCloud: false };
  await Plotly.react(element, data, { ...layout, width }, config);
}

/**
 * @param {HTMLElement} parent
 * @param {Data} latest
 * @returns {Plot}
 */
function build(parent, latest) {
  const element = Object.assign(document.createElement("div"), { className: "plot", latest });
  element.setAttribute("role", "img");
  parent.append(element);
  let width = 0;
  new ResizeObserver(() => {
    if (element.clientWidth !== width) requestAnimationFrame(() => draw(element));
    width = element.clientWidth;
  }).observe(element);
  return element;
}

/**
 * @param {object} component
 * @param {[Data]} component.data
 * @param {HTMLElement} component.parentElement
 */
export default function ({ data: [data], parentElement }) {
  /** @type {Plot} */
  const element = parentElement.querySelector(".plot") ?? build(parentElement, data);
  const { width, height } = data.figure.layout;
  element.latest = data;
  // its place is kept before it is drawn
  if (!narrow(element, data.figure)) element.style.aspectRatio = `${width} / ${height}`;
  draw(element).catch((error) => {
    element.textContent = `${data.failed} (${error.message}) ${data.alt}`;
  });
}
