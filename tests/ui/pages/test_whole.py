"""The picture of the whole, above every page."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from ui.app.i18n import LANGUAGES
from ui.pages.registry import PAGES, PARTS, path_of
from ui.pages.whole import picture


def links(html):
    """Each link of a picture: where it leads, its name, and whether one is there."""
    return re.findall(r'<a href="([^"]*)"(?: aria-current="(\w+)")? aria-label="([^"]*)"', html)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_lies_somewhere_in_the_whole(page, language):
    found = links(picture(path_of(page), language, "lang=zh&projector=true"))
    assert [urlsplit(href).path.removeprefix("./") for href, *_ in found] == [
        path_of(name) for name in PARTS.values()
    ]
    for href, *_ in found:
        assert parse_qs(urlsplit(href).query) == {"lang": ["zh"], "projector": ["true"]}
    here = [(href, how) for href, how, _ in found if how]
    assert len(here) == 1
    opens = urlsplit(here[0][0]).path.removeprefix("./") == path_of(page)
    assert here[0][1] == ("page" if opens else "location")


def test_a_page_that_is_no_part_of_the_laboratory_marks_nothing():
    assert not [how for _, how, _ in links(picture("lecture", "en", "")) if how]


# In a browser


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
@pytest.mark.parametrize("theme", ["", "&projector=true"])
def test_its_links_open_pages_and_keep_language_and_theme(tab, size, theme):
    page = tab(f"/why?why_x=6&lang=zh{theme}", size=size)
    whole = page.get_by_role("navigation", name="网络及其组成部分")
    expect(whole.locator("[aria-current=page]")).to_have_text("分类器分类")
    page.evaluate("window.kept = true")
    sampler = whole.get_by_role("link", name="采样器")
    assert sampler.evaluate("link => parseFloat(getComputedStyle(link).fontSize)") >= 14
    sampler.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/sampler\\?.*lang=zh"))
    assert ("projector=true" in page.url) == bool(theme) and "why_x" not in page.url
    expect(whole.locator("[aria-current=page]")).to_contain_text("采样器")
    main = page.get_by_test_id("stMain")
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
    if size[0] > 1000:
        assert page.evaluate("window.kept")  # nothing was loaded anew


@pytest.mark.parametrize("page", ["", "why", "transformation", "sampler", "gradient", "pairs"])
def test_the_hand_stays_above_the_fold(tab, page):
    opened = tab(f"/{page}")
    place = opened.locator(".place").first
    expect(place).to_be_visible()
    expect(opened.locator(".slider .figure").first).not_to_be_empty()
    expect(opened.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    box = place.bounding_box()
    assert box["y"] + box["height"] <= 800
