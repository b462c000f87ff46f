"""Two digits, live: each under a hand of its own; the model answers in the browser's same frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from stn_core import Checkpoint
from ui.app.i18n import Translator, texts
from ui.browser.component import component
from ui.browser.model_file import model_file
from ui.components.live import COLORS, pixels_text
from ui.components.messages import finite, last_message
from ui.controls.distortion_state import SLIDERS, undistorted
from ui.controls.live import described
from ui.controls.spec import Values

HERE = Path(__file__).parent
WORDS = (
    "inputs",
    "first",
    "second",
    "transformer",
    "random",
    "upright",
    "hint_r",
    "hint_rts",
    "place",
    "grid_label",
    "output_label",
    "bars_label",
    "sum",
    "loading",
    "no_weights",
    "no_transformer",
    "rotation",
    "shift",
    "turn_handle",
    "corners",
)
WISHES = ("random", "upright")
_component = component(HERE, "pairs", live=True)


def show_pairs(
    digits: Sequence[Tensor],
    labels: Sequence[int],
    kind: str,
    values: Sequence[Values],
    checkpoint: Checkpoint,
    heads: Sequence[str],
    say: Translator,
    key: str,
) -> None:
    """Show two digits (28, 28), uint8, each distorted by its values, and what the model makes of
    them; ``heads`` says of each of its transformers what was measured of it.

    What settles is the next run's ``new_message(key)`` (``settled``).
    """
    data = {
        "echo": last_message(key),
        "digits": [pixels_text(digit) for digit in digits],
        "labels": list(labels),
        "kind": kind,
        "values": list(values),
        "neutral": undistorted(kind),
        "bounds": {slider.key: (slider.low, slider.high, slider.step) for slider in SLIDERS[kind]},
        "sliders": described(SLIDERS[kind], texts("controls")),
        "model": model_file(checkpoint),
        "heads": list(heads),
        "words": {word: say.template(word) for word in WORDS},
        "colors": COLORS,
    }
    _component(data, failed=say("failed"), key=key, on_said_change=lambda: None)


# What the browser says


@dataclass(frozen=True)
class Settled:
    """What stood still: the values of both digits' sliders, by the names that one digit has; or
    what the visitor asks for (``WISHES``)."""

    kind: str
    values: tuple[Values, Values]
    wish: str = ""


def settled(said: Any) -> Settled | None:
    """The browser's message, within the bounds of the controls; None if it is no such one."""
    try:
        kind, (first, second) = said["kind"], said["values"]
        values = tuple(
            {slider.key: slider.fitted(finite(each[slider.key])) for slider in SLIDERS[kind]}
            for each in (first, second)
        )
        wish = said.get("wish") if said.get("wish") in WISHES else ""
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return Settled(kind, (values[0], values[1]), wish)
