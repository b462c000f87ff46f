"""Every text on every page stands out from its ground, in every theme: WCAG 2.2, 1.4.3 (AA),
measured in a browser.

A text has at least 4.5 : 1, large text (24 px, or 18.66 px and bold) 3 : 1. Its ground is what lies
behind its middle: the colours of all elements around it, one over the other, each with its opacity,
and in a figure the shapes drawn before it.
"""

import re

import pytest
from playwright.sync_api import expect

from benchmarks.browser import serving
from ui.pages.registry import PAGES, path_of

LEFT_OUT = {
    "inactive": "one of Streamlit's own widgets that is switched off, which WCAG exempts",
    "picture": "on a picture or a canvas, whose pixels are not known here",
    "swatch": "no text but a sample of a colour, with its name beside it in the colour of text",
}
MEASURE = r"""() => {
  // Colours: [red, green, blue, alpha] from 0 to 1
  const one = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const read = (color) => {
    one.clearRect(0, 0, 1, 1);
    one.fillStyle = color;
    one.fillRect(0, 0, 1, 1);
    return [...one.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
  };
  const rgba = (color) => known.get(color) ?? known.set(color, read(color)).get(color);
  const faded = ([r, g, b, a], by) => [r, g, b, a * by];
  const over = (top, below) => {
    const alpha = top[3] + below[3] * (1 - top[3]);
    return [0, 1, 2].map((i) => alpha && (top[i] * top[3] + below[i] * below[3] * (1 - top[3])) / alpha).concat(alpha);
  };
  const luminance = (color) => {
    const [r, g, b] = color.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (...colors) => {
    const [low, high] = colors.map(luminance).sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  // Every text, also in shadow roots and in fields, and what else may lie behind one
  const texts = [], pictures = [], shapes = [];
  const collect = (root) => {
    for (const element of root.querySelectorAll("*:not(script, style, noscript, title, desc)")) {
      if (element.shadowRoot) collect(element.shadowRoot);
      if (element.matches("canvas, img, image, video")) pictures.push(element);
      if (element instanceof SVGGeometryElement && !element.closest("defs")) shapes.push(element);
      if (element.matches("textarea, input:is([type=text], [type=number])")) texts.push([element, element.value, element]);
      for (const node of element.childNodes) {
        if (node.nodeType !== Node.TEXT_NODE) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        texts.push([element, node.textContent, range]);
      }
    }
  };
  collect(document);
  const around = (element) => {
    const parent = element.assignedSlot ?? element.parentElement ?? element.parentNode?.host;
    return parent ? [...around(parent), element] : [element];
  };
  const has = (box, x, y) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;

  // What is left of a box where elements around it cut it off, unless one can scroll to it
  const seen = (box, elements, styles) => {
    let { left, top, right, bottom } = box;
    for (let i = elements.length - 1; i > 1 && right - left > 1 && bottom - top > 1; i--) {
      if (styles[i].clipPath === "inset(50%)") return false;
      if (styles[i].overflow === "visible" || styles[i].display === "inline" || elements[i] instanceof SVGElement) continue;
      const frame = elements[i].getBoundingClientRect();
      if (/auto|scroll/.test(styles[i].overflow)) ({ left, top, right, bottom } = frame);
      [left, top] = [Math.max(left, frame.left), Math.max(top, frame.top)];
      [right, bottom] = [Math.min(right, frame.right), Math.min(bottom, frame.bottom)];
    }
    return right - left > 1 && bottom - top > 1;
  };

  const measured = [];
  for (const [element, words, place] of texts) {
    const text = words.trim(), box = place.getBoundingClientRect();
    if (!text || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const elements = around(element), styles = elements.map((e) => getComputedStyle(e)), style = styles.at(-1);
    if (!seen(box, elements, styles)) continue;
    const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    const drawn = element instanceof SVGElement;

    // An element's colour lies behind what is in its box, and, as it cuts off, behind whatever of it is scrolled away
    const grounds = elements.map((e, i) => {
      const behind = i < 2 || styles[i].overflow !== "visible" || has(e.getBoundingClientRect(), x, y);
      return behind && !(e instanceof SVGElement) ? rgba(styles[i].backgroundColor) : [0, 0, 0, 0];
    });
    const solid = elements[Math.max(grounds.findLastIndex((color) => color[3] === 1), 0)];
    const picture = pictures.some((e) => e.checkVisibility() && has(e.getBoundingClientRect(), x, y) && around(e).includes(solid));
    const figure = element.ownerSVGElement?.parentElement;
    const under = (e) =>
      figure.contains(e) && has(e.getBoundingClientRect(), x, y) && e.checkVisibility({ visibilityProperty: true }) &&
      e.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING &&
      e.isPointInFill(new DOMPoint(x, y).matrixTransform(e.getScreenCTM().inverse()));
    const fill = ({ fill, fillOpacity, opacity }) => (fill === "none" ? [0, 0, 0, 0] : faded(rgba(fill), fillOpacity * opacity));
    const fills = drawn ? shapes.filter(under).map((e) => fill(getComputedStyle(e))) : [];
    const ink = drawn ? faded(rgba(style.fill), style.fillOpacity) : rgba(style.color);
    const painted = (inks) => {
      const inside = inks.reduce((below, color) => over(color, below), [0, 0, 0, 0]);
      const all = grounds.reduceRight((inner, ground, i) => faded(over(inner, ground), styles[i].opacity), inside);
      return over(all, [1, 1, 1, 1]);
    };

    const size = parseFloat(style.fontSize) * (drawn ? element.getScreenCTM().a : 1);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const off = element.closest(":disabled") ?? element.closest("label")?.control?.disabled;
    const streamlits = !elements.some((e) => /^stBidi/.test(e.dataset?.testid));
    const out = off && streamlits ? "inactive" : picture ? "picture" : drawn && /^(■|•••|━━)$/.test(text) ? "swatch" : null;
    const at = elements.slice(-3).map((e) => e.dataset?.testid ?? [e.localName, ...e.classList].slice(0, 2).join("."));
    const ratio = contrast(painted([...fills, ink]), painted(fills));
    measured.push({ text, at: at.join(" "), ratio, least: large ? 3 : 4.5, out });
  }
  return measured;
}"""

KNOWN = """
<style>body { background: #fff } p { font: 16px sans-serif; color: #777 } .big { font-size: 24px }</style>
<p>grey</p> <p class="big">large</p> <p style="font: bold 18.7px serif">bold</p> <p style="color: #767676">enough</p>
<div style="background: #000"><div style="background: rgb(255 255 255 / 0.5)"><p style="color: #000">composited</p></div></div>
<div style="opacity: 0.5; background: #000"><p style="color: #000">none</p></div>
<div style="position: relative; width: 300px; height: 30px; background: #000">
  <p style="position: absolute; top: 40px; color: #000">outside</p>
</div>
<div style="position: relative; margin-top: 60px"><canvas></canvas><p style="position: absolute; top: 9px">on a canvas</p></div>
<svg width="300" height="60">
  <rect width="300" height="60"/> <text y="30">black</text> <text y="30" x="99" fill="#fff">white</text>
</svg>
<p style="visibility: hidden">hidden</p> <div style="overflow: hidden; width: 0"><p>cut off</p></div>
<div style="overflow: auto; height: 40px"><p style="margin-top: 300px; color: #000">further down</p></div>
<div id="host"></div>
<script>host.attachShadow({ mode: "open" }).innerHTML = '<p style="color: #aaa">in a shadow</p>'</script>
"""
RATIOS = {
    "grey": 4.48,
    "large": 4.48,
    "bold": 4.48,
    "enough": 4.54,
    "composited": 5.32,
    "none": 1,
    "outside": 21,
    "black": 1,
    "white": 21,
    "further down": 21,
    "in a shadow": 2.32,
}


def test_the_measure_finds_known_ratios(browser):
    page = browser.new_page()
    page.set_content(KNOWN)
    found = {text["text"]: text for text in page.evaluate(MEASURE)}
    page.close()
    assert found.pop("on a canvas")["out"] == "picture" and not any(
        text["out"] for text in found.values()
    )
    assert {text: found[text]["ratio"] for text in found} == pytest.approx(RATIOS, abs=0.03)
    assert {text for text in found if found[text]["least"] == 3} == {"large", "bold"}


# The pages, also in states that show more than they do at the start, and what each of them shows
# last

FIGURE = ".js-plotly-plot .main-svg text"
SHOWN = {
    "digits": ("?from=Upload&r_angle=150&models_r=CNN&models_r=FCN&own=nonsense", FIGURE),
    "stage": ("?kind=RTS&mode=look", ".row .answer"),
    "why": ("?why_view=pools", FIGURE),
    "transformation": ("?t_way=push", FIGURE),
    "sampler": ("?s_view=down", FIGURE),
    "gradient": ("?g_steps=5", FIGURE),
    "replay": ("", ".replay-clock"),
    "results": ("", FIGURE),
    "birds": ("?b_heat=1", ".birds-crop figcaption"),
    "trouble": ("?w_trap=rate", FIGURE),
    "lecture": ("", ".stMain h5"),
}
MORE = [
    ("", FIGURE),
    ("?lesson=paper&at=1", FIGURE),
    ("why?lesson=paper&at=2", FIGURE),
    ("?lesson=nowhere", FIGURE),
    ("why", FIGURE),
    ("stage?mode=draw", ".row .answer"),
    ("sampler", FIGURE),
    ("results?show=seeds", FIGURE),
    ("trouble", FIGURE),
    ("trouble?w_trap=align", FIGURE),
    ("trouble?w_trap=leave", FIGURE),
]
KEYS = {"why?lesson=paper&at=2": "s"}  # for the controls beside a lecture
PLACES = [(path_of(name) + query, shown) for name, (query, shown) in SHOWN.items()] + MORE
READY = """([scheme, projector]) => {
  const app = document.querySelector('.stApp[data-test-script-state=notRunning]'), style = app && getComputedStyle(app);
  return app && style.colorScheme === scheme && Boolean(style.getPropertyValue('--ink')) === projector
    && !document.querySelector('[data-stale=true], [data-testid=stSkeleton], [data-testid=stSpinner]')
    && document.getAnimations().every((animation) => animation.playState !== 'running');
}"""
CLICK = "all => all.filter((element) => element.checkVisibility()).forEach((element) => element.click())"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The app with a broken model of somebody's own, which the pages warn of."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "broken.py").write_text("1 / 0")
    with serving(STN_CHECKPOINTS=str(folder), STN_DATA=str(folder)) as address:
        yield address


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    yield page
    page.close()


def test_every_page_is_measured():
    assert set(SHOWN) == {*PAGES, "lecture"}


@pytest.mark.parametrize(("path", "shown"), PLACES, ids=[path or "/" for path, _ in PLACES])
def test_every_text_stands_out_from_its_ground(page, address, path, shown):
    page.emulate_media(color_scheme="light")
    page.goto(f"{address}/{path}")
    expect(page.locator(shown).first).to_have_text(re.compile(r"\S"), timeout=60_000)
    if path in KEYS:
        page.keyboard.press(KEYS[path])
    page.locator("details:not([open]) > summary, .take-home-open").evaluate_all(CLICK)
    weak = []
    for projector, scheme in ((False, "light"), (False, "dark"), (True, "dark"), (True, "light")):
        page.emulate_media(color_scheme=scheme)
        if projector and scheme == "dark":
            page.get_by_role("switch", name="Projector", include_hidden=True).evaluate(
                "element => element.click()"
            )
        page.wait_for_function(READY, arg=[scheme, projector])
        measured = page.evaluate(MEASURE)
        assert len(measured) > 30 and {text["out"] for text in measured} <= {None, *LEFT_OUT}
        for text in measured:
            if not text["out"] and text["ratio"] < text["least"]:
                theme = f"{scheme}, projector" if projector else scheme
                weak.append(
                    f"{theme}: {text['ratio']:.2f} < {text['least']}: {text['text'][:40]!r} at "
                    f"{text['at']}"
                )
    assert not weak, "\n".join(weak)
