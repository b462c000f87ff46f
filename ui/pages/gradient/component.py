"""The live figure of the exhibit "gradient": the window is dragged and goes down the gradient in
the browser, whose engine has the backward pass, too (ui/browser/slopes.js)."""

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from torch import Tensor

from stn_core import Checkpoint
from ui.app.i18n import Translator, texts
from ui.browser.component import component
from ui.browser.model_file import model_file
from ui.components import live
from ui.controls.spec import Values
from ui.pages.gradient import controls
from ui.pages.gradient.figure import LONGEST, LONGEST_SUM, MOST, MOST_BAR, SCALE, SUM, names_of

HERE = Path(__file__).parent
WORDS = (
    "play",
    "stop",
    "step",
    "steps",
    "start",
    "identity",
    "bilinear",
    "integer",
    "answer",
    "figure_output",
    "figure_of_output",
    "figure_dx",
    "figure_dy",
    "figure_theta",
    "figure_loss",
    "figure_step",
    "agreement",
    "hint",
    "place",
    "spoken",
)
_component = component(HERE, "gradient", live=True)


def gradient(
    digit: Tensor,
    label: int,
    family: str,
    values: Values,
    theta: Sequence[float] | None,
    losses: Sequence[float],
    checkpoint: Checkpoint,
    say: Translator,
    key: str,
) -> None:
    """Show the window of ``family`` on a digit uint8 (28, 28), from ``theta``, by default the
    identity; ``losses`` are PyTorch's, which the browser's are compared with."""
    data = live.given(key, controls.SLIDERS, values, WORDS, say) | {
        "digit": live.pixels_text(digit),
        "label": label,
        "family": family,
        "theta": theta,
        "losses": losses,
        "file": model_file(checkpoint),
        "names": names_of(family),
        "scale": [*astuple(SCALE), LONGEST, LONGEST_SUM, MOST, MOST_BAR],
        "sum": SUM,
    }
    _component(data, failed=texts("browser")("failed"), key=key, on_said_change=lambda: None)
