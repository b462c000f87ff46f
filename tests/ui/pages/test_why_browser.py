"""The live figures of "why" in a real browser: a digit is moved under the hand, and the networks
and PyTorch say the same of it."""

import re

import pytest
from playwright.sync_api import expect

FIGURE = ".js-plotly-plot .imagelayer image"
ANSWER = ".exhibit .answer"


@pytest.fixture
def visit(tab):
    def call(query="", **options):
        page = tab(f"/why{query}", **options)
        page.locator(FIGURE).first.wait_for()
        return page

    return call


def middle(page):
    box = page.locator(".place").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_digit_is_dragged_and_pytorch_agrees(visit):
    page = visit("?why_x=0")
    answer = page.locator(ANSWER).first  # the moved digit's
    expect(answer).to_contain_text("4 ✓")
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=6)
    expect(answer).to_contain_text("✗")
    assert "why_x=0" in page.url  # nothing is sent while the hand is at work
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"why_x=[4-9]"))
    said = page.locator(".stMain p").filter(has_text="in place of 4")
    expect(said).to_be_visible()
    expect(page.locator(".agreement")).to_contain_text(re.compile(r"0\.0000"))
    page.get_by_role("button", name="Put it back").click()
    expect(answer).to_contain_text("4 ✓")
    expect(page).to_have_url(re.compile(r"why_x=0"))


def test_handles_turn_and_scale_also_by_keys(visit):
    page = visit()
    page.locator(".knob.turn").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"why_angle=10\b"))
    page.locator(".place").focus()
    page.keyboard.press("-")
    expect(page).to_have_url(re.compile(r"why_scale=0\.95\b"))


def test_a_finger_drags_the_digit(visit):
    page = visit(size=(390, 844), touch=True)
    expect(page.locator(ANSWER).first).to_contain_text("%")
    devtools = page.context.new_cdp_session(page)
    x, y = middle(page)

    def touch(kind, *points):
        sent = {"type": kind, "touchPoints": [{"x": px, "y": py} for px, py in points]}
        devtools.send("Input.dispatchTouchEvent", sent)

    touch("touchStart", (x, y))
    for i in range(1, 6):
        touch("touchMove", (x, y + 10 * i))
    touch("touchEnd")
    expect(page).to_have_url(re.compile(r"why_y=[3-9]"))
    small = page.locator(".exhibit").evaluate(
        """root => {
          const text = (node) => node.nodeType === 3 && node.data.trim();
          const says = (each) => [...each.childNodes].some(text);
          const all = [...root.querySelectorAll('*')].filter((each) => each.checkVisibility());
          const size = (each) => parseFloat(getComputedStyle(each).fontSize);
          return all.filter((each) => says(each) && size(each) < 14).length;
        }"""
    )
    assert small == 0
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_a_shift_goes_through_max_pools(visit):
    page = visit("?why_view=pools")
    page.locator(".place").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"why_shift=3\b"))
    expect(page.locator("th.now")).to_have_text("3")
    said = page.locator(".stMain p").filter(has_text="a shift of 3 px")
    expect(said).to_be_visible()


def test_back_leads_through_the_steps_of_a_lecture(visit):
    page = visit("?lesson=paper&at=2")
    expect(page.locator("[data-key=why_x] .figure")).to_have_text("6 px")
    page.keyboard.press("PageDown")
    expect(page).to_have_url(re.compile("at=3"))
    expect(page.locator("[data-key=why_shift] .figure")).to_have_text("2 px")
    page.go_back()
    expect(page.locator("[data-key=why_x] .figure")).to_have_text("6 px")
