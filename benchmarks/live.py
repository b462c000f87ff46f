"""The live figures in a real browser, beside a bare Streamlit page in the same run.

    python -m benchmarks.live [--path "/?kind=RTS&models_rts=..."] [--seconds 6] [--releases 30]
    python -m benchmarks.live --path /why      (or /gradient)

While a handle is dragged: ms from frame to frame. While a slider moves: ms from each step to the
painted frame. From letting go: ms to PyTorch's painted figure. On the bare page, with a slider and
a line: ms to the painted line from a key on the slider, and from letting go of the slider with a
mouse; and in how many of those moves the line changed while the mouse still held the slider.

What changes before or in an animation frame's callback is painted at that frame's end; the first
task after it, a timer's, takes the time. That is the same on both pages.
"""

import math
import statistics
from itertools import pairwise
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.browser import FLAGS, chromium, serving
from benchmarks.command import options_parser, spread

TWO = "/?kind=RTS&models_rts=ST-CNN+affine&models_rts=ST-CNN+TPS"
BARE = "benchmarks/bare_page.py"
WATCH_LINE = """() => {
  window.times = []; window.held = 0;
  let pressed = null, before = null;
  const shown = () => document.querySelector('.js-plotly-plot .js-line')?.getAttribute('d');
  const press = () => { pressed = performance.now(); };
  addEventListener('keydown', () => { before = shown(); press(); }, true);
  addEventListener('pointerdown', () => { before = shown(); }, true);
  addEventListener('pointerup', () => { window.held += shown() !== before; press(); }, true);
  const look = () => {
    const now = shown();
    if (pressed !== null && now && now !== before) {
      const from = pressed;
      pressed = null;
      setTimeout(() => window.times.push(performance.now() - from));
    }
    requestAnimationFrame(look);
  };
  look();
}"""
WATCH = """() => {
  window.frames_ = []; window.times = []; window.released = null;
  document.addEventListener('stage-frame', ({ detail }) => {
    window.frames_.push([performance.now(), detail.spent]);
  });
  const images = '.js-plotly-plot .imagelayer image';
  const shown = () =>
    [...document.querySelectorAll(images)].map((image) => image.getAttribute('href'));
  let before = [];
  addEventListener('pointerdown', () => { before = shown(); }, true);
  addEventListener('pointerup', () => { window.released = performance.now(); }, true);
  const look = () => {
    if (window.released !== null) {
      const now = shown();
      if (now.some((one, i) => one !== before[i])) {
        const from = window.released;
        window.released = null;
        setTimeout(() => window.times.push(performance.now() - from));
      }
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--path", default=TWO, help="the page to start from")
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--releases", type=int, default=30)
    options = parser.parse_args()
    with serving() as address, serving(BARE) as bare, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        keys, moves, followed = on_a_bare_page(browser, bare)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address + options.path)
        page.wait_for_selector(".js-plotly-plot .imagelayer image", timeout=120_000)
        page.wait_for_selector(".agreement:has-text('0.')", timeout=60_000)  # all have answered
        names = page.locator(".row").evaluate_all("all => all.map((one) => one.ariaLabel)")
        page.wait_for_timeout(2000)
        page.evaluate(WATCH)
        dragging(page, options.seconds)
        frames = page.evaluate("window.frames_")
        steps = sliding(page)
        times = [letting_go(page, i) for i in range(options.releases)]
        browser.close()
    spent = [networks for _, networks in frames]
    gaps = [later[0] - sooner[0] for sooner, later in pairwise(frames)]
    print(f"{options.path} {', '.join(names)}")
    print(
        f"{len(gaps)} frames while dragging, from one to the next: {spread(gaps, decimals=1)}: "
        f"{1000 / statistics.mean(gaps):.0f} a second"
    )
    print(f"of that in networks, or in all of the figure: {spread(spent, decimals=1)}")
    print(f"{len(steps)} steps of a slider, to the painted frame: {spread(steps, decimals=1)}")
    print(
        f"{len(keys)} keys on a bare page's slider, to the painted line: {spread(keys, decimals=1)}"
    )
    print(
        f"{len(moves)} moves of that slider with a mouse, from letting go to the painted line: "
        f"{spread(moves, decimals=1)}; the line followed before that in {followed}"
    )
    print(f"{len(times)} releases, to the painted figure: {spread(times, decimals=1)}")


def sliding(page: Any, steps: int = 120) -> list[float]:
    """Move the first slider to and fro, a step every 40 ms: the ms until each is painted."""
    times = page.locator(".slider input").first.evaluate(
        """(input, steps) => new Promise((done) => {
          const times = [];
          let began = null;
          document.addEventListener('stage-frame', () => {
            if (began === null) return;
            const from = began;
            began = null;
            setTimeout(() => times.push(performance.now() - from));
          });
          let step = 0;
          const timer = setInterval(() => {
            if (step++ === steps) { clearInterval(timer); done(times); return; }
            input.valueAsNumber += step % 40 < 20 ? 1 : -1;
            began = performance.now();
            input.dispatchEvent(new Event('input'));
          }, 40);
        })""",
        steps,
    )
    page.wait_for_timeout(1000)
    return times


def on_a_bare_page(
    browser: Browser, address: str, moves: int = 30
) -> tuple[list[float], list[float], int]:
    """The slider of ``bare_page.py``, by keys and with a mouse: the ms until the line is painted
    anew; with the mouse from letting go, and how often the line followed before."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address)
    page.wait_for_selector(".js-plotly-plot .js-line", timeout=120_000)
    page.wait_for_timeout(2000)
    page.evaluate(WATCH_LINE)

    def painted(number: int) -> None:
        page.wait_for_function("n => window.times.length > n", arg=number, timeout=20_000)
        page.wait_for_timeout(150)

    page.locator("input[type=range]").focus()
    for move in range(moves):
        page.keyboard.press("ArrowRight" if move % 4 < 2 else "ArrowLeft")
        painted(move)
    keys = page.evaluate("window.times.splice(0)")
    box = page.locator("[role=slider], input[type=range]").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for move in range(moves):
        page.mouse.move(x, y)
        page.mouse.down()
        x += 20 if move % 4 < 2 else -20
        page.mouse.move(x, y, steps=5)
        page.wait_for_timeout(200)  # held still: the line has time to follow
        page.mouse.up()
        painted(move)
    times, followed = page.evaluate("[window.times, window.held]")
    page.close()
    return keys, times, followed


def dragging(page: Any, seconds: float) -> None:
    """Lead the digit round in circles, a movement of the mouse every 8 ms, sent from inside the
    browser as a hand's are."""
    box = page.locator(".place").first.bounding_box()
    x, y, far = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"] / 8
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(
        """([x, y, far, seconds]) => new Promise((done) => {
          const roots = [...document.querySelectorAll('*')].map((one) => one.shadowRoot ?? one);
          const place = roots.map((root) => root.querySelector('.place')).find(Boolean);
          const start = performance.now();
          window.frames_ = [];
          const timer = setInterval(() => {
            const time = (performance.now() - start) / 1000, angle = 3 * time;
            if (time > seconds) { clearInterval(timer); done(); return; }
            const clientX = x + far * Math.sin(angle), clientY = y + far * (1 - Math.cos(angle));
            const moved = { clientX, clientY, pointerId: 1, pointerType: 'mouse', bubbles: true };
            place.dispatchEvent(new PointerEvent('pointermove', moved));
          }, 8);
        })""",
        [x, y, far, seconds],
    )
    page.mouse.up()
    page.wait_for_timeout(1000)


def letting_go(page: Any, number: int) -> float:
    """Drag a little and let go: ms until Plotly's figure is painted anew."""
    box = page.locator(".place").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    angle = 2.4 * number
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40 * math.cos(angle), y + 40 * math.sin(angle), steps=4)
    page.mouse.up()
    page.wait_for_function("n => window.times.length > n", arg=number, timeout=20_000)
    page.wait_for_timeout(300)
    return page.evaluate("window.times.at(-1)")


if __name__ == "__main__":
    main()
