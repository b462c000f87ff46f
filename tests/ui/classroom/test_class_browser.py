"""A lecturer's window and two phones, in a real browser."""

import csv
import io
import json
import re
import urllib.request

import pytest
from PIL import Image
from playwright.sync_api import TimeoutError, expect

from benchmarks.browser import free_port, launch, serving

LESSON = """
title.en = "Mine"
title.zh = "我的"

[[step]]
page = "digits"
state = { digit = 3, number = 155, kind = "R", r_angle = 60, models_r = ["CNN", "ST-CNN affine"] }
title.en = "Turned"
title.zh = "转过的"
text = "Look."
question = "Why?"
answer = "So."

[[step]]
page = "transformation"
state = { t_angle = 30 }
title = "<img src=x onerror=alert(1)>"
text = "<b>bold</b>"
question = "Which one?"
answer = "The <i>second</i>."
choices = ["<u>first</u>", "second"]
right = 2

[[step]]
page = "results"
title = "The end"
text = "Nothing is asked."
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lessons")
    (folder / "mine.toml").write_text(LESSON, "utf-8")
    with serving(XDG_STATE_HOME=str(folder), STN_LESSONS=str(folder)) as address:
        yield address


def opened(page):
    """The lecturer's window, once a room is open."""
    page.get_by_role("button", name="Open a room").click()
    expect(page.locator(".class-room .qr path")).to_have_attribute("d", re.compile("^M"))
    return page


@pytest.fixture
def desk(tab):
    """The lecturer's window, with a room that was just opened."""
    page = opened(tab("/lecture"))
    yield page
    page.evaluate("localStorage.clear()")


@pytest.fixture
def phone(tab, desk):
    """phone() is one more phone in that room."""
    href = desk.locator(".class-room .address").get_attribute("href")

    def call(query=""):
        page = tab(href + query, size=(390, 844), touch=True)
        expect(page.locator(".place")).to_contain_text(href[-4:])
        return page

    return call


def begin(desk, at=1):
    desk.get_by_role("link", name=f"{at} · ").click()
    expect(desk.locator(".lecture h2")).to_be_visible()


def switch_network(browser, page, *, offline):
    """As in a tunnel, for one page alone."""
    devtools = browser.new_cdp_session(page)
    devtools.send("Network.enable")
    conditions = {
        "offline": offline,
        "latency": 0,
        "downloadThroughput": -1,
        "uploadThroughput": -1,
    }
    devtools.send("Network.emulateNetworkConditions", conditions)
    return devtools  # the state ends with the session


def touch(page, *path):
    """One finger along points of the window."""
    devtools = page.context.new_cdp_session(page)
    for number, (x, y) in enumerate(path):
        kind = "touchMove" if number else "touchStart"
        points = [{"x": x, "y": y}]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def tap(locator):
    """A touch that becomes a click. Chromium makes none of a touch now and then when the machine is
    busy; then it is touched once more."""
    page = locator.page
    for _ in range(3):
        locator.click(trial=True)  # waits until it lies still and nothing covers it
        locator.evaluate(
            """button => {
              window.clicked = false;
              button.addEventListener("click", () => { window.clicked = true; }, { once: true });
            }"""
        )
        box = locator.bounding_box()
        touch(page, (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
        try:
            return page.wait_for_function("window.clicked !== false", timeout=5000)
        except TimeoutError:
            continue
    raise AssertionError("the touch became no click")


def drag(locator, by):
    box = locator.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
    touch(locator.page, (x, y), (x + by / 2, y), (x + by, y))


def test_phones_follow_vote_and_get_the_answer(desk, phone):
    first, second = phone(), phone("?lang=zh")
    expect(first.get_by_text("You are in")).to_be_visible()
    expect(desk.locator(".class-room .here")).to_have_text("2 here")
    begin(desk)
    expect(first.locator("h1")).to_have_text("Turned")
    expect(second.locator("h1")).to_have_text("转过的")
    expect(first.locator(".says")).to_contain_text("Guess first")  # and the network is silent
    expect(first.locator(".mind .answer")).to_be_hidden()
    tap(first.get_by_role("button", name="4"))
    expect(first.locator(".counted")).to_contain_text("Counted")
    expect(first.locator(".says")).to_contain_text("ST-CNN affine says 3")
    tap(second.get_by_role("button", name="3"))
    tap(first.get_by_role("button", name="3"))  # a second thought
    tap(first.get_by_role("button", name="4"))
    expect(desk.locator(".class-room .voted")).to_have_text("2 guessed")
    expect(desk.locator(".class-room .bars")).to_be_hidden()
    desk.keyboard.press("a")
    for page in (first, second):
        expect(page.locator(".rightly")).to_have_text("✓ 3")
        counts = page.locator(".result .choice .value").all_inner_texts()
        assert counts[3:5] == ["1", "1"] and set(counts[:3] + counts[5:]) == {""}
        expect(page.locator(".choices")).to_be_hidden()
    expect(first.locator(".told")).to_contain_text("your guess: 4")
    shares = desk.locator(".class-room .bars .choice").nth(3).locator("i")
    expect(shares).to_have_count(3)  # the class and two networks
    expect(shares.first).to_have_attribute("style", "--share: 50.0%;")
    desk.keyboard.press("PageDown")
    expect(first.locator("h1")).to_have_text("<img src=x onerror=alert(1)>")
    expect(first.get_by_role("button", name="<u>first</u>")).to_be_visible()
    desk.get_by_role("button", name="Large").click()
    desk.get_by_label("Hide the guesses").uncheck()
    tap(first.get_by_role("button", name="second"))
    expect(desk.locator(".class-large .choice").nth(1).locator(".value")).to_have_text("1")
    desk.keyboard.press("Escape")
    desk.keyboard.press("PageDown")
    expect(first.get_by_text("Nothing is asked.")).to_be_visible()
    expect(first.get_by_text("on the screen in front")).to_be_visible()


def test_a_phone_leaves_the_lecture_with_a_finger_and_is_back_with_one_tap(desk, phone):
    page = phone()
    begin(desk)
    expect(page.locator(".mode")).to_have_text("Following")
    turn = page.get_by_role("slider", name="Turn")
    expect(turn).to_have_value("60")
    drag(page.locator(".picture"), 60)
    expect(page.locator(".mode")).to_have_text("On my own")
    expect(turn).not_to_have_value("60")
    desk.keyboard.press("PageDown")
    back = page.get_by_role("button", name="Back to the lecture, now at step 2")
    expect(page.locator("h1")).to_have_text("Turned")
    tap(back)
    expect(page.locator(".count")).to_have_text("Step 2 of 3")
    expect(page.locator(".mode")).to_have_text("Following")
    expect(page.locator(".foot")).to_be_hidden()


def test_a_step_that_the_server_did_not_take_is_sent_again(desk, phone):
    page = phone()
    begin(desk)
    expect(page.locator(".count")).to_have_text("Step 1 of 3")
    desk.route("**/class/*", lambda route: route.fulfill(status=503, json={}), times=1)
    desk.keyboard.press("PageDown")
    expect(page.locator(".count")).to_have_text("Step 2 of 3")


def test_a_phone_that_slept_is_at_the_present_step_and_its_guess_is_counted(browser, desk, phone):
    page = phone()
    begin(desk)
    expect(page.locator("h1")).to_have_text("Turned")
    tunnel = switch_network(browser, page, offline=True)
    expect(page.get_by_text("No connection.")).to_be_visible()
    tap(page.get_by_role("button", name="7"))
    expect(page.locator(".counted")).to_contain_text("Not sent yet")
    tunnel.detach()
    switch_network(browser, page, offline=False)
    expect(page.locator(".counted")).to_contain_text("Counted")
    expect(desk.locator(".class-room .voted")).to_have_text("1 guessed")
    tunnel = switch_network(browser, page, offline=True)
    expect(page.get_by_text("No connection.")).to_be_visible()
    desk.keyboard.press("PageDown")
    expect(desk.locator(".class-room .here")).to_have_text("0 here")
    tunnel.detach()
    switch_network(browser, page, offline=False)
    expect(page.locator(".count")).to_have_text("Step 2 of 3")
    expect(page.get_by_text("No connection.")).to_be_hidden()


def test_a_phone_that_is_loaded_again_is_the_same_voter(desk, phone):
    page = phone()
    begin(desk)
    tap(page.get_by_role("button", name="7"))
    expect(desk.locator(".class-room .voted")).to_have_text("1 guessed")
    page.reload()
    tap(page.get_by_role("button", name="8"))
    expect(page.locator(".counted")).to_contain_text("Counted")
    expect(desk.locator(".class-room .voted")).to_have_text("1 guessed")
    room = desk.locator(".class-room .code").first.inner_text()
    kept = page.evaluate("({ ...sessionStorage })")  # the rest is shared with the desk here
    assert [*kept] == [f"class {room}"] and re.fullmatch("[0-9a-f]{32}", kept[f"class {room}"])


def test_the_lecture_s_picture_and_table_and_the_end(desk, phone, address):
    page = phone()
    begin(desk)
    tap(page.get_by_role("button", name="4"))
    expect(desk.locator(".class-room .voted")).to_have_text("1 guessed")
    desk.get_by_role("link", name="All steps").click()
    expect(desk.locator(".class-room .voted")).to_have_text("1 guessed")
    expect(desk.locator(".class-picture")).to_have_count(0)  # not before the answer
    begin(desk)
    expect(desk.locator(".lecture details")).to_be_visible()
    desk.keyboard.press("a")
    expect(page.locator(".rightly")).to_be_visible()
    desk.get_by_role("button", name="Large").click()
    expect(desk.locator(".class-large h2")).to_have_text("Which digit is this?")
    for kind, begins in (("PNG", b"\x89PNG"), ("CSV", b"\xef\xbb\xbfstep,")):
        with desk.expect_download() as file:
            desk.get_by_role("button", name=kind).click()
        assert file.value.suggested_filename == f"class-1.{kind.lower()}"
        assert file.value.path().read_bytes().startswith(begins)
    desk.keyboard.press("Escape")
    desk.get_by_role("link", name="All steps").click()
    with desk.expect_download() as file:
        desk.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(file.value.path().read_text("utf-8-sig"))))
    assert len(rows) == 20  # ten digits, two networks
    assert {row["choice"]: row["votes"] for row in rows}["4"] == "1"
    assert {row["choice"] for row in rows if row["right"] == "1"} == {"3"}
    (sure,) = [
        row["probability"]
        for row in rows
        if row["network"].startswith("ST") and row["choice"] == "3"
    ]
    assert float(sure) > 0.5
    desk.goto(f"{address}/lecture?projector=true")
    expect(desk.locator("html")).not_to_have_css("font-size", "17px")
    with desk.expect_download() as file:
        desk.get_by_role("button", name="PNG").click()
    picture = Image.open(file.value.path()).convert("RGB")
    assert picture.width >= 2000 and picture.getpixel((1, 1)) == (255, 255, 255)
    desk.get_by_role("button", name="Large").click()
    desk.get_by_role("button", name="Close the room").click()
    desk.get_by_role("button", name="Close it for everybody?").click()
    expect(desk.get_by_role("button", name="Open a room")).to_be_visible()
    expect(desk.locator(".class-picture")).to_be_visible()
    expect(page.get_by_text("The lecture is over.")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Turned")


def test_the_code_can_be_typed_and_a_wrong_one_is_a_sentence(tab, desk):
    code = desk.locator(".class-room .code").first.inner_text()
    page = tab("/class/QQQQ", size=(390, 844), touch=True)
    expect(page.get_by_text("There is no room with this code")).to_be_visible()
    page.clock.install()
    page.reload()
    page.get_by_label("The four letters").fill(code.lower())
    page.clock.fast_forward(60_000)  # it tries again, but not while somebody types
    expect(page.get_by_label("The four letters")).to_have_value(code.lower())
    tap(page.get_by_role("button", name="Join"))
    expect(page.get_by_text("You are in")).to_be_visible()
    page = tab("/class", size=(390, 844), touch=True)
    page.get_by_label("The four letters").fill(code)
    tap(page.get_by_role("button", name="Join"))
    expect(page.get_by_text("You are in")).to_be_visible()


def test_a_reloaded_lecturer_still_steers(desk, phone):
    page = phone()
    begin(desk)
    expect(page.locator("h1")).to_have_text("Turned")
    desk.reload()
    expect(desk.locator(".lecture h2")).to_be_visible()
    desk.keyboard.press("PageDown")
    expect(page.locator(".count")).to_have_text("Step 2 of 3")
    assert "secret" not in desk.url and "secret" not in page.url


def test_a_killed_server_comes_back_with_every_guess(tab, tmp_path):
    folder = tmp_path / "lessons"
    folder.mkdir()
    (folder / "mine.toml").write_text(LESSON, "utf-8")
    port = free_port()
    known = {"XDG_STATE_HOME": str(tmp_path), "STN_LESSONS": str(folder)}
    server = launch(port, **known)
    try:
        desk = opened(tab(f"http://127.0.0.1:{port}/lecture"))
        href = desk.locator(".class-room .address").get_attribute("href")
        code = href.rpartition("/")[2]
        phones = [
            tab(f"http://127.0.0.1:{port}/class/{code}", size=(390, 844), touch=True)
            for _ in range(2)
        ]
        begin(desk)
        for phone, guess in zip(phones, "47", strict=True):
            tap(phone.get_by_role("button", name=guess))
            expect(phone.locator(".counted")).to_contain_text("Counted")
        server.kill()
        server.wait(10)
        expect(phones[0].get_by_text("No connection.")).to_be_visible()
        server = launch(port, **known)
        expect(desk.locator(".class-room .here")).to_have_text("2 here")
        expect(desk.locator(".class-room .voted")).to_have_text("2 guessed")
        desk.keyboard.press("a")
        for phone in phones:
            counts = phone.locator(".result .choice .value").all_inner_texts
            expect(phone.locator(".rightly")).to_have_text("✓ 3")
            assert [i for i, count in enumerate(counts()) if count == "1"] == [4, 7]
    finally:
        server.kill()
        server.wait(10)


def test_a_server_that_is_told_to_end_does_not_wait_for_phones(tmp_path):
    port = free_port()
    server = launch(port, XDG_STATE_HOME=str(tmp_path))
    address = f"http://127.0.0.1:{port}/class"
    try:
        kind = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(address, b"{}", kind)) as answer:
            room = json.load(answer)["room"]
        with urllib.request.urlopen(f"{address}/{room}/events") as phone:
            assert phone.readline().startswith(b"retry")
            server.terminate()
            server.wait(30)
            assert b"event: state" in phone.read()  # and it has ended
    finally:
        server.kill()
        server.wait(10)
