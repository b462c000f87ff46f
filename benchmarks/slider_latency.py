"""From a key on a slider to the painted figure, where Python alone computes it:

    python -m benchmarks.slider_latency [--moves 60]

Figures that follow the hand are measured by benchmarks/live.py.
"""

from playwright.sync_api import Page, sync_playwright

from benchmarks.browser import FLAGS, chromium, serving
from benchmarks.command import options_parser, spread

PAGES = {  # in the address, each with the key of a slider on it
    "/sampler?s_view=down": "s_factor",
    "/trouble?w_trap=frame": "w_mean",
    "/trouble?w_trap=leave": "w_x",
}
WATCH = """() => {
  window.times = [];
  let pressed = null;
  addEventListener('keydown', () => { pressed = performance.now(); }, true);
  const drawn = () => {
    if (pressed === null) return;
    const from = pressed;
    pressed = null;
    const painted = () => window.times.push(performance.now() - from);
    requestAnimationFrame(() => setTimeout(painted));
  };
  const figures = document.querySelectorAll('.js-plotly-plot');
  for (const figure of figures) figure.on('plotly_afterplot', drawn);
}"""


def times(page: Page, address: str, slider: str, moves: int) -> list[float]:
    """Open a page and move the slider of that key to and fro: ms to the paint."""
    page.goto(address)
    page.wait_for_selector(".js-plotly-plot .main-svg", timeout=60_000)
    page.wait_for_timeout(2000)
    page.evaluate(WATCH)
    page.locator(f".st-key-{slider} input[type=range]").focus()
    for move in range(moves):
        page.keyboard.press("ArrowRight" if move % 4 < 2 else "ArrowLeft")
        page.wait_for_function("n => window.times.length > n", arg=move, timeout=10_000)
        page.wait_for_timeout(150)
    return page.evaluate("window.times")


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--moves", type=int, default=60)
    options = parser.parse_args()
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for path, slider in PAGES.items():
            found = times(page, address + path, slider, options.moves)
            print(f"{path}, {options.moves} moves of {slider}: {spread(found)}")
        browser.close()


if __name__ == "__main__":
    main()
