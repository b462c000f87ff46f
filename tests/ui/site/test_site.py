"""The laboratory without a server: built once, served below a path by Python's own file server."""

import base64
import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading

import pytest
import torch
from filelock import FileLock
from playwright.sync_api import expect

from stn_core import EXPERIMENTS, Checkpoint
from stn_core.data.mnist import gallery
from stn_core.explain.cnn_invariance import moved as moved_digit
from ui.app import loading
from ui.controls.distortion_state import distorted
from ui.pages.lecture.class_step import describe
from ui.pages.replay import controls as replay
from ui.pages.why import controls as why
from ui.site.build import MOST, PAIRS

APP = "https://lab.example.org/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The site, written once for all of pytest's processes."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "host" / "below" / "site"
    with FileLock(shared / "host.lock"):
        if not folder.exists():
            command = [sys.executable, "-m", "ui.site", str(folder), "--app", APP]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0 and done.stderr == "", done.stderr
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= MOST
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address(folder):
    handler = functools.partial(Quiet, directory=folder.parents[1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/below/site/"
    server.shutdown()


def pixels(text):
    """A digit that a page is sent, float32 (28, 28)."""
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8).view(28, 28)


@torch.inference_mode()
def answer(name, digit, kind, values):
    """(digit, per cent) of PyTorch's model."""
    checkpoint = loading.load(EXPERIMENTS[name])
    assert isinstance(checkpoint, Checkpoint)
    sure = checkpoint.model(distorted(digit, kind, values)).softmax(1)[0]
    return int(sure.argmax()), round(100 * sure.max().item())


def test_every_file_that_a_page_names_is_there(folder):
    for page in folder.glob("*.html"):
        text = page.read_text()
        for name in re.findall(r'"((?:files|data)/[^"\\]+)"', text):
            assert name == "files/" or (folder / name).is_file(), (page.name, name)
    first = json.loads(re.search(r"\((\[.*?\])\)", (folder / "worker.js").read_text(), re.S)[1])
    assert all((folder / name).exists() for name in first) and "./" in first


@pytest.mark.parametrize(
    ("name", "shown", "files"),
    [
        ("", ".exhibit", r"\.(js|bin|wasm)$"),
        ("why.html", ".exhibit", r"\.(js|bin|wasm)$"),
        ("pairs.html", ".exhibit", r"\.(js|bin|wasm)$"),
        ("lecture-paper.html", ".count", r"\.js$"),  # the networks are those of the step
    ],
)
def test_what_a_page_begins_with_is_asked_for_at_once(tab, name, shown, files):
    page = tab(name)
    expect(page.locator(shown).last).to_contain_text(re.compile("%|Step 1"))
    early, used = page.evaluate(
        """() => {
          const early = document.querySelectorAll('link[rel=modulepreload], link[rel=preload]');
          const used = performance.getEntriesByType('resource').map(({ name }) => name);
          return [[...early].map(({ href }) => href), used];
        }"""
    )
    used = {url for url in used if re.search(files, url) and not url.endswith("worker.js")}
    assert used == set(early)


@pytest.mark.parametrize(
    ("name", "choice", "slider", "said"),
    [
        ("transformation", "Thin plate spline", "Wave", "Where the grid bends"),
        ("sampler", "Bicubic", "Point x", "mixes 1?[26] of them|near the edge|outside"),
    ],
)
def test_a_live_figure_works_without_a_server(tab, name, choice, slider, said):
    page = tab(f"{name}.html")
    expect(page.locator(".said")).to_have_text(re.compile(r"\S"))
    page.get_by_role("button", name=choice, exact=True).click()
    moved = page.get_by_role("slider", name=slider)
    moved.focus()
    page.keyboard.press("End")
    expect(moved).to_have_value(re.compile(r"0\.4|28"))
    page.get_by_role("button", name="7", exact=True).click()
    expect(moved).to_have_value(re.compile(r"0\.4|28"))
    expect(page.locator(".said")).to_contain_text(re.compile(said))


def test_the_cnn_of_why_answers_as_pytorch_does_and_says_nothing_of_a_server(tab):
    page = tab("why.html")
    moved = page.locator(".exhibit .answer").first
    expect(moved).to_contain_text("%")
    slider = page.get_by_role("slider", name="Shift →")
    for _ in range(4):
        slider.press("ArrowRight")
    digit = gallery().images[why.DIGIT.place(why.DIGIT.label, why.DIGIT.number)]
    with torch.inference_mode():
        image = moved_digit(digit, (28, 28), 6.0)
        sure = loading.load(EXPERIMENTS["r-cnn"]).model(image).softmax(1)[0]
    expect(moved).to_contain_text(f"{int(sure.argmax())} ")
    expect(moved).to_contain_text(f"{round(100 * sure.max().item())} %")
    expect(page.locator(".exhibit .agreement")).to_be_empty()
    page.get_by_role("button", name="Max-pools").click()
    expect(page.locator(".about")).to_contain_text("How many max-pools")
    expect(page.locator(".exhibit td.enough").first).to_be_visible()


def test_the_window_of_gradient_goes_down_and_stays_where_it_was_put(tab):
    page = tab("gradient.html")
    title = page.locator(".exhibit h5").first
    expect(title).to_contain_text(re.compile(r"\d\.\d\d"))
    page.locator(".exhibit .place").press("ArrowLeft")
    back = page.get_by_role("button", name="Window back")
    expect(back).to_be_visible()  # what was put comes back from the page as it was
    begun = title.inner_text()
    for _ in range(3):
        page.get_by_role("button", name="Ten steps").click()
    expect(page.locator("[data-key=g_steps] .figure")).to_have_text("30")
    expect(title).not_to_have_text(begun)
    page.get_by_role("button", name="Similarity").click()
    expect(back).to_be_hidden()  # a theta of another family
    page.get_by_role("button", name="Affine").click()
    expect(back).to_be_visible()


def test_two_digits_have_a_hand_each_and_the_sum_is_pytorch_s(tab, folder):
    page = tab("pairs.html")
    thetas = page.locator(".exhibit .theta")
    expect(thetas).to_have_count(2)
    expect(thetas.first).to_have_text(re.compile("°"))
    page.get_by_role("button", name="Both upright").click()
    for figure in page.locator(".exhibit .hands .figure").all():
        expect(figure).to_have_text("0°")
    first = page.get_by_role("group", name="First digit")
    first.get_by_role("button", name="3", exact=True).click()
    digits = json.loads((folder / "data/digits.json").read_text())
    sent = json.loads((folder / "data/pairs-en.json").read_text())["sent"][f"R: {PAIRS[0]}"]
    both = [pixels(digits[3 * 8]), pixels(sent["digits"][1])]
    image = torch.cat([digit.view(1, 1, 28, 28) / 255 for digit in both], dim=1)
    with torch.inference_mode():
        sure = loading.load(EXPERIMENTS["r2-2st-cnn-affine"]).model(image).softmax(1)[0]
    said = f"The network says {int(sure.argmax())}, {round(100 * sure.max().item())} %"
    expect(page.locator(".exhibit .sum")).to_contain_text(said)
    page.get_by_role("button", name="At random").click()
    expect(page.locator(".exhibit .hands .figure").first).not_to_have_text("0°")
    page.get_by_role("button", name=f"R: {PAIRS[1]}").click()
    expect(thetas).to_have_count(1)


def test_pages_lead_to_each_other_and_to_the_same_page_of_the_app(tab):
    page = tab("")
    for name in ("Why", "Gradient", "Two digits", "Sampler", "Digits"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute(
            "aria-current", "page"
        )
        path = {"Digits": "", "Two digits": "pairs"}.get(name, name.lower())
        app = page.get_by_role("link", name="The whole laboratory")
        expect(app).to_have_attribute("href", f"{APP}{path}?lang=en")


def test_the_live_page_answers_as_pytorch_does(tab, folder):
    page = tab("", reduced_motion="reduce")  # the opening stands still
    given = re.search(r'id="given">(.*?)</script>', (folder / "index.html").read_text(), re.S)
    data = json.loads(given[1])["start"]["en"]
    names = {"CNN": "r-cnn", "ST-CNN affine": "r-st-cnn-affine"}
    expect(page.locator(".exhibit .row")).to_have_count(len(names))
    label = data["label"]
    digit = next(
        image
        for image in gallery().images[500 * label : 500 * label + 500]
        if base64.b64encode(image.numpy().tobytes()).decode() == data["digit"]
    )
    for title, name in names.items():
        row = page.locator(f'.exhibit .row[aria-label="{title}"]')
        found, percent = answer(name, digit, "r", data["values"])
        expect(row.locator("header")).to_contain_text(re.compile(rf"{found} \S\s+{percent} %"))


def test_digits_kinds_and_models_can_be_chosen(tab):
    page = tab("")
    rows = page.locator(".exhibit .row")
    page.get_by_role("button", name="RTS").click()
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="ST-CNN TPS").click()
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("%")
    page.get_by_role("button", name="7", exact=True).click()
    expect(page.get_by_role("button", name="7", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_a_lecture_is_read_step_by_step_and_answers_as_pytorch_does(tab):
    page = tab("lecture-paper.html", size=(390, 844), touch=True)
    step = describe("paper", 1)
    expect(page.locator("h1")).to_have_text(step["title"]["en"])
    page.locator(".choices button").nth(2).click()
    expect(page.locator(".rightly")).to_have_text(f"✓ {step['right']}")
    values = step["stage"]["values"]
    digit = pixels(step["stage"]["digit"])
    model = step["stage"]["models"][-1]
    found, percent = answer(model["file"], digit, step["stage"]["kind"], values)
    expect(page.locator(".says")).to_have_text(f"{model['name']} says {found}, {percent} %")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".count")).to_contain_text("Step 2")
    page.go_back()
    expect(page.locator(".count")).to_contain_text("Step 1")
    page.locator(".home").click()
    expect(page.locator(".exhibit .row").first).to_be_visible()


def test_a_step_without_a_picture_leads_to_the_page_that_has_it(tab):
    page = tab("lecture-paper.html#3")
    page.get_by_role("link", name="The figure of this step").click()
    expect(page.locator(".exhibit .answer").first).to_contain_text("%")
    page.go_back()
    expect(page.locator(".count")).to_contain_text("Step 3")
    page.goto(page.url.replace("#3", "#20"))
    href = f"{APP}trouble?lesson=paper&at=20&lang=en"
    expect(page.get_by_role("link", name="The figure of this step")).to_have_attribute("href", href)


def test_the_language_goes_along_to_the_lecture_and_back(tab):
    page = tab("?lang=zh")
    page.get_by_role("link", name="讲座").click()
    expect(page.locator("h1")).to_have_text(describe("paper", 1)["title"]["zh"])
    page.get_by_role("button", name="English").click()
    page.locator(".home").click()
    expect(page.get_by_role("link", name="Lecture")).to_be_visible()
    page.evaluate("localStorage.clear()")


def test_the_replays_and_the_results_are_there_in_both_languages(tab):
    page = tab("replay.html?lang=zh")
    expect(page.locator(".exhibit canvas").first).to_be_visible()
    expect(page.locator(".exhibit")).to_contain_text(replay.right().default)
    page.get_by_label("右").select_option("")
    expect(page.locator(".exhibit section")).to_have_count(1)
    page.get_by_role("link", name="结果").click()
    measured = loading.report().models["r-cnn"]
    cell = f"{measured.error:.2f} ± {measured.standard_error:.2f} / "
    expect(page.locator("table").first).to_contain_text(cell)
    expect(page.get_by_role("link", name="完整的实验室")).to_have_attribute(
        "href", f"{APP}results?lang=zh"
    )
    pair = loading.report().pairs["r2-cnn"]
    expect(page.locator("table").nth(1)).to_contain_text(f"{pair.error:.2f} ± ")


def test_it_works_offline_once_it_was_visited(browser, tab):
    page = tab("")
    expect(page.locator(".exhibit .row").first).to_contain_text("%")
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    browser.set_offline(True)
    page.reload()
    expect(page.locator(".exhibit .row").first).to_contain_text("%")
    for name, shown in (("Two digits", ".sum"), ("Why", ".answer"), ("Gradient", "h5")):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator(f".exhibit {shown}").first).to_contain_text(
            re.compile(r"\d+\s%|loss\s\d")
        )
    page.get_by_role("link", name="Lecture").click()
    expect(page.locator("h1")).to_have_text(describe("paper", 1)["title"]["en"])


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    command = [sys.executable, "-m", "ui.site"]
    for words in (
        [tmp_path],
        [tmp_path / "thesis.tex"],
        [tmp_path / "new", "--app", "javascript:"],
    ):
        done = subprocess.run([*command, *map(str, words)], capture_output=True, text=True)
        assert done.returncode == 2 and "Traceback" not in done.stderr
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_without_a_report_there_is_a_sentence_and_the_folder_stays_as_it_is(tmp_path):
    (tmp_path / "files" / "site").mkdir(parents=True)  # as one that this made
    done = subprocess.run(
        [sys.executable, "-m", "ui.site", str(tmp_path)],
        env=os.environ | {"STN_REPORT": str(tmp_path / "nowhere.json")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "python -m stn_core report" in done.stderr
    assert (tmp_path / "files" / "site").is_dir()
