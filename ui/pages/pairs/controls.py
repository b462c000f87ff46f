"""The controls of the page about two digits."""

from dataclasses import replace

from stn_core import EXPERIMENTS, Experiment
from stn_core.data.pairs import PAIRS
from stn_core.models.pairs import PAIR_MODELS
from ui.app import loading
from ui.controls.distortion_state import SLIDERS
from ui.controls.spec import Choice, Control, GalleryDigit, LiveSlider, by_name

# two that the pair reads as far as their angles go
DIGITS = (
    GalleryDigit("two_first", "two_first_number", 4, 23),
    GalleryDigit("two_second", "two_second_number", 7, 12),
)
KIND = Choice("two_kind", tuple(distortion.upper() for distortion in PAIRS.values()), "R")
AT_FIRST = {"r_angle": (60, -45), "rts_angle": (35, -40), "rts_x": (-6.0, 5.0)}


def models() -> dict[str, str]:
    """The models by the names that the page shows, the pair first."""
    names = [loading.model_name(model) for model in reversed(PAIR_MODELS)]
    return dict(zip(names, reversed(PAIR_MODELS), strict=True))


MODEL = Choice("two_model", tuple(models()), next(iter(models())))


def experiment_of(kind: str, name: str) -> Experiment:
    """The experiment with a distortion, such as "R", and a model's name on the page."""
    return EXPERIMENTS[f"{data_of(kind.lower())}-{models()[name]}"]


def data_of(distortion: str) -> str:
    """The kind of pairs whose digits are distorted so, such as "r2" for "r"."""
    return next(data for data, name in PAIRS.items() if name == distortion)


def sliders(distortion: str) -> tuple[tuple[LiveSlider, ...], ...]:
    """Those of the first digit and of the second: a distortion's, under names of their own."""
    return tuple(
        tuple(
            replace(
                slider,
                key=f"two_{slider.key}_{channel + 1}",
                default=AT_FIRST.get(slider.key, (slider.default,) * 2)[channel],
                neutral=slider.rest,
            )
            for slider in SLIDERS[distortion]
        )
        for channel in range(2)
    )


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    every = [slider for kind in PAIRS.values() for channel in sliders(kind) for slider in channel]
    return by_name(KIND, MODEL, *DIGITS, *every)
