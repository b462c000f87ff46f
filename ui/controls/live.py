"""Sliders that a component draws (ui/browser/sliders.js), as it is sent them."""

from collections.abc import Sequence
from typing import Any

from ui.app.i18n import Translator
from ui.controls.spec import Slider
from ui.controls.widgets import label_of


def described(sliders: Sequence[Slider], say: Translator) -> list[dict[str, Any]]:
    """What a component needs of each slider."""
    return [
        {
            "key": slider.key,
            "label": label_of(slider, say),
            "low": slider.low,
            "high": slider.high,
            "step": slider.step,
            "unit": slider.unit,
            "half": slider.half,
            "asks": not slider.swept,
        }
        for slider in sliders
    ]
