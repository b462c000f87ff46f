"""Every text on every page stands out from its ground, in every theme: WCAG 2.2, 1.4.3 (AA),
measured in a browser.

A text has at least 4.5 : 1, large text (24 px, or 18.66 px and bold) 3 : 1; a sample of a colour,
which is no text and has its name beside it, is at least to be seen (1.25). A text's ground is what
lies behind its middle: the colours of all elements around it, one over the other, each with its
opacity, and in a figure the shapes drawn before it.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from benchmarks.browser import serving
from stn_core import EXPERIMENTS, load_checkpoint
from stn_core.experiments.checkpoints import save_checkpoint
from ui.pages.registry import PAGES, path_of

LEFT_OUT = {
    "inactive": "one of Streamlit's own widgets that is switched off, which WCAG exempts",
    "picture": "on a picture or a canvas, whose pixels are not known here",
}
MEASURE = Path(__file__).with_name("contrast.js").read_text("utf-8")

KNOWN = """
<style>
  body { background: #fff }
  p { font: 16px sans-serif; color: #777 }
  .big { font-size: 24px }
</style>
<p>grey</p>
<p class="big">large</p>
<p style="font: bold 18.7px serif">bold</p>
<p style="color: #767676">enough</p>
<div style="background: #000">
  <div style="background: rgb(255 255 255 / 0.5)"><p style="color: #000">composited</p></div>
</div>
<div style="opacity: 0.5; background: #000"><p style="color: #000">none</p></div>
<div style="position: relative; width: 300px; height: 30px; background: #000">
  <p style="position: absolute; top: 40px; color: #000">outside</p>
</div>
<div style="position: relative; margin-top: 60px">
  <canvas></canvas>
  <p style="position: absolute; top: 9px">on a canvas</p>
</div>
<svg width="300" height="60">
  <rect width="300" height="60"/>
  <text y="30">black</text>
  <text y="30" x="99" fill="#fff">white</text>
</svg>
<p style="visibility: hidden">hidden</p>
<div style="overflow: hidden; width: 0"><p>cut off</p></div>
<div style="overflow: auto; height: 40px">
  <p style="margin-top: 300px; color: #000">further down</p>
</div>
<div id="host"></div>
<script>
  const inside = '<p style="color: #aaa">in a shadow</p>';
  host.attachShadow({ mode: "open" }).innerHTML = inside;
</script>
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
    "why": ("?why_view=pools", FIGURE),
    "transformation": ("?t_way=push", FIGURE),
    "sampler": ("?s_view=down", FIGURE),
    "gradient": ("?g_steps=5", FIGURE),
    "replay": ("", ".replay-clock"),
    "results": ("", FIGURE),
    "pairs": ("", FIGURE),
    "birds": ("", ".birds-crop figcaption"),
    "trouble": ("?w_trap=rate", FIGURE),
    "lecture": ("", ".stMain h5"),
}
MORE = [
    ("", FIGURE),
    ("?lesson=paper&at=1", FIGURE),
    ("why?lesson=paper&at=2", FIGURE),
    ("?lesson=nowhere", FIGURE),
    ("why", FIGURE),
    ("?mode=draw", ".row .answer"),
    ("?kind=RTS&mode=look", ".row .answer"),
    ("sampler", FIGURE),
    ("results?show=seeds", FIGURE),
    ("trouble", FIGURE),
    ("trouble?w_trap=align", FIGURE),
    ("trouble?w_trap=leave", FIGURE),
    ("trouble?w_trap=map", FIGURE),
    ("birds?b_heat=1&b_models=4×ST-CNN", ".birds-crop figcaption"),
]
KEYS = {"why?lesson=paper&at=2": "s"}  # for the controls beside a lecture
PLACES = [(path_of(name) + query, shown) for name, (query, shown) in SHOWN.items()] + MORE
READY = """([scheme, projector]) => {
  const app = document.querySelector('.stApp[data-test-script-state=notRunning]');
  const style = app && getComputedStyle(app);
  const busy = '[data-stale=true], [data-testid=stSkeleton], [data-testid=stSpinner]';
  return app && style.colorScheme === scheme
    && Boolean(style.getPropertyValue('--ink')) === projector
    && !document.querySelector(busy)
    && document.getAnimations().every((animation) => animation.playState !== 'running');
}"""
CLICK = "all => all.filter((each) => each.checkVisibility()).forEach((each) => each.click())"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The app with a broken model of somebody's own, which the pages warn of, and with a small one
    in place of the four windows, which answers at all places of a map in a second."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "broken.py").write_text("1 / 0")
    experiment = EXPERIMENTS["cub50-4st-cnn"].changed(["backbone=test_efficientnet"])
    experiment = replace(experiment, classes=load_checkpoint("cub50-cnn").experiment.classes)
    save_checkpoint(folder / experiment.path, experiment.create_model(), experiment, {}, {})
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
