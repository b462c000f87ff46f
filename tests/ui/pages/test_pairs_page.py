"""The page about two digits, without a browser and in one."""

import re

import pytest
import torch
from playwright.sync_api import expect
from visits import sent, visited, working

from benchmarks.browser import serving
from stn_core import EXPERIMENTS, Checkpoint, load_checkpoint
from stn_core.data.distort_digit import distort_digit
from stn_core.data.mnist import gallery
from stn_core.evaluation.report import read_report
from ui.controls.distortion_state import undistorted
from ui.pages.pairs import controls
from ui.pages.pairs.component import settled
from ui.pages.pairs.page import table

NAME = "r2-2st-cnn-affine"


def said(page, kind, first, second, wish=""):
    """The page after a hand has let go."""
    rest = undistorted(kind)
    values = [rest | first, rest | second]
    page.session_state["pairs"] = {"said": {"id": 1, "kind": kind, "values": values, "wish": wish}}
    return working(page.run())


def markdown(page):
    return "\n".join(each.value for each in page.main.markdown)


def test_the_component_gets_both_digits_and_what_was_measured_of_each_transformer():
    page = visited("pairs", two_first="3", two_second="8", two_r_angle_1="10")
    data = sent(page, "heads")
    assert data["labels"] == [3, 8] and len(data["heads"]) == 2
    assert [values["r_angle"] for values in data["values"]] == [10, -45]
    assert all("%" in head for head in data["heads"])


def test_pytorch_answers_to_the_same_pair():
    page = visited("pairs", two_r_angle_1="10", two_r_angle_2="20")
    images = gallery().images
    chosen = [images[digit.place(digit.label, digit.number)] for digit in controls.DIGITS]
    angles = torch.tensor([10.0, 20.0]).deg2rad().tolist()
    both = zip(chosen, angles, strict=True)
    pair = torch.cat([distort_digit(digit, "r", angle=angle) for digit, angle in both], dim=1)
    checkpoint = load_checkpoint(NAME)
    assert isinstance(checkpoint, Checkpoint)
    with torch.inference_mode():
        answer = int(checkpoint.model(pair).argmax())
    total = sum(digit.label for digit in controls.DIGITS)
    captions = " ".join(each.value for each in page.main.caption)
    assert f"= {total}, the network says {answer} " in captions


def test_what_settles_goes_into_the_address_and_comes_back():
    page = said(visited("pairs"), "r", {"r_angle": -30}, {"r_angle": 500})
    assert page.query_params["two_r_angle_1"] == "-30"
    assert page.query_params["two_r_angle_2"] == "180"  # within its bounds
    assert [values["r_angle"] for values in sent(page, "heads")["values"]] == [-30, 180]


@pytest.mark.parametrize(("wish", "straight"), [("upright", True), ("random", False)])
def test_wishes(wish, straight):
    page = said(visited("pairs"), "r", {"r_angle": 50}, {"r_angle": 50}, wish)
    angles = [values["r_angle"] for values in sent(page, "heads")["values"]]
    assert (angles == [0, 0]) == straight and all(-90 <= angle <= 90 for angle in angles)


@pytest.mark.parametrize(
    "message",
    [
        None,
        {},
        {"kind": "tc", "values": [{}, {}]},
        {"kind": "r", "values": [{"r_angle": 1}]},
        {"kind": "r", "values": [{"r_angle": 1}, {"r_angle": "left"}]},
        {"kind": "r", "values": 7},
    ],
)
def test_nonsense_from_the_browser_is_nothing(message):
    assert settled(message) is None


def test_a_network_that_is_not_there_is_refused_with_the_command(monkeypatch, tmp_path):
    monkeypatch.setattr("ui.app.loading.CHECKPOINTS", tmp_path)
    page = visited("pairs")
    assert any(f"train {NAME}" in each.value for each in page.main.warning)
    assert "| CNN |" in markdown(page)  # what was measured stands there all the same


def test_the_table_has_a_line_for_each_transformer():
    lines = markdown(visited("pairs")).splitlines()
    rows = [line for line in lines if re.match(r"\| (2×ST|ST|CNN|FCN| \|)", line)]
    assert len(rows) == 5
    first = next(line for line in rows if line.startswith("| 2×ST-CNN affine"))
    assert re.search(r"\d\.\d\d ± 0\.\d\d", first)


def test_where_digits_are_shifted_the_page_says_which_shift_each_transformer_follows():
    page = visited("pairs", two_kind="RTS")
    straight = read_report().pairs["rts2-2st-cnn-affine"].straightening
    heads = sent(page, "heads")["heads"]
    for head, row in zip(heads, straight.followed, strict=True):
        assert all(f"{share:.0f}\u00a0% of the" in head for share in row)
    head = next(line for line in markdown(page).splitlines() if line.startswith("| Network"))
    assert "Follows of their shifts" in head
    assert "Follows" not in markdown(visited("pairs"))


def test_without_measurements_the_table_says_so(monkeypatch):
    text = table("rts", {}, lambda key, **_: key)
    assert text.count("unmeasured") == 4


def test_every_kind_and_model_opens():
    for kind in controls.KIND.options:
        for model in controls.MODEL.options:
            page = visited("pairs", two_kind=kind, two_model=model)
            experiment = controls.experiment_of(kind, model)
            assert EXPERIMENTS[experiment.name] is experiment and not page.exception


def test_turning_one_digit_turns_the_grid_that_follows_it(browser):
    """In the live figure: the theta of one transformer goes with the first digit, the other's
    stays nearly as it was."""
    with serving() as address:
        page = browser.new_page()
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{address}/pairs")
        thetas = page.locator(".theta")
        expect(thetas).to_have_count(2, timeout=60_000)
        expect(thetas.first).to_have_text(re.compile(r"°"))

        def turns():
            texts = thetas.all_inner_texts()
            figures = [re.search(r"([+−]?)\s*([\d.]+)°", text).groups() for text in texts]
            return [float(figure) * (-1 if sign == "−" else 1) for sign, figure in figures]

        before = turns()
        slider = page.locator(".pairs .hands").first.locator("input")
        slider.focus()
        for _ in range(60):
            page.keyboard.press("ArrowLeft")
        expect(page.locator(".pairs .hands").first.locator(".figure")).to_have_text("0°")
        page.wait_for_function("() => new URL(location).searchParams.get('two_r_angle_1') === '0'")
        moved = [abs(now - then) for now, then in zip(turns(), before, strict=True)]
        page.close()
    assert max(moved) > 10 and min(moved) < 6 < max(moved) / 2
