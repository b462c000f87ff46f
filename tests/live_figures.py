"""What the tests of live figures in a browser share."""

import re

from playwright.sync_api import expect


def middle(page, selector):
    box = page.locator(selector).first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def agree(page):
    """Both figures show the same, and say it in the same words."""
    expect(page.locator(".agreement")).to_have_text(re.compile(r"0\.0000\d\d|< 0\.000001"))
    said = page.locator(".said").text_content()
    expect(page.locator("p:not(.said, .live)").filter(has_text=said)).to_be_visible()


def opens(tab, path):
    """call("?s_x=5") opens the page at ``path`` in that state, and waits for the live figure and
    PyTorch's."""

    def call(query="", **options):
        page = tab(f"{path}{query}", **options)
        expect(page.locator(".said")).to_have_text(re.compile(r"\S"))
        page.locator(".js-plotly-plot .imagelayer image").first.wait_for()
        return page

    return call
