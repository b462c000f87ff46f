"""The live figure of the exhibit "sampler" in a real browser: mouse, keys, fingers."""

import re

import pytest
from live_figures import agree, middle, opens
from playwright.sync_api import expect


@pytest.fixture
def visit(tab):
    """visit("?s_x=5") opens the page and waits for both figures."""

    return opens(tab, "/sampler")


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("place", [".input", ".patch"])
def test_the_point_is_dragged_in_either_picture(visit, kernel, place):
    page = visit(f"?s_kernel={kernel}")
    x, y = middle(page, f"{place} .knob")
    parts = ".place, .said, .slider, .terms"
    boxes = "all => all.map((one) => JSON.stringify(one.getBoundingClientRect()))"
    before = page.locator(parts).evaluate_all(boxes)
    value = page.locator(".slider .figure").first
    from_here = value.text_content()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 25, y - 15, steps=4)
    expect(value).not_to_have_text(from_here)
    assert middle(page, f"{place} .knob") == pytest.approx((x + 25, y - 15), abs=2)
    assert page.locator(parts).evaluate_all(boxes) == before  # nothing else moves
    assert "s_x" not in page.url  # nothing is sent while the hand is at work
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"(?=.*s_x=1\d)(?=.*s_y=1\d)"))
    agree(page)


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ("s_x=12&s_y=16", "lies on a pixel's centre"),
        ("s_x=-0.5&s_y=16.4", "near the edge: only 50 %"),
        ("s_x=-1&s_y=-1", "outside the image"),
        ("s_x=11.5&s_y=16.5&s_kernel=nearest", "takes the nearest one"),
    ],
)
def test_what_is_said_is_what_pytorch_s_figure_says(visit, point, said):
    page = visit(f"?{point}")
    expect(page.locator(".said")).to_contain_text(said)
    agree(page)


def test_keys_and_sliders_move_the_point(visit):
    page = visit("?s_x=12&s_y=16")
    page.locator(".patch .knob").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    expect(page).to_have_url(re.compile(r"(?=.*s_x=12\.1)(?=.*s_y=15\.5)"))
    expect(page.locator(".live")).to_contain_text("mixes 4 of them")
    slider = page.get_by_role("slider", name="Point x")
    slider.focus()
    page.keyboard.press("End")
    expect(page).to_have_url(re.compile(r"s_x=28\b"))
    expect(page.locator(".said")).to_contain_text("outside the image")
    agree(page)


def test_a_finger_drags_the_point_on_a_phone(visit):
    page = visit(size=(390, 844), touch=True)
    client = page.context.new_cdp_session(page)
    x, y = middle(page, ".input .knob")
    for kind, points in (
        ("touchStart", [(x, y)]),
        *(("touchMove", [(x + 8 * step, y)]) for step in range(1, 5)),
        ("touchEnd", []),
    ):
        places = [{"x": px, "y": py, "id": 0} for px, py in points]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    expect(page).to_have_url(re.compile(r"s_x=1[5-9]"))
    sizes = page.locator(".exhibit").evaluate(
        """root => [...root.querySelectorAll('*')]
          .filter((one) => [...one.childNodes].some((node) => node.data?.trim()))
          .filter((one) => one.getClientRects().length)
          .map((one) => parseFloat(getComputedStyle(one).fontSize))"""
    )
    assert min(sizes) >= 14
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")
    agree(page)
