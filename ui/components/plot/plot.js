// Draws the figure it is sent with Plotly.react, scaled from its design width to the width there is.

const plotly = (script) =>
  (window.plotlyLoading ??= new Promise((resolve, reject) => {
    const own = document.querySelector('script[src*="static/js/"]').src; // the app's root, whatever path it is served under
    const tag = document.createElement("script");
    tag.src = own.replace(/static\/js\/.*$/, `app/static/${script}`);
    tag.onload = () => resolve(window.Plotly);
    tag.onerror = () => reject(new Error(`${tag.src} was not served`));
    document.head.append(tag);
  }));

const scaleFont = (font, by) => font && { ...font, size: font.size * by };

const scaleTrace = ({ line, marker, ...trace }, by) => ({
  ...trace,
  ...(line && { line: { ...line, width: line.width * by } }),
  ...(marker && { marker: marker.size ? { ...marker, size: marker.size * by } : marker }),
});

function scaled({ data, layout }, by) {
  const axes = Object.entries(layout).filter(([name]) => /^[xy]axis/.test(name));
  return {
    data: data.map((trace) => scaleTrace(trace, by)),
    layout: {
      ...layout,
      ...Object.fromEntries(
        axes.map(([name, axis]) => [name, { ...axis, tickfont: scaleFont(axis.tickfont, by) }]),
      ),
      height: layout.height * by,
      annotations: layout.annotations.map((text) => ({ ...text, font: scaleFont(text.font, by) })),
    },
  };
}

async function draw(element) {
  const { figure, alt, script } = element.latest;
  element.setAttribute("aria-label", alt);
  const Plotly = await plotly(script);
  const width = element.clientWidth;
  if (!width || element.latest.figure !== figure) return; // hidden, or overtaken by a newer figure
  const { data, layout } = scaled(figure, width / figure.layout.width);
  await Plotly.react(
    element,
    data,
    { ...layout, width },
    { displayModeBar: false, showSendToCloud: false },
  );
}

export default function ({ data, parentElement }) {
  let element = parentElement.querySelector(".plot");
  if (!element) {
    element = document.createElement("div");
    element.className = "plot";
    element.setAttribute("role", "img");
    parentElement.append(element);
    parentElement.style.overflowX = "auto";
    let width = 0;
    new ResizeObserver(() => {
      if (element.clientWidth !== width) requestAnimationFrame(() => draw(element));
      width = element.clientWidth;
    }).observe(element);
  }
  element.latest = data;
  element.classList.toggle("wide", data.figure.layout.width > 640);
  element.style.aspectRatio = `${data.figure.layout.width} / ${data.figure.layout.height}`; // its place is kept before it is drawn
  draw(element).catch((error) => {
    element.textContent = `${data.failed} (${error.message}) ${data.alt}`;
  });
}
