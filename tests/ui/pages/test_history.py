"""The browser's way back: page by page, in a lecture step by step, and out."""

import re

import pytest
from playwright.sync_api import expect

from benchmarks.browser import serving
from ui.pages.registry import PAGES

STEP = """
[[step]]
page = "{page}"
state = {{ {state} }}
title = "{title}"
text = "Look."
"""
STEPS = [
    ("why", "why_x = 3, why_y = -2, why_angle = 20", "Moved"),
    ("why", 'why_view = "pools", why_shift = 4', "Pools"),
    (next(iter(PAGES)), "digit = 7, number = 3", "First page"),
    ("sampler", 's_kernel = "nearest", s_x = 5.0', "Sampled"),
    ("transformation", 't_family = "tps", t_angle = -50, t_scale = 0.9', "Turned"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lessons")
    steps = [STEP.format(page=page, state=state, title=title) for page, state, title in STEPS]
    (folder / "mine.toml").write_text('title = "Mine"\n' + "".join(steps))
    with serving(STN_LESSONS=str(folder)) as address:
        yield address


def at_step(page, number):
    name, state, title = STEPS[number - 1]
    path = "" if name == next(iter(PAGES)) else name
    expect(page.locator(".lecture h2")).to_have_text(title)
    expect(page).to_have_url(re.compile(rf"//[^/]+/{path}\?(.*&)?at={number}(&|$)"))
    for part in state.split(", "):
        key, value = part.replace('"', "").split(" = ")
        said = value.removesuffix(".0")
        expect(page).to_have_url(re.compile(rf"[?&]{key}={said}(&|$)"))


def test_the_way_back_goes_through_a_lecture_step_by_step_and_out(tab):
    page = tab("/lecture")
    page.get_by_role("link", name="1 · Moved").click()
    at_step(page, 1)
    for number in range(2, len(STEPS) + 1):
        page.keyboard.press("PageDown")
        at_step(page, number)
    page.keyboard.press("PageDown")  # there is no further one
    for number in range(len(STEPS) - 1, 0, -1):
        page.go_back()
        at_step(page, number)
        page.wait_for_timeout(600)  # nothing that was wished for brings it back
        at_step(page, number)
    page.go_back()
    expect(page).to_have_url(re.compile("/lecture$"))
    expect(page.get_by_role("link", name="1 · Moved")).to_be_visible()
    page.go_forward()
    at_step(page, 1)


def test_a_step_s_link_is_one_entry_though_its_state_is_written_into_the_address(tab):
    page = tab("/why?lesson=mine&at=2")
    at_step(page, 2)
    assert page.evaluate("history.length") == 2


def test_a_page_is_one_entry_whatever_is_set_on_it(tab):
    page = tab("/why?why_x=6&why_y=1&why_angle=30")
    page.get_by_role("button", name="Put it back").click()  # three controls
    expect(page).to_have_url(re.compile(r"/why\?why_x=0$"))
    page.get_by_test_id("stTopNavLink").filter(has_text="Sampler").click()
    expect(page).to_have_url(re.compile("/sampler"))
    expect(page.get_by_role("heading", level=4)).to_be_visible()
    page.get_by_text("Integer", exact=True).first.click()
    expect(page).to_have_url(re.compile("s_kernel=nearest"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/why\?why_x=0$"))
    expect(page.get_by_role("button", name="Put it back")).to_be_visible()


def test_a_lecture_is_left_by_the_pages_names(tab):
    page = tab("/why?lesson=mine&at=1")
    at_step(page, 1)
    page.get_by_test_id("stTopNavLink").filter(has_text="Sampler").click()
    expect(page).to_have_url(re.compile("/sampler"))
    expect(page.locator(".lecture")).to_have_count(0)
    page.go_back()
    at_step(page, 1)


def test_language_and_theme_stay_where_a_page_is_left_early(tab):
    page = tab("/why?why_x=6&lang=zh&projector=true")
    page.evaluate("history.pushState({}, '', '/sampler')")  # what Streamlit then does
    assert page.url.endswith("/sampler?lang=zh&projector=true")
    page.evaluate("history.pushState({}, '', '/gradient?lang=en&projector=true')")
    assert page.url.endswith("/gradient?lang=en&projector=true")
