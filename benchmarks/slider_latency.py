"""From a key on a slider to the painted figure, where Python alone computes it:

    python -m benchmarks.slider_latency [--moves 60]

Figures that follow the hand are measured by benchmarks/live.py.
"""

import argparse
import statistics

from playwright.sync_api import Page, sync_playwright

from benchmarks.browser import FLAGS, chromium, serving

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


def measured(page: Page, address: str, slider: str, moves: int) -> str:
    """What ``times`` measures, in words."""
    found = times(page, address, slider, moves)
    p50, p95 = statistics.median(found), found[int(0.95 * len(found))]
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {found[-1]:.0f} ms"


def times(page: Page, address: str, slider: str, moves: int) -> list[float]:
    """Open a page and move the slider of that key to and fro: ms to the paint, sorted."""
    page.goto(address)
    page.wait_for_selector(".js-plotly-plot .main-svg", timeout=60_000)
    page.wait_for_timeout(2000)
    page.evaluate(WATCH)
    page.locator(f".st-key-{slider} input[type=range]").focus()
    for move in range(moves):
        page.keyboard.press("ArrowRight" if move % 4 < 2 else "ArrowLeft")
        page.wait_for_function("n => window.times.length > n", arg=move, timeout=10_000)
        page.wait_for_timeout(150)
    return sorted(page.evaluate("window.times"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--moves", type=int, default=60)
    options = parser.parse_args()
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for path, slider in PAGES.items():
            print(
                f"{path}, {options.moves} moves of {slider}: "
                f"{measured(page, address + path, slider, options.moves)}"
            )
        browser.close()


if __name__ == "__main__":
    main()
