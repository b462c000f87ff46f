"""The live figure: one output pixel's sum under the hand, in the browser."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from ui.app.i18n import Translator, texts
from ui.browser.component import component
from ui.components import live
from ui.controls.spec import Values
from ui.pages.sampler import controls

HERE = Path(__file__).parent
WORDS = (
    "figure_input",
    "figure_patch",
    "figure_kernel",
    "figure_sum",
    "figure_slope",
    "figure_more",
    "term_slope",
    "one",
    "centre",
    "many",
    "nothing",
    "edge",
    "point",
    "place",
    "agreement",
)
_component = component(HERE, "sampler", live=True)


def sampler(
    digit: Tensor, kernel: str, values: Values, answer: Sequence[float], say: Translator, key: str
) -> None:
    """Show how a digit uint8 (28, 28) is read at a point; ``answer`` is PyTorch's value and slopes,
    which the browser's are compared with."""
    data = live.given(key, controls.POINT, values, WORDS, say) | {
        "digit": live.pixels_text(digit),
        "kernel": kernel,
        "answer": list(answer),
    }
    _component(data, failed=texts("browser")("failed"), key=key, on_said_change=lambda: None)
