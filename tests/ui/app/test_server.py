"""What the server answers at the pages' addresses, and a server that is started again under a
visitor."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ui.app.opening import FIRST_PAGE, SCRIPTS
from ui.app.server import routes
from ui.pages.registry import PAGES

ROOT = Path(__file__).parents[3]


@pytest.fixture
def client():
    return TestClient(Starlette(routes=routes()), follow_redirects=False)


def test_the_first_page_s_name_leads_to_it(client):
    assert next(iter(PAGES)) in FIRST_PAGE
    for name in FIRST_PAGE:
        answer = client.get(f"/{name}?lang=zh&digit=7")
        assert answer.status_code == 307 and answer.headers["location"] == "./?lang=zh&digit=7"
    assert client.get("/digits").headers["location"] == "./"


@pytest.mark.parametrize("name", ["", *list(PAGES)[1:], "lecture", "no-such-page"])
def test_every_other_name_is_answered_with_the_page(client, name):
    answer = client.get(f"/{name}")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-cache"
    for script in SCRIPTS:
        at = answer.text.index(f"./app/static/{script}")
        assert at < answer.text.index("<script type")  # before all of Streamlit's
        assert client.get(f"/app/static/{script}").status_code == 200


@pytest.mark.parametrize("name", ["favicon.png", "a/b", "_stcore", ".env", "%2e%2e"])
def test_what_names_no_page_is_left_to_streamlit(client, name):
    assert client.get(f"/{name}").status_code == 404  # here is none


# In a browser


def start(port):
    settings = ("headless=true", f"port={port}", "address=127.0.0.1")
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    server = subprocess.Popen(
        [*command, *(f"--server.{setting}" for setting in settings)],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
            return server
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)


def stop(server):
    server.terminate()
    server.wait(30)


@pytest.fixture
def server():
    """A server to stop and to start again: its address, and how."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = [start(port)]

    def restart(meanwhile):
        stop(running.pop())
        meanwhile()
        running.append(start(port))

    yield f"http://127.0.0.1:{port}", restart
    for each in running:
        stop(each)


STATE = "data-test-connection-state"


def turned(page, key):
    """Turn a live slider up by a step, once its figure is painted, for which it must be seen."""
    page.bring_to_front()
    control = page.locator(f"[data-key={key}]").first
    expect(control.locator(".figure")).not_to_be_empty()
    control.locator("input").focus()
    page.keyboard.press("ArrowRight")


def came_back(page):
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute(STATE, "CONNECTED")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")


def test_a_server_that_is_started_again_loses_nothing(browser, server):
    """What a hand does before, meanwhile and afterwards reaches Python and the address, whether the
    server ran the whole page last or its live part alone; and the address restores the rest."""
    address, restart = server
    why, digits, pairs = pages = [browser.new_page() for _ in range(3)]
    why.goto(f"{address}/why?why_x=6")
    turned(why, "why_angle")
    expect(why).to_have_url(re.compile("why_angle=5"))
    heading = why.locator(".stMain p").filter(has_text="After this change")
    expect(heading).to_be_visible()
    said = heading.inner_text()
    for page, path in ((digits, ""), (pairs, "pairs")):
        page.goto(f"{address}/{path}")
        page.bring_to_front()
        expect(page.locator("[data-key=r_angle] .figure").first).not_to_be_empty()

    def meanwhile():
        for page in pages:  # Streamlit covers them
            page.get_by_role("dialog").get_by_role("button", name="Close").click()
        turned(why, "why_angle")
        turned(digits, "r_angle")
        digits.get_by_role("radio", name="Move the grid").click()

    restart(meanwhile)
    for page in pages:
        came_back(page)
    expect(why).to_have_url(re.compile("why_x=6.*why_angle=10"))
    expect(heading).not_to_have_text(said)
    expect(digits).to_have_url(re.compile("r_angle=.*mode=grid"))
    turned(pairs, "r_angle")
    expect(pairs).to_have_url(re.compile("two_r_angle_1="))
    for page in pages:
        expect(page.get_by_test_id("stException")).to_have_count(0)
        page.close()
