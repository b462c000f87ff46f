"""The live stage in a real browser: hand, keys, two fingers; it answers as PyTorch does."""

import re

import pytest
import torch
from playwright.sync_api import expect
from torch import nn

from benchmarks.browser import serving
from stn_core import EXPERIMENTS
from stn_core.experiments.checkpoints import save_checkpoint

INPUT = ".js-plotly-plot .imagelayer image"
START = "/?kind=RTS&rts_angle=-20"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The app with untrained models that do something."""
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    for name in (
        "rts-cnn",
        "rts-st-cnn-affine",
        "p-st-cnn-projective",
        "e-st-cnn-tps",
        "tc-st-cnn-affine",
    ):
        model = EXPERIMENTS[name].create_model()
        for module in model.modules():
            if isinstance(module, nn.Linear) and module.out_features == 10:
                nn.init.normal_(module.weight, std=0.5)
        if model.transformer is not None:
            nn.init.normal_(model.transformer.localisation.regression.weight, std=0.05)
        save_checkpoint(folder / EXPERIMENTS[name].path, model, EXPERIMENTS[name], {}, {})
    with serving(STN_CHECKPOINTS=str(folder)) as address:
        yield address


@pytest.fixture
def visit(tab):
    """visit(path) opens the stage as a new visitor and waits for its networks."""

    def call(path=START, ready=True, **options):
        page = tab(path, **options)
        page.locator(INPUT).first.wait_for()
        if ready:
            expect(page.locator(".row .answer").last).to_have_text(re.compile("%"))
        return page

    return call


def at(page, x, y, of=".place"):
    """A place on an element, from 0 to 1."""
    box = page.locator(of).first.bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def drag(page, start, end, steps=6):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=steps)
    page.mouse.up()


def answers(page):
    """What the rows say, and what torch's figure says, as (class, percent)."""
    live = [
        re.findall(r"\d+", text)[-2:] for text in page.locator(".row .answer").all_text_contents()
    ]
    texts = page.locator(".js-plotly-plot .annotation-text").all_text_contents()
    torchs = [
        re.findall(r"\d+", text)
        for text in texts
        if re.fullmatch(r"\d [✓✗]? *\d+ %", text.replace("\xa0", " "))
    ]
    return live, torchs


def agree(page):
    page.wait_for_function(
        "() => document.querySelectorAll('.js-plotly-plot .annotation-text').length > 5"
    )
    for _ in range(100):
        live, torchs = answers(page)
        same = len(live) == len(torchs) and all(
            len(one) == 2 and one[0] == other[0] and abs(int(one[1]) - int(other[1])) <= 1
            for one, other in zip(live, torchs, strict=True)
        )  # a row that has no answer yet has no figures
        if same:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the stage says {live}, torch {torchs}")


def test_dragging_moves_the_digit_and_torch_agrees_where_it_rests(visit):
    page = visit()
    agree(page)
    before = page.locator(INPUT).first.get_attribute("href")
    places = page.locator(".row, .place, .note").evaluate_all(
        "all => all.map(one => JSON.stringify(one.getBoundingClientRect()))"
    )
    page.mouse.move(*at(page, 0.5, 0.5))
    page.mouse.down()
    page.mouse.move(*at(page, 0.65, 0.4), steps=8)
    assert (
        page.locator(".row, .place, .note").evaluate_all(
            "all => all.map(one => JSON.stringify(one.getBoundingClientRect()))"
        )
        == places
    )
    assert "rts_x" not in page.url  # nothing is sent while the hand is at work
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"rts_x=7\.5&rts_y=-5\b|rts_x=[78].*rts_y=-[45]"))
    page.wait_for_function(
        f"before => document.querySelector('{INPUT}')?.getAttribute('href') !== before", arg=before
    )
    agree(page)


def test_handles_turn_and_scale(visit):
    page = visit("/?kind=RTS")
    drag(page, at(page, 0.5, 0.5, ".knob.turn"), at(page, 0.9, 0.5))
    expect(page).to_have_url(re.compile(r"rts_angle=(8[5-9]|9[0-5])\b"))
    drag(page, at(page, 0.5, 0.5, ".knob.corner"), at(page, 0.5, 0.5))
    expect(page).to_have_url(re.compile(r"rts_scale=0\.4\b"))
    page.mouse.move(*at(page, 0.5, 0.5))
    page.mouse.wheel(0, -2000)
    expect(page).to_have_url(re.compile(r"rts_scale=1\.6\b"))
    agree(page)


def test_keys_do_what_the_hand_does(visit):
    page = visit("/?kind=RTS")
    page.locator(".place").focus()
    for key in ("ArrowRight", "ArrowUp", "]", "]", "+", "-", "-"):
        page.keyboard.press(key)
    expect(page).to_have_url(
        re.compile(r"(?=.*rts_x=1\b)(?=.*rts_y=-1\b)(?=.*rts_angle=2\b)(?=.*rts_scale=0\.95\b)")
    )
    outline = page.locator(".place").evaluate("place => getComputedStyle(place).outlineStyle")
    assert outline == "solid"  # the focus is seen
    expect(page.locator(".live")).to_contain_text(re.compile(r"CNN: \d, \d+ %"))


def test_corners_of_p_and_points_of_e_follow_the_hand(visit):
    page = visit("/?kind=P&models_p=ST-CNN+projective")
    drag(page, at(page, 0.5, 0.5, ".knob"), at(page, 0.3, 0.4))
    expect(page).to_have_url(re.compile(r"(?=.*p_x0=\d)(?=.*p_y0=\d)"))
    agree(page)
    page = visit("/?kind=E&models_e=ST-CNN+TPS")
    expect(page.locator(".knob")).to_have_count(16)
    page.locator(".knob").nth(5).focus()
    page.keyboard.press("Shift+ArrowLeft")
    expect(page).to_have_url(re.compile(r"e_moves=[\w-]{43}"))
    agree(page)


def test_an_old_address_leads_to_the_same_state(visit):
    page = visit("/stage?kind=TC&models_tc=ST-CNN+affine&tc_x=3")
    expect(page).to_have_url(re.compile(r"/\?kind=TC.*tc_x=3\b"))
    expect(page.get_by_role("slider", name="Place →")).to_have_value("3")
    drag(page, at(page, 0.5, 0.5, ".knob.box"), at(page, 0.2, 0.3))
    expect(page).to_have_url(re.compile("tc_drops="))
    agree(page)


def test_a_slider_is_followed_while_it_moves_and_settles_where_it_is_let_go(visit):
    page = visit("/?kind=RTS")
    agree(page)
    turn = page.get_by_role("slider", name="Rotation")
    box = turn.bounding_box()
    middle = box["y"] + box["height"] / 2
    before = page.locator(".row .matrix").last.text_content()
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], middle, steps=5)
    expect(page.locator(".slider .figure").first).to_have_text(re.compile(r"3\d°"))
    expect(page.locator(".row .matrix").last).not_to_have_text(before)
    assert "rts_angle" not in page.url  # nothing is sent while the hand is at work
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"rts_angle=3\d\b"))
    turn.focus()
    page.keyboard.press("Home")
    expect(page).to_have_url(re.compile(r"rts_angle=-180\b"))
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"rts_angle=-179\b"))
    agree(page)
    expect(page.locator(".agreement")).to_have_text(re.compile(r"0\.0000\d\d|< 0\.000001"))


def test_reset_leads_back_to_the_opening(visit):
    page = visit("/?kind=TC&digit=3&mode=look")
    page.get_by_role("button", name="Reset").click()
    expect(page).not_to_have_url(re.compile("kind|digit|mode"))
    expect(page.get_by_role("slider", name="Rotation")).to_have_value("40")
    expect(page.get_by_role("radio", name="9")).to_be_checked()
    page.get_by_role("button", name="At random").click()
    expect(page).to_have_url(re.compile("r_angle="))


def test_a_message_that_is_lost_is_said_again(tab):
    lost, losing = [], []

    def between(socket):
        server = socket.connect_to_server()

        def on_its_way(message):
            if losing and not lost:
                lost.append(message)
            else:
                server.send(message)

        socket.on_message(on_its_way)

    page = tab(
        "/?r_angle=60", before=lambda page: page.route_web_socket(re.compile("stream"), between)
    )
    agree(page)
    losing.append(True)
    page.get_by_role("button", name="Reset").click()
    expect(page).not_to_have_url(re.compile("r_angle"))
    assert lost
    expect(page.get_by_role("slider", name="Rotation")).to_have_value("40")


def test_the_opening_moves_until_it_is_touched(visit):
    page = visit("/", ready=False)
    turn = page.get_by_role("slider", name="Rotation")
    expect(turn).not_to_have_value("40")
    page.mouse.wheel(0, 1)  # a touch
    expect(turn).to_have_value("40")
    expect(page.get_by_role("button", name="Start the lecture")).to_be_visible()
    page.get_by_role("button", name="Try it yourself").click()
    expect(page.locator(".place")).to_be_focused()
    expect(page.get_by_role("radio", name="Move the grid")).to_be_visible()


@pytest.mark.parametrize(
    ("size", "query"), [((390, 844), ""), ((1280, 800), ""), ((1280, 800), "?projector=true")]
)
def test_the_picture_stays_under_the_hand_that_begins(visit, size, query):
    page = visit(f"/{query}", size=size)
    before = page.locator(".stage .place").bounding_box()
    page.get_by_role("button", name="Try it yourself").click()
    modes = page.get_by_role("radiogroup", name="What the hand does")
    for mode in ("Move the grid", "Look inside", "Draw", "Move the digit"):
        modes.get_by_role("radio", name=mode).click()
        after = page.locator(".stage .place").bounding_box()
        assert mode == "Draw" or abs(after["y"] - before["y"]) < 4


def test_the_opening_rests_where_the_system_asks_for_it(visit):
    page = visit("/", reduced_motion="reduce")
    told = "() => { window.frames = 0; addEventListener('stage-frame', () => window.frames++); }"
    page.evaluate(told)
    page.wait_for_timeout(300)
    assert page.evaluate("window.frames") == 0
    expect(page.get_by_role("slider", name="Rotation")).to_have_value("40")
    page.get_by_role("button", name="Start the lecture").click()
    expect(page).to_have_url(re.compile("lesson=paper&at=1"))
    page.locator(".lecture h2").wait_for()


def test_terms_explain_themselves_to_mouse_keys_and_fingers(visit):
    page = visit(touch=True)
    name = page.locator(".row h5 .explained").first
    note = name.get_by_role("tooltip")
    client = page.context.new_cdp_session(page)

    def tap():
        x, y = at(page, 0.5, 0.5, ".row h5 .explained")
        for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    expect(note).to_be_hidden()
    for show in (name.hover, name.focus, tap):
        show()
        expect(note).to_contain_text("a convolutional network")
        expect(note).to_be_visible()
        page.keyboard.press("Escape")
        page.mouse.move(0, 0)
        expect(note).to_be_hidden()


def test_the_sum_behind_a_pixel_is_written_out(visit):
    page = visit("/?kind=RTS&mode=look")
    page.mouse.move(*at(page, 0.5, 0.45, ".row:not(.plain) .output"), steps=3)
    text = page.locator(".sum").text_content().replace("−", "-")
    terms = re.findall(r"(-?[\d.]+)·([\d.]+)", text)
    assert len(terms) == 4 and sum(float(weight) for weight, _ in terms) == pytest.approx(
        1, abs=0.03
    )
    assert sum(float(weight) * float(value) for weight, value in terms) == pytest.approx(
        float(text.split("=")[-1]), abs=0.03
    )
    page.get_by_role("radio", name="bicubic").click()
    page.mouse.move(*at(page, 0.5, 0.5, ".row:not(.plain) .output"), steps=3)
    assert len(re.findall("·", page.locator(".sum").text_content())) == 16
    page.mouse.move(*at(page, 0.5, 0.5), steps=3)
    expect(page.locator(".sum")).to_contain_text(re.compile(r"U\(\d+, \d+\) = .*V\(\d+, \d+\) × "))
    expect(page).to_have_url(re.compile("kernel=bicubic"))
    rights = page.locator(".sum, .sum span, .place").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().right)"
    )
    assert max(rights) <= rights[0] + 1  # nothing runs into the rows
    page.locator(".row:not(.plain) .output").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".sum")).to_contain_text("V(")


def test_handles_go_where_there_is_nothing_to_hold(visit):
    page = visit()
    for mode, some in (
        ("Move the grid", True),
        ("Look inside", False),
        ("Move the digit", True),
        ("Draw", False),
    ):
        page.get_by_role("radio", name=mode).click()
        expect(page.locator(".knob").first).to_be_visible() if some else expect(
            page.locator(".knob")
        ).to_have_count(0)


def test_theta_can_be_taken_into_the_hand(visit):
    page = visit()
    page.get_by_role("radio", name="Move the grid").click()
    expect(page.locator(".knob.theirs")).to_have_count(5)
    drag(page, at(page, 0.5, 0.5, ".knob.theirs"), at(page, 0.2, 0.2))
    expect(page).to_have_url(
        re.compile(r"(?=.*mode=grid)(?=.*hand=st-cnn-affine)(?=.*theta=-?[\d.]+%2C)")
    )
    expect(page.locator(".row .answer").last).to_contain_text("you")
    expect(page.locator(".score")).to_contain_text(re.compile(r"you [\d.]+ %, network [\d.]+ %"))
    expect(page.locator(".js-plotly-plot .barlayer path")).to_have_count(30)
    live = re.findall(r"\d+", page.locator(".row .answer").last.text_content())
    assert live[0] == answers(page)[1][-1][0]
    page.get_by_role("button", name="Network's θ").click()
    expect(page.locator(".js-plotly-plot .barlayer path")).to_have_count(20)


def test_a_sampling_grid_is_whole_however_large(visit):
    page = visit(START + "&mode=grid&hand=st-cnn-affine&theta=1.6,0.8,0.2,-0.8,1.6,0")
    expect(page.locator(".row .answer").last).to_contain_text("you")
    edge = """canvas => {
        const { width, height } = canvas;
        const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
        const drawn = (x, y) => pixels[4 * (y * width + x) + 3] > 0;
        const onEdge = (i) =>
          drawn(i, 0) || drawn(i, height - 1) || drawn(0, i) || drawn(width - 1, i);
        return [...Array(width).keys()].filter(onEdge);
    }"""
    assert page.locator(".row canvas.grid").last.evaluate(edge) == []


def test_a_digit_is_drawn_distorted_and_passed_on(visit):
    page = visit("/?kind=RTS&rts_angle=60&mode=draw")
    drag(page, at(page, 0.4, 0.2), at(page, 0.6, 0.8))
    expect(page).to_have_url(re.compile(r"own=[\w-]+"))
    expect(page).not_to_have_url(re.compile("rts_angle=60"))  # one draws upright
    agree(page)
    page.get_by_role("radio", name="Move the digit").click()
    page.locator(".place").focus()
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile(r"rts_angle=1\b"))
    agree(page)
    light = """canvas => {
      const { width, height } = canvas;
      const at = [0.2 * width, 0.1 * height, 0.6 * width, 0.7 * height].map(Math.round);
      const { data } = canvas.getContext("2d").getImageData(...at);
      return data.filter((value, i) => i % 4 === 0 && value > 60).length;
    }"""
    another = visit("/" + page.url.split("/", 3)[3] + "&mode=draw")
    pad = another.locator(".place canvas")
    assert pad.evaluate(light) > 100  # it shows the digit that the networks answer for
    friend = visit("/" + page.url.split("/", 3)[3])
    assert friend.locator(INPUT).first.get_attribute("href") == page.locator(
        INPUT
    ).first.get_attribute("href")


def test_two_fingers_scale_and_turn(visit):
    page = visit("/?kind=RTS", touch=True)
    client = page.context.new_cdp_session(page)

    def touch(kind, *points):
        places = [
            {"x": x, "y": y, "id": i}
            for i, (x, y) in enumerate(at(page, *point) for point in points)
        ]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", (0.4, 0.5), (0.6, 0.5))
    for share in (0.25, 0.5, 0.75, 1):
        touch("touchMove", (0.4, 0.5 - 0.1 * share), (0.6, 0.5 + 0.1 * share))
    touch("touchEnd")
    expect(page).to_have_url(re.compile(r"(?=.*rts_angle=(4[4-6])\b)(?=.*rts_scale=1\.4)"))


def test_the_models_are_fetched_once(visit):
    fetched = []
    page = visit(
        before=lambda page: page.on("request", lambda request: fetched.append(request.url))
    )
    page.locator(".place").focus()
    for key in ("ArrowRight", "ArrowDown"):
        before = page.url
        page.keyboard.press(key)
        page.wait_for_function("before => location.href !== before", arg=before)
    agree(page)
    models = [url for url in fetched if "/model-" in url]
    assert len(models) == len(set(models)) == 2 and sum("network.js" in url for url in fetched) == 1


def test_without_its_script_the_page_says_so_and_torch_answers(visit):
    page = visit(
        ready=False,
        before=lambda page: page.route(
            "**/digits-*/browser/network.js", lambda route: route.abort()
        ),
    )
    expect(
        page.get_by_role("alert").filter(has_text="The live part could not start")
    ).to_be_visible()
    page.get_by_role("radio", name="RTS").first.wait_for()
    page.get_by_test_id("stSidebar").get_by_role("radio", name="7").click()
    expect(page.get_by_role("img", name="CNN answers")).to_be_visible()


def test_a_narrow_screen_does_not_scroll_sideways(visit):
    page = visit(size=(420, 900), touch=True)
    for selector in ("html", "[data-testid=stMain]"):
        wide, room = page.locator(selector).evaluate(
            "element => [element.scrollWidth, element.clientWidth]"
        )
        assert wide <= room
    assert page.locator(".place").bounding_box()["width"] > 300


def test_plotly_has_the_arrays_that_it_would_have_found_itself(visit):
    page = visit()
    page.locator("input[type=range]").first.press("ArrowRight")  # drawn a second time
    expect(page.locator(".agreement")).to_contain_text("0.")
    found, own = page.evaluate(
        """async () => {
          const traces = document.querySelector('.js-plotly-plot')._fullData;
          const src = [...document.scripts].find((one) => /plotly/.test(one.src)).src;
          await new Promise((onload) => {
            document.head.append(Object.assign(document.createElement('script'), { src, onload }));
          });
          const { findArrayAttributes } = window.Plotly.PlotSchema;
          return [traces.map((one) => one._arrayAttrs), traces.map(findArrayAttributes)];
        }"""
    )
    assert found == own and any("x" in names for names in own)
