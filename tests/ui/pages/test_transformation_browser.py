"""The live figure of the exhibit "transformation" in a real browser: mouse, keys, fingers."""

import re

import pytest
from live_figures import agree, middle, opens
from playwright.sync_api import expect


@pytest.fixture
def visit(tab):
    """visit("?t_family=tps") opens the page and waits for both figures."""

    return opens(tab, "/transformation")


@pytest.mark.parametrize(
    ("family", "change"),
    [
        ("translation", r"t_x=0\.\d+.*t_y=0\.\d+"),
        ("attention", r"t_scale=\d"),
        ("similarity", r"t_scale=\d"),
        ("affine", r"(?=.*t_stretch)(?=.*t_shear)"),
        ("projective", r"(?=.*t_px)(?=.*t_py)"),
        ("tps", r"t_moves=[\w-]{43}"),
    ],
)
def test_a_corner_of_the_grid_follows_the_hand(visit, family, change):
    page = visit(f"?t_family={family}")
    corner = ".knob.theirs"
    x, y = middle(page, corner)
    parts = ".place, .said, .slider"
    boxes = "all => all.map((one) => JSON.stringify(one.getBoundingClientRect()))"
    before = page.locator(parts).evaluate_all(boxes)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 12, y + 30, steps=4)
    page.wait_for_timeout(100)
    now = middle(page, corner)
    assert now == pytest.approx((x + 12, y + 30), abs=3) or family == "attention"
    assert page.locator(parts).evaluate_all(boxes) == before  # nothing else moves
    assert not re.search(change, page.url)  # nothing is sent while the hand is at work
    page.mouse.up()
    expect(page).to_have_url(re.compile(change))
    agree(page)
    page.get_by_role("button", name="Identity").click()
    expect(page.locator(".said")).to_have_text(re.compile("^The identity"))
    agree(page)


def test_a_table_says_what_the_families_keep_and_how_far_this_warp_breaks_the_rest(visit):
    page = visit("?t_family=similarity&t_scale=0.5&t_angle=30")
    rows = page.locator(".families tbody tr")
    expect(rows).to_have_count(6)
    chosen = page.locator(".families .chosen")
    expect(chosen.get_by_role("rowheader")).to_have_text("▶ Similarity · 4 numbers")
    # what the digit does is the opposite of what the grid does
    expect(chosen.get_by_role("cell")).to_have_text(["× 2.00", "30°", "✓", "✓", "✓"])
    kept = rows.evaluate_all("rows => rows.map((row) => row.querySelectorAll('.kept').length)")
    assert kept == [5, 4, 3, 2, 1, 0]


def test_a_slider_is_followed_while_it_moves_and_settles_where_it_is_let_go(visit):
    page = visit()
    turn = page.get_by_role("slider", name="Rotation of the grid")
    box = turn.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.583 * box["width"], height)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], height, steps=5)
    expect(page.locator(".said")).to_contain_text(re.compile(r"turned (8|9)\d° clockwise"))
    expect(page.locator(".matrix .moved")).to_have_count(4)
    assert "t_angle" not in page.url
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"t_angle=(8|9)\d\b"))
    agree(page)
    turn.focus()
    page.keyboard.press("End")
    expect(page).to_have_url(re.compile(r"t_angle=180\b"))
    agree(page)


def test_keys_do_what_the_hand_does(visit):
    page = visit("?t_angle=0&t_scale=1&t_x=0")
    page.get_by_role("application", name=re.compile("The grid")).focus()
    for key in ("ArrowRight", "ArrowUp", "]", "]", "-"):
        page.keyboard.press(key)
    expect(page).to_have_url(
        re.compile(r"(?=.*t_x=0\.07)(?=.*t_y=-0\.07)(?=.*t_angle=2\b)(?=.*t_scale=0\.99)")
    )
    page.get_by_role("button", name="Point 6").focus()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile(r"(?=.*t_follow=6)(?=.*t_at=0\.7%2C0\.07)"))
    expect(page.locator(".said")).to_contain_text("Output point 6")
    page.get_by_role("button", name="Top left corner").focus()
    outline = page.locator(".knob:focus").evaluate("knob => getComputedStyle(knob).outlineStyle")
    assert outline == "solid"  # the focus is seen
    agree(page)


def test_the_linked_point_goes_where_it_is_dragged_and_back_to_its_place(visit):
    page = visit("?t_way=push")
    x, y = middle(page, ".knob.number:has-text('8')")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 20, y - 30, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"(?=.*t_follow=8)(?=.*t_at=-0\.\d+%2C0\.\d+)"))
    slider = page.get_by_role("slider", name="Point to follow")
    expect(slider).to_have_value("8")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"t_follow=7"))
    expect(page).not_to_have_url(re.compile("t_at"))
    agree(page)


def test_fingers_drag_a_control_point_turn_and_scale(visit):
    page = visit("?t_family=tps&t_scale=1&t_angle=0&t_x=0", size=(390, 844), touch=True)
    client = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = middle(page, ".knob.theirs >> nth=5")
    touch("touchStart", (x, y))
    for step in range(1, 5):
        touch("touchMove", (x + 6 * step, y - 4 * step))
    touch("touchEnd")
    expect(page).to_have_url(re.compile(r"t_moves=[\w-]{43}"))
    box = page.locator(".input .place").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch("touchStart", (x - 7, y + 15), (x + 60, y + 15))
    for step in range(1, 5):
        touch("touchMove", (x - 7, y + 15), (x + 60, y + 15 + 10 * step))
    touch("touchEnd")
    expect(page).to_have_url(re.compile(r"(?=.*t_angle=3\d\b)(?=.*t_scale=1\.[12])"))
    sizes = page.locator(".stage, .exhibit").evaluate(
        """root => [...root.querySelectorAll('*')]
          .filter((one) => [...one.childNodes].some((node) => node.data?.trim()))
          .filter((one) => one.getClientRects().length && one.tagName !== 'SUB')
          .map((one) => parseFloat(getComputedStyle(one).fontSize))"""
    )
    assert min(sizes) >= 14
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")
    agree(page)


def test_other_values_are_reached_at_once_where_the_system_asks_for_no_motion(visit):
    page = visit("?t_angle=90", reduced_motion="reduce")
    page.evaluate("""() => {
      window.texts = new Set();
      document.addEventListener('stage-frame', (event) => {
        const root = event.composedPath()[0];
        window.texts.add(root.querySelector('.said').textContent);
      });
    }""")
    page.get_by_role("button", name="Identity").click()
    expect(page.locator(".said")).to_have_text(re.compile("^The identity"))
    agree(page)
    assert page.evaluate("window.texts.size") == 1


def test_the_arrow_leads_from_point_to_point_on_a_dense_display(visit):
    page = visit(size=(640, 400), dense=2)
    floor, links = (page.locator(of).bounding_box() for of in (".floor", ".links"))
    assert links == pytest.approx(floor, abs=1)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")
