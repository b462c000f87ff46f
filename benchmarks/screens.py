"""Every page as pictures, to be looked at: at the widths of a phone, a laptop and a projector, in
light, dark and for a projector, in both languages.

    python -m benchmarks.screens FOLDER [--pages digits,why] [--widths 390] [--themes light]
        [--languages en]

Each picture, FOLDER/PAGE-WIDTH-THEME-LANGUAGE.png, is of the whole page as it is scrolled through a
window of the usual height.
"""

import io
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Error, Page, sync_playwright

from benchmarks.browser import FLAGS, chromium, serving
from benchmarks.command import options_parser

PAGES = {  # addresses by the pictures' names
    "digits": "?r_angle=40",
    "opening": "",
    "grid": "?kind=RTS&rts_angle=-40&rts_scale=0.75&mode=grid",
    "look": "?kind=RTS&mode=look",
    "draw": "?mode=draw",
    "why": "why",
    "pools": "why?why_view=pools",
    "transformation": "transformation",
    "sampler": "sampler",
    "down": "sampler?s_view=down",
    "gradient": "gradient?g_steps=3",
    "replay": "replay",
    "results": "results",
    "pairs": "pairs",
    "birds": "birds",
    "trouble": "trouble",
    "lecture": "lecture",
    "step": "?lesson=paper&at=1",
}
HEIGHTS = {390: 844, 1280: 800, 1920: 1080}
THEMES = ("light", "dark", "projector")
HEAD = 90  # pixels at the top of a window: there the page goes below the pages' names
READY = """() => document.querySelector('.stApp[data-test-script-state=notRunning]')
  && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
  && [...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('.main-svg'))"""


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", default=",".join(PAGES))
    parser.add_argument("--widths", default=",".join(map(str, HEIGHTS)))
    parser.add_argument("--themes", default=",".join(THEMES))
    parser.add_argument("--languages", default="en,zh")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    lists = (options.widths, options.themes, options.languages, options.pages)
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for width, theme, language, name in product(*(text.split(",") for text in lists)):
            path = options.folder / f"{name}-{width}-{theme}-{language}.png"
            problems = shot(browser, address, name, int(width), theme, language, path)
            print(path.name, *problems)
        browser.close()


def shot(
    browser: Browser, address: str, name: str, width: int, theme: str, language: str, path: Path
) -> list[str]:
    """Take one picture; back comes what the browser complained of, and what it shows too wide."""
    problems: list[str] = []
    page = browser.new_page(
        viewport={"width": width, "height": HEIGHTS[width]},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=width == min(HEIGHTS),
    )
    page.on("pageerror", lambda error: problems.append(str(error)))
    query = urlencode({"lang": language} | ({"projector": "true"} if theme == "projector" else {}))
    where = PAGES[name]
    page.goto(f"{address}/{where}{'&' if '?' in where else '?'}{query}")
    try:
        page.wait_for_function(READY, timeout=60_000)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1000)  # what is drawn after that
        problems += too_wide(page)
    except Error as error:
        problems.append(error.message.splitlines()[0])
    whole(page).save(path)
    page.close()
    return problems


def whole(page: Page) -> Image.Image:
    """The window, and below it what comes into it when the page is scrolled."""

    def window() -> Image.Image:
        return Image.open(io.BytesIO(page.screenshot()))

    main = page.get_by_test_id("stMain")
    left, length = main.evaluate("one => [one.getBoundingClientRect().left, one.scrollHeight]")
    first = window()
    width, height = first.size
    picture = Image.new("RGB", (width, max(length, height)), first.getpixel((1, height - 1)))
    picture.paste(first)
    for top in range(height - HEAD, length - HEAD, height - HEAD):
        at = main.evaluate("(one, top) => { one.scrollTop = top; return one.scrollTop }", top)
        page.wait_for_timeout(200)
        box = (round(left), HEAD, width, height)
        picture.paste(window().convert("RGB").crop(box), (round(left), round(at) + HEAD))
    return picture


def too_wide(page: Page) -> list[str]:
    """A complaint if the page scrolls sideways."""
    wide = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth")
    room = page.evaluate("() => document.querySelector('[data-testid=stMain]').clientWidth")
    return [f"scrolls sideways: {wide} > {room}"] if wide > room else []


if __name__ == "__main__":
    main()
