"""The live rows without a browser: what they are sent, what is taken back, and not trusted."""

import base64
import json
import math
import re
import tomllib
from pathlib import Path

import pytest
import torch
from visits import sent, visited, working

from stn_core import EXPERIMENTS
from stn_core.data.mnist import gallery
from stn_core.experiments.checkpoints import save_checkpoint
from ui.app import loading
from ui.app.i18n import file_of
from ui.app.static_files import served
from ui.controls.distortion_state import BY_HAND, SLIDERS, undistorted
from ui.pages.digits.component import WORDS, settled
from ui.pages.digits.hand import Hand, hand_of

DRAWN = gallery().images[4321]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    for name in ("rts-cnn", "rts-st-cnn-affine", "e-cnn", "e-st-cnn-affine", "tc-st-cnn-affine"):
        experiment = EXPERIMENTS[name]
        save_checkpoint(folder / experiment.path, experiment.create_model(), experiment, {}, {})
    return folder


@pytest.fixture
def visit(monkeypatch, checkpoints):
    """visit(kind="RTS") opens the stage at that address."""

    def call(page="", **address):
        monkeypatch.setattr(loading, "CHECKPOINTS", checkpoints)
        return visited(page, **address)

    return call


def stage(page):
    """What the stage gets."""
    return sent(page, "bounds")


def figure(page):
    return sent(page, "figure")["figure"]


def shown(page):
    return next(trace["source"] for trace in figure(page)["data"] if trace["type"] == "image")


def rows(page):
    return sum(trace["type"] == "bar" for trace in figure(page)["data"])


def message(kind, number=1, own=None, hand=None, mode="digit", kernel="bilinear", **values):
    rest = undistorted(kind) | (
        {BY_HAND[kind].key: BY_HAND[kind].untouched} if kind in BY_HAND else {}
    )
    return {
        "id": number,
        "kind": kind,
        "values": rest | values,
        "own": own,
        "hand": hand,
        "mode": mode,
        "kernel": kernel,
    }


def say(page, said):
    page.session_state["stage"] = {"said": said}
    return working(page.run())


def test_the_stage_gets_the_state_and_models_but_no_weights(visit):
    page = visit(kind="RTS", rts_angle="-30", digit="7", number="3")
    data = stage(page)
    assert data["kind"] == "rts" and data["values"]["rts_angle"] == -30 and data["label"] == 7
    assert base64.b64decode(data["digit"]) == gallery().images[3503].numpy().tobytes()
    assert [model["name"] for model in data["models"]] == ["CNN", "ST-CNN affine"]
    for model in data["models"]:
        file = served(model["file"])
        length = int.from_bytes(file[:4], "little")
        assert json.loads(file[4 : 4 + length])["input"] == [42, 42]
    folder = Path(data["module"]).parents[2]
    assert served(data["module"]) and served(f"{folder}/browser/kernel.wasm")
    assert len(json.dumps(data)) < 16_000


def test_what_settles_moves_the_sliders_the_address_and_the_figure(visit):
    page = visit(kind="RTS")
    before = shown(page)
    page = say(page, message("rts", rts_angle=17.2, rts_x=3.26, rts_scale=0.83))
    names = ("rts_angle", "rts_x", "rts_scale")
    assert [page.query_params[name] for name in names] == ["17", "3.5", "0.85"]
    assert shown(page) != before
    assert stage(page)["echo"] == 1 and stage(page)["values"]["rts_x"] == 3.5
    page.query_params["rts_angle"] = "-5"
    page = working(page.run())  # an old message is not taken again
    assert stage(page)["values"]["rts_angle"] == -5


@pytest.mark.parametrize("kind", ["e", "tc"])
def test_what_only_a_hand_can_move_lives_in_the_address(visit, kind):
    control = BY_HAND[kind]
    numbers = [control.low + control.step * (7 * i % 30) for i in range(32)]
    page = visit(kind=kind.upper())
    before = shown(page)
    page = say(
        page, message(kind, **{control.key: numbers}, **({"tc_clutter": 6} if kind == "tc" else {}))
    )
    after = shown(page)
    assert after != before and stage(page)["values"][control.key] == pytest.approx(numbers)
    text = page.query_params[control.key]
    other = visit("", kind=kind.upper(), **{control.key: text, f"{kind}_strength": "0"})
    assert shown(other) == after
    page = say(page, message(kind, number=2) | {"wish": "reset"})
    assert control.key not in page.query_params and shown(page) != after


def test_a_drawn_digit_is_an_own_digit(visit):
    page = say(
        visit(kind="RTS"),
        message("rts", own=base64.b64encode(DRAWN.numpy().tobytes()).decode(), mode="draw"),
    )
    assert (
        stage(page)["label"] is None
        and base64.b64decode(stage(page)["digit"]) == DRAWN.numpy().tobytes()
    )
    assert page.query_params["from"] == "Upload" and page.query_params["mode"] == "draw"
    other = visit("", kind="RTS", own=page.query_params["own"], **{"from": "Upload"})
    assert shown(other) == shown(page)


def test_a_theta_by_hand_gets_its_own_row(visit):
    page = visit(kind="RTS")
    assert rows(page) == 2
    hand = {"model": "st-cnn-affine", "theta": [0.5, 0.0, 0.1, 0.0, 0.5, -0.1]}
    page = say(page, message("rts", mode="grid", hand=hand))
    assert rows(page) == 3 and "ST-CNN affine, θ from you" in json.dumps(
        figure(page), ensure_ascii=False
    )
    again = visit(
        kind="RTS", **{name: page.query_params[name] for name in ("mode", "hand", "theta")}
    )
    assert (
        rows(again) == 3
        and stage(again)["hand"]["theta"] == hand["theta"]
        and stage(again)["mode"] == "grid"
    )
    page = say(page, message("rts", number=2))
    assert rows(page) == 2 and not {"mode", "hand", "theta"} & set(page.query_params)


@pytest.mark.parametrize(
    "address",
    [
        {
            "kind": "E",
            "e_moves": "garbage",
            "mode": "grid",
            "hand": "st-cnn-affine",
            "theta": "nan,inf,1",
        },
        {"kind": "RTS", "mode": "grid", "hand": "st-cnn-affine", "theta": "1e99,0,0,0,1e99,0"},
        {"kind": "TC", "tc_drops": "_" * 5000, "mode": "nonsense", "kernel": "<b>"},
        {"kind": "RTS", "mode": "grid", "hand": "no-such-model", "theta": ","},
    ],
    ids=["e", "huge", "tc", "model"],
)
def test_nonsense_in_the_address_gives_a_working_page(visit, address):
    data = stage(visit(**address))
    assert all(math.isfinite(number) for number in (data["hand"] or {}).get("theta") or ())


@pytest.mark.parametrize(
    "said",
    [
        None,
        3,
        "text",
        [],
        {},
        {"id": "x"},
        {"id": 5},
        message("rts") | {"kind": "nothing"},
        message("rts") | {"kind": ["rts"]},
        message("rts", rts_angle="NaN"),
        message("rts", rts_angle=None),
        message("rts") | {"values": {}},
        message("rts", own="!!!"),
        message("rts", own=base64.b64encode(b"short").decode()),
        message("e", e_moves=[1, 2]),
        message("e", e_moves=[math.inf] * 32),
        message("tc", tc_drops="abc"),
        message("rts", hand="x"),
        message("rts", hand={"model": "st-cnn-affine"}),
    ],
    ids=str,
)
def test_a_message_that_is_none_is_refused_and_the_page_works(visit, said):
    assert settled(said) is None
    if isinstance(said, dict):
        page = visit(kind="RTS", rts_angle="12")
        assert stage(say(page, said))["values"]["rts_angle"] == 12


def test_values_are_brought_into_their_bounds():
    said = settled(
        message("rts", rts_angle=1e9, rts_x=-99, rts_scale=0.0) | {"mode": "fly", "kernel": 7}
    )
    assert said.sliders == {"rts_angle": 180, "rts_scale": 0.4, "rts_x": -18.0, "rts_y": 0.0}
    assert (said.mode, said.kernel) == ("digit", "bilinear")
    assert hand_of("st-cnn-affine", ["99", "0", "0", "0", "-99", "0"]) == Hand(
        "st-cnn-affine", (20.0, 0.0, 0.0, 0.0, -20.0, 0.0)
    )
    assert (
        hand_of("st-cnn-affine", [1, 2]) == Hand("st-cnn-affine") and hand_of("cnn", None) is None
    )


def test_the_component_has_all_its_texts_in_both_languages():
    texts = tomllib.loads(file_of("digits").read_text("utf-8"))
    assert set(WORDS) <= texts.keys() and len(set(WORDS)) == len(WORDS)
    for name in ("digits", "controls"):
        table = tomllib.loads(file_of(name).read_text("utf-8"))
        assert [
            key
            for key, said in table.items()
            if set(said) != {"en", "zh"} or not all(said.values())
        ] == []


def test_sliders_have_their_labels_in_both_languages(visit):
    for kind in SLIDERS:
        labels = [
            slider["label"] for slider in stage(visit(kind=kind.upper(), lang="zh"))["sliders"]
        ]
        assert [label for label in labels if not re.search("[\u4e00-\u9fff]", label)] == []
