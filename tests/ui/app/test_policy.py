"""What a page may load: nothing from elsewhere, no script that is not the app's or Streamlit's."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.file_util import get_static_dir

from ui.app.policy import Guarded, digest
from ui.app.server import routes
from ui.classroom import page as phone
from ui.pages.registry import PAGES, path_of

WATCH = """window.refused = []; document.addEventListener('securitypolicyviolation', event =>
  window.refused.push(`${event.effectiveDirective} ${event.blockedURI}`))"""


def parts(answer):
    words = (part.split() for part in answer.headers["content-security-policy"].split(";"))
    return {name: sources for name, *sources in words}


@pytest.fixture(scope="module")
def client():
    own = Route("/own", lambda request: HTMLResponse("", headers=phone.SAFE))
    return TestClient(Starlette(routes=[own, *routes()], middleware=[Middleware(Guarded)]))


@pytest.mark.parametrize("name", ["", "why", "lecture", "no-such-page"])
def test_every_page_has_a_policy_without_inline_scripts_of_its_own(client, name):
    answer = client.get(f"/{name}")
    scripts = parts(answer)["script-src"]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "data:"} & set(scripts)
    inline = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert {digest(script) for script in inline} == {each for each in scripts if "sha256" in each}
    assert not re.search(r'<script[^>]*src="(?!\./)', answer.text)
    assert parts(answer)["default-src"] == ["'self'"] and answer.headers["referrer-policy"]


def test_other_answers_are_what_they_say_they_are_and_an_own_policy_stays(client):
    script = re.search(r"app/static/history-\w+\.js", client.get("/").text)[0]
    answer = client.get(f"/{script}")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" not in answer.headers
    own = client.get("/own").headers
    assert own["content-security-policy"] == phone.SAFE["Content-Security-Policy"]


def test_the_phone_page_says_its_policy_itself_where_no_server_does():
    assert f'content="{phone.POLICY}"' in phone.html("files", {})


def test_streamlit_s_page_has_no_script_that_the_policy_forgets():
    html = (Path(get_static_dir()) / "index.html").read_text("utf-8")
    assert not re.search(r"<script(?![^>]*src=)[^>]+>|\son\w+=|javascript:", html)


# In a browser


@pytest.mark.parametrize("name", [*PAGES, "lecture", "why?lesson=paper&at=3"])
def test_no_page_asks_for_what_its_policy_refuses(tab, name):
    page = tab(f"/{path_of(name)}", before=lambda page: page.add_init_script(WATCH))
    app = page.get_by_test_id("stApp")
    app.and_(page.locator("[data-test-script-state=notRunning]")).wait_for()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("refused") == []


def test_what_is_foreign_is_refused(tab):
    page = tab("/why", before=lambda page: page.add_init_script(WATCH))
    page.get_by_test_id("stApp").wait_for()
    page.evaluate("""() => {
      document.body.append(Object.assign(new Image(), { src: "http://x.test/a.png" }));
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.body.append(script);
      fetch("http://x.test/").catch(() => {});
    }""")
    page.locator("img[src*='x.test']").wait_for(state="attached")
    page.wait_for_timeout(0)
    refused = {each.split()[0] for each in page.evaluate("refused")}
    assert refused == {"img-src", "script-src-elem", "connect-src"}
    assert page.evaluate("window.ran") is None
