"""What others wrote - in an address, in a file, as a file's name - stands on a page letter by
letter: no link, no picture, and nothing is fetched."""

import json
import os
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import torch
from markdown_it import MarkdownIt
from playwright.sync_api import expect
from safetensors.torch import save_file
from visits import visited

from benchmarks.browser import ROOT, serving
from stn_core import EXPERIMENTS
from stn_core.experiments.plugins import PROBLEMS
from stn_core.messages import Message
from ui.app import loading
from ui.pages.lecture import lessons

NAME = "![x](x.png) <img src=x> [l](x) `a` **b** $c$ :red[d]"  # without what no file's name has
EVIL = NAME + ' <a href="http://evil.test">e</a> ![f](http://evil.test/g.png)'
READ_AS_MORE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(\w|new Function"
    r"|unsafe_allow_html|shell=True|os\.system"
)
STEP = """
[[step]]
page = "why"
title = '''{0}'''
text = '''{0}'''
question = '''{0}'''
answer = '''{0}'''
"""
LESSON = f"title = '''{EVIL}'''\n" + STEP.format(EVIL)
WRONG = f"'''{EVIL}''' = 1\ntitle = 'a'\n" + STEP.format(EVIL).replace('"why"', f"'''{EVIL}'''")


def harmless(markdown, foreign="x.png"):
    """It is shown, and is not what it says."""
    html = MarkdownIt("gfm-like", {"linkify": False}).render(markdown)
    assert foreign in html
    for tag in ("<img", "<a ", "<strong>b<"):
        assert tag not in html, html
    return True


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(lessons, "FOLDER", tmp_path)
    return tmp_path


def test_a_name_in_the_address():
    (error,) = visited("why", lesson=EVIL).error
    assert harmless(error.value)


def test_what_the_address_says_in_links_of_the_whole():
    page = visited("why", lang=EVIL)
    (whole,) = [each for each in page.main.get("html") if "<nav" in each.proto.body]
    hrefs = re.findall(r'href="([^"]*)"', whole.proto.body)
    assert "<img" not in whole.proto.body and len(hrefs) > 3
    for href in hrefs:
        assert parse_qs(urlsplit(href).query) == {"lang": [EVIL]}


@pytest.mark.parametrize("folder", ["ui", "stn_core"])
def test_no_text_is_read_as_html_or_by_a_shell(folder):
    for path in (*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.js")):
        if not path.name.startswith("plotly"):
            assert not READ_AS_MORE.search(path.read_text("utf-8")), path


def test_the_titles_of_a_lesson(folder):
    (folder / "mine.toml").write_text(LESSON)
    page = visited("lecture")
    title = next(each.value for each in page.markdown if each.value.startswith("#####"))
    (link,) = page.main.get("page_link")
    assert harmless(title) and harmless(link.proto.label)


def test_mistakes_in_a_lesson_and_its_file_s_name(folder):
    (folder / f"{NAME}.toml").write_text(WRONG)
    for page in (visited("lecture"), visited("why", lesson=NAME)):
        (error,) = page.error
        for line in error.value.split("  \n"):
            assert harmless(line)


def test_a_lesson_whose_file_s_name_is_no_text(folder):
    path = os.fsencode(folder) + b"/mine \xff.toml"
    with open(path, "w") as file:  # noqa: PTH123
        file.write(LESSON)
    (link,) = visited("lecture").main.get("page_link")
    assert link.proto.query_string == "lesson=mine+%3F&at=1"
    shown = visited("why", lesson="mine ?", at="1")
    assert not shown.error and shown.session_state["lecture_at"] == ("mine ?", 1)


def broken_checkpoint(folder):
    """A file in the place of the model of the page "why", with a header and tensors of its own."""
    path = folder / EXPERIMENTS["r-cnn"].path
    path.parent.mkdir(exist_ok=True)
    save_file({EVIL: torch.zeros(1)}, path, {"experiment": EVIL, "format": EVIL, "stn": EVIL})
    return path


def test_the_header_of_a_checkpoint_and_no_path_of_the_server(monkeypatch, tmp_path):
    monkeypatch.setattr(loading, "CHECKPOINTS", tmp_path)
    path = broken_checkpoint(tmp_path)
    (warning,) = visited("why").warning
    assert harmless(warning.value, path.name) and str(tmp_path) not in warning.value


def test_the_complaint_of_an_own_model():
    problem = Message("no_module", "{file}: {error}.", file=f"{NAME}.py", where="", error=EVIL)
    PROBLEMS.append(problem)
    try:
        page = visited()
    finally:
        PROBLEMS.remove(problem)
    assert any(harmless(each.value) for each in page.warning if "x.png" in each.value)


def test_the_origin_of_a_report(monkeypatch, tmp_path):
    report = json.loads(loading.REPORT.read_text("utf-8"))
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report | {"command": EVIL, "commit": EVIL}), "utf-8")
    monkeypatch.setattr(loading, "REPORT", path)
    said = [*visited("results").caption, *visited("results").warning]
    assert any(harmless(each.value) for each in said if "x.png" in each.value)


def test_the_name_of_an_uploaded_file():
    page = visited("birds", b_from="upload")
    name = f"{NAME[:35]}.png"
    page.file_uploader[0].upload(name, b"no picture", "image/png").run()
    assert any(harmless(each.value) for each in page.error)


# In a browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "mine.toml").write_text(LESSON)
    (folder / f"{NAME}.toml").write_text(WRONG)
    broken_checkpoint(folder)
    with serving(STN_LESSONS=str(folder), STN_CHECKPOINTS=str(folder)) as address:
        yield address


FOREIGN = ".stApp :is(a[href^='http://evil'], a[href='x'], img[src*='evil'], img[src$='x.png'])"


def test_nothing_foreign_is_fetched_linked_or_run(tab):
    asked = []
    page = tab("/lecture", before=lambda page: page.on("request", lambda r: asked.append(r.url)))
    expect(page.get_by_text("evil.test").first).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(1)
    expect(page.locator(FOREIGN)).to_have_count(0)
    page.goto(page.url.replace("lecture", "why?lesson=mine&at=1"))
    expect(page.locator(".lecture h2")).to_contain_text("evil.test")
    expect(page.get_by_test_id("stAlert")).to_contain_text("r-cnn.safetensors")
    expect(page.locator(FOREIGN)).to_have_count(0)
    page.goto(page.url.partition("?")[0] + "?lesson=" + quote(EVIL))
    expect(page.get_by_test_id("stAlert").first).to_contain_text("evil.test/g.png")
    expect(page.locator(FOREIGN)).to_have_count(0)
    assert asked and not [url for url in asked if urlsplit(url).hostname == "evil.test"]
