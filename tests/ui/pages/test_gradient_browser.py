"""The live figure of "gradient" in a real browser: the window is dragged, turned and played;
PyTorch follows when it rests."""

import re

import pytest
from playwright.sync_api import expect

FIGURE = ".js-plotly-plot .imagelayer image"


@pytest.fixture
def visit(tab):
    """visit("?g_x=2") opens the page there and waits for its network and PyTorch's figure."""

    def call(query="", **options):
        page = tab(f"/gradient{query}", **options)
        page.locator(FIGURE).first.wait_for()
        expect(page.locator(".exhibit h5")).to_contain_text(re.compile(r"\d\.\d\d"))
        return page

    return call


def loss(page):
    return float(re.search(r"\d+\.\d\d", page.locator(".exhibit h5").inner_text())[0])


def middle(page, of=".place", x=0.5, y=0.5):
    box = page.locator(of).first.bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def theta(page):
    return [float(text) for text in re.search(r"g_theta=([^&]+)", page.url)[1].split("%2C")]


def test_the_window_is_dragged_and_pytorch_follows_where_it_rests(visit):
    page = visit()
    mosaic = page.locator(FIGURE).nth(1)  # the first is the input, which stays
    before, figure = loss(page), mosaic.get_attribute("href")
    x, y = middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 40, y - 40, steps=5)
    expect(page.locator(".exhibit h5")).not_to_contain_text(f"{before:.2f}")
    assert "g_theta" not in page.url  # nothing is sent while the hand is at work
    page.mouse.up()
    expect(page).to_have_url(re.compile("g_theta="))
    found = theta(page)
    assert found[2] < -0.1 and found[5] < -0.1 and found[:2] == [1, 0]
    expect(mosaic).not_to_have_attribute("href", figure)
    expect(page.locator(".agreement")).to_contain_text(re.compile(r"0\.0000"))
    page.reload()
    page.locator(FIGURE).first.wait_for()
    assert theta(page) == found
    page.get_by_role("button", name="Window back").click()
    expect(page).not_to_have_url(re.compile("g_theta="))
    expect(page.locator(".exhibit h5")).to_contain_text(f"{before:.2f}")


def test_handles_have_keys(visit):
    page = visit("?g_family=similarity")
    page.locator(".knob.turn").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("g_theta=0.996.*%2C0.087"))  # five degrees
    page.locator(".place").focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("g_theta=0.996.*%2C0.087.*%2C-0.07"))  # and a pixel


def test_a_finger_drags_the_window(visit):
    page = visit(size=(390, 844), touch=True)
    devtools = page.context.new_cdp_session(page)
    x, y = middle(page)

    def touch(kind, *points):
        sent = {"type": kind, "touchPoints": [{"x": px, "y": py} for px, py in points]}
        devtools.send("Input.dispatchTouchEvent", sent)

    top = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    touch("touchStart", (x, y))
    for i in range(1, 6):
        touch("touchMove", (x - 8 * i, y - 8 * i))
    touch("touchEnd")
    expect(page).to_have_url(re.compile("g_theta="))
    assert theta(page)[2] < -0.1
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == top


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_the_steps_are_played_in_the_browser(visit, motion):
    page = visit("?g_steps=50", reduced_motion=motion)
    page.get_by_role("button", name="Play").click()
    expect(page.locator("[data-key=g_steps] .figure")).to_have_text("60")
    expect(page).to_have_url(re.compile("g_steps=60"))
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(page.locator(".stMain p").filter(has_text="After 60 steps the loss")).to_be_visible()


def test_a_gradient_dies_on_one_scale(visit):
    page = visit()
    ink = """canvas => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let found = 0;
      for (let i = 0; i < data.length; i += 4) {
        found += data[i + 1] > 100 && data[i] < 60 && data[i + 2] < 160;
      }
      return found;
    }"""
    window = page.locator(".place canvas")
    alive, first = window.evaluate(ink), loss(page)
    for _ in range(3):
        page.get_by_role("button", name="Ten steps").click()
    expect(page).to_have_url(re.compile("g_steps=30"))
    assert loss(page) < 0.05 * first
    assert window.evaluate(ink) < 0.2 * alive


def test_a_slider_moves_the_figure_at_every_step(visit):
    page = visit()
    before = page.locator(".exhibit h5").inner_text()
    slider = page.locator("[data-key=g_x] input")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".exhibit h5")).not_to_have_text(before)
    expect(page).to_have_url(re.compile("g_x=-2"))
