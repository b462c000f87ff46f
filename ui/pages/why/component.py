"""The live figures of the exhibit "why": a digit that is moved, and what the browser's engine finds
in a CNN, or behind max-pools."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from stn_core import Checkpoint
from ui.app.i18n import Translator, texts
from ui.browser.component import component
from ui.browser.model_file import model_file
from ui.components import live
from ui.controls.spec import Slider, Values
from ui.pages.why import controls

HERE = Path(__file__).parent
WORDS = (
    "reset",
    "figure_learned",
    "figure_moved",
    "figure_input",
    "figure_layer",
    "figure_answer",
    "figure_kept",
    "figure_sure",
    "figure_pools",
    "figure_table_shift",
    "figure_table_pools",
    "why_x",
    "why_angle",
    "why_scale",
    "hint",
    "hint_pools",
    "place",
    "place_pools",
    "spoken",
    "agreement",
)
_component = component(HERE, "why", live=True)


def cnn(
    digit: Tensor,
    label: int,
    values: Values,
    probabilities: Sequence[float],
    checkpoint: Checkpoint,
    say: Translator,
    key: str,
) -> None:
    """Show a digit uint8 (28, 28) to take hold of and what a CNN makes of it; ``probabilities`` are
    PyTorch's, which the browser's are compared with."""
    own = {
        "view": "cnn",
        "file": model_file(checkpoint),
        "probabilities": probabilities,
        "curves": [slider.key for slider in (controls.X, controls.ANGLE, controls.SCALE)],
        "rest": {slider.key: slider.rest for slider in controls.POSE},
    }
    _show(digit, label, controls.POSE, values, own, say, key)


def pools(
    digit: Tensor,
    values: Values,
    table: Tensor,
    needed: Sequence[int | None],
    count: int,
    say: Translator,
    key: str,
) -> None:
    """Show a digit uint8 (28, 28) and a copy to move right through max-pools; ``table``
    (max-pools, shifts) says what survives of ``count`` digits, ``needed`` how many pools a shift
    needs."""
    own = {
        "view": "pools",
        "table": table.tolist(),
        "needed": list(needed),
        "title": say("figure_table", count=count),
        "rest": {controls.SHIFT.key: 0},
    }
    _show(digit, None, [controls.SHIFT], values, own, say, key)


def _show(
    digit: Tensor,
    label: int | None,
    sliders: Sequence[Slider],
    values: Values,
    own: dict[str, Any],
    say: Translator,
    key: str,
) -> None:
    data = live.given(key, sliders, values, WORDS, say) | own
    data |= {"digit": live.pixels_text(digit), "label": label}
    _component(data, failed=texts("browser")("failed"), key=key, on_said_change=lambda: None)
