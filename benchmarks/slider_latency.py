"""From a key press on a slider to the painted figure, in a real browser: python -m benchmarks.slider_latency [--moves 60]"""

import argparse
import statistics

from playwright.sync_api import sync_playwright

from benchmarks.browser import FLAGS, chromium, serving

WATCH = """() => {
  window.times = [];
  let pressed = null, before = null;
  const shown = () => document.querySelector('.js-plotly-plot .imagelayer image')?.getAttribute('href');
  addEventListener('keydown', () => { pressed = performance.now(); before = shown(); }, true);
  const look = () => {
    const now = shown();
    if (pressed !== null && now && now !== before) {
      const from = pressed;
      pressed = null;
      requestAnimationFrame(() => setTimeout(() => window.times.push(performance.now() - from)));  // after the paint
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=60)
    parser.add_argument("--path", default="/?kind=r&r_angle=-60", help="the state to start from")
    parser.add_argument("--slider", default="Rotation")
    options = parser.parse_args()
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address + options.path)
        page.wait_for_selector(".js-plotly-plot .imagelayer image", timeout=60_000)
        page.wait_for_timeout(2000)
        page.evaluate(WATCH)
        slider = page.locator("[data-testid=stSlider]", has_text=options.slider).locator("input[type=range], [role=slider]").first
        slider.focus()
        for move in range(options.moves):
            page.keyboard.press("ArrowRight")
            page.wait_for_function("n => window.times.length > n", arg=move, timeout=10_000)
            page.wait_for_timeout(150)
        times = sorted(page.evaluate("window.times"))
        browser.close()
    p50, p95 = statistics.median(times), times[int(0.95 * len(times))]
    print(f"{len(times)} moves: p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {times[-1]:.0f} ms")


if __name__ == "__main__":
    main()
