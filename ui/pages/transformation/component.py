"""The live figure: T_theta under the hand, in the browser."""

import base64
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ui.app.i18n import Translator, texts
from ui.browser.component import component
from ui.components import live
from ui.controls.spec import Values
from ui.pages.transformation.controls import FOLLOW, MOVES, PLACE, SLIDERS

HERE = Path(__file__).parent
WORDS = (
    "figure_input",
    "figure_input_pushed",
    "figure_output",
    "figure_pushed",
    "figure_asks",
    "figure_pushes",
    "figure_theta",
    "figure_control",
    "identity",
    "sentence",
    "outside",
    "push",
    "does_linear",
    "does_other",
    "turned_right",
    "turned_left",
    "smaller",
    "moved_right",
    "moved_left",
    "moved_down",
    "moved_up",
    "and",
    "reset",
    "point",
    "place_grid",
    "place_points",
    "term_theta",
    "agreement",
)
_component = component(HERE, "transformation", live=True)


def transformation(
    digit: Tensor,
    family: str,
    way: str,
    values: Values,
    output: Tensor,
    say: Translator,
    key: str,
) -> None:
    """Show T_theta of a family, as ``values`` have it, on a digit uint8 (28, 28); ``output``
    (28, 28) is PyTorch's, which the browser's is compared with."""
    sliders = (*SLIDERS[family], FOLLOW)
    by_hand = {PLACE.key: (-1.0, 1.0, 0.01)}
    by_hand |= {MOVES.key: (MOVES.low, MOVES.high, MOVES.step)} if family == "tps" else {}
    data: dict[str, Any] = live.given(key, sliders, values, WORDS, say) | {
        "values": values,
        "bounds": by_hand,
        "digit": live.pixels_text(digit),
        "family": family,
        "way": way,
        "neutral": neutral(family),
        "output": base64.b64encode(output.to(torch.float32).numpy().tobytes()).decode(),
    }
    _component(data, failed=texts("browser")("failed"), key=key, on_said_change=lambda: None)


def neutral(family: str) -> Values:
    """The values with which a family changes nothing."""
    rest: Values = {slider.key: slider.rest for slider in SLIDERS[family]}
    return rest | ({MOVES.key: MOVES.untouched} if family == "tps" else {})
