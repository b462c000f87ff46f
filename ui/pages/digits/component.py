"""The live rows: distort a digit by hand; the networks answer in the browser's same frame.

A browser fetches the scripts and the models once, however often the page is run again: a run sends
the state alone, a few kilobytes. What has settled comes back as one message; nothing in it is
trusted (``settled``). stn_core/interchange/browser_format.py says what a model is for the browser.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stn_core import Checkpoint
from stn_core.data.distort_digit import distractors, elastic_directions
from stn_core.data.distortions import PATCH
from stn_core.interchange.errors import ExportError
from ui.app import loading
from ui.app.i18n import Translator, in_markdown, texts
from ui.app.terms import about_model
from ui.browser.component import component
from ui.browser.model_file import model_file
from ui.components.live import COLORS, pixels_text, shared_words
from ui.components.messages import finite, last_message
from ui.controls.distortion_state import BY_HAND, SLIDERS, undistorted
from ui.controls.live import described
from ui.controls.spec import Slider, Values
from ui.controls.url_codec import ByHand
from ui.pages.digits.controls import KERNEL, MODE
from ui.pages.digits.hand import Hand, hand_of

HERE = Path(__file__).parent
# the component's texts
WORDS = (
    "tools",
    "modes",
    "mode_digit",
    "mode_grid",
    "mode_look",
    "mode_draw",
    "which",
    "kernels",
    "bilinear",
    "bicubic",
    "nearest",
    "pens",
    "pen",
    "eraser",
    "width",
    "undo",
    "clear",
    "to_network",
    "to_identity",
    "hint_r",
    "hint_rts",
    "hint_p",
    "hint_e",
    "hint_tc",
    "hint_grid",
    "hint_look",
    "hint_draw",
    "place_digit",
    "place_grid",
    "place_look",
    "place_draw",
    "distractor",
    "draw_here",
    "you",
    "network",
    "score",
    "no_transformer",
    "comes_from",
    "feeds",
    "rotation",
    "scale",
    "shear",
    "shift",
    "perspective",
    "bending",
    "grid_label",
    "input_label",
    "output_label",
    "bars_label",
    "right",
    "wrong",
    "start_lecture",
    "try_it",
    "random",
    "reset",
    "agreement",
    "answers_label",
    "head_grid",
    "head_output",
    "head_bars",
    "term_grid",
    "term_output",
    "term_bars",
)


WISHES = ("random", "reset", "lecture")  # what the browser may ask for, besides that state settles

_component = component(HERE, "stage", live=True, html=(HERE / "stage.html").read_text())


def stage(
    digit: Tensor,
    label: int | None,
    kind: str,
    values: Values,
    checkpoints: Sequence[Checkpoint],
    mode: str,
    kernel: str,
    hand: Hand | None,
    answers: Mapping[str, Sequence[Sequence[float]]],
    say: Translator,
    key: str,
    *,
    opening: bool,
) -> list[str]:
    """Show the rows for a digit (28, 28), uint8, distorted by ``values``; back come sentences on
    models that cannot run on it.

    ``answers`` has PyTorch's probabilities by the models' titles, with the visitor's theta as a
    second list; ``opening`` says that nobody has touched the page yet.

    What settles is the next run's ``new_message(key)``: see ``settled``.
    """
    shown: list[dict[str, Any]] = []
    refused: list[str] = []
    for checkpoint in checkpoints:
        name = loading.name(checkpoint.experiment)
        try:
            shown.append(
                {
                    "id": checkpoint.experiment.title,
                    "name": name,
                    "about": " ".join(about_model(checkpoint.experiment.model, texts("app"))),
                    "file": model_file(checkpoint),
                }
            )
        except ExportError as error:
            refused.append(say.markdown("refused", name=name, reason=in_markdown(error.sentence)))
    by_hand = [BY_HAND[kind]] if kind in BY_HAND else []
    controls: list[Slider | ByHand] = [*SLIDERS[kind], *by_hand]
    data = {
        "echo": last_message(key),
        "digit": pixels_text(digit),
        "label": label,
        "kind": kind,
        "values": values,
        "neutral": undistorted(kind) | {more.key: more.untouched for more in by_hand},
        "bounds": {control.key: (control.low, control.high, control.step) for control in controls},
        "sliders": described(SLIDERS[kind], texts("controls")),
        "seeded": seeded(kind, values),
        "answers": answers,
        "opening": opening,
        "models": shown,
        "mode": mode,
        "kernel": kernel,
        "hand": None if hand is None else {"model": hand.model, "theta": hand.theta},
        "words": shared_words()
        | {word: say.template(word) for word in WORDS}
        | {"term_theta": texts("app")("term_theta")},
        "colors": COLORS,
    }
    _component(data, failed=texts("browser")("failed"), key=key, on_said_change=lambda: None)
    return refused


def seeded(kind: str, values: Values) -> dict[str, Any]:
    """What the seed in the values gives, which the browser starts from: for E the directions of the
    control points, for TC the distractors and where they lie."""
    if kind == "e":
        return {"directions": elastic_directions(int(values["e_seed"])).flatten().tolist()}
    if kind == "tc":
        others, parameters = distractors(int(values["tc_seed"]))
        corners = zip(others, parameters["cuts"][0].tolist(), strict=True)
        patches = [pixels_text(other[y : y + PATCH, x : x + PATCH]) for other, (x, y) in corners]
        return {"patches": patches, "drops": parameters["drops"].flatten().tolist()}
    return {}


# What the browser says


@dataclass(frozen=True)
class Settled:
    """What stood still on the stage: ``sliders`` by their keys, ``by_hand`` as texts for the URL
    (None: nothing moved), a digit that was drawn, uint8 (28, 28), how the page is used, and what
    the visitor asks for (``WISHES``)."""

    kind: str
    sliders: Values
    by_hand: dict[str, str | None]
    own: Tensor | None
    mode: str
    kernel: str
    hand: Hand | None
    wish: str = ""


def settled(said: Any) -> Settled | None:
    """The browser's message, within the bounds of the controls; None if it is no such one."""
    try:
        kind, values = said["kind"], said["values"]
        sliders = {
            slider.key: slider.fitted(finite(values[slider.key])) for slider in SLIDERS[kind]
        }
        by_hand = {}
        if kind in BY_HAND:
            more = BY_HAND[kind]
            by_hand[more.key] = more.to_text([finite(number) for number in values[more.key]])
        own = None
        if said.get("own") is not None:
            pixels = base64.b64decode(said["own"], validate=True)
            own = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(28, 28)
        mode = MODE.fitted(said["mode"])
        kernel = KERNEL.fitted(said["kernel"])
        hand = said.get("hand") and hand_of(said["hand"]["model"], said["hand"]["theta"])
        wish = said.get("wish") if said.get("wish") in WISHES else ""
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, binascii.Error):
        return None
    return Settled(kind, sliders, by_hand, own, mode, kernel, hand, wish)
