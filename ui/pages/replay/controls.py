"""The controls of the replay."""

from collections.abc import Sequence
from dataclasses import dataclass

from stn_core import EXPERIMENTS, Experiment
from stn_core.data.distortions import TABLE_KINDS
from stn_core.training.recording import MOST_STEPS
from ui.app import loading
from ui.controls.spec import Choice, Control, Number, by_name

NOTHING = "-"  # in place of the right one


@dataclass(frozen=True)
class Dozen(Number):
    """Which twelve of the 64 recorded digits are shown: the address has the first and the last of
    them, counted from 1."""

    def text(self, value: int) -> str:
        return f"{12 * value - 11}-{12 * value}"

    def read(self, texts: Sequence[str]) -> int | None:
        values = {self.text(value): value for value in self.every_value()}
        return values.get(texts[-1]) if texts else None


DOZEN = Dozen("dozen", 1, 5, 1, label="digits")
# the training step at which the player is paused
STEP = Number("step", 0, MOST_STEPS, 0, kept_by_page=True)


def name_of(experiment: Experiment) -> str:
    """An experiment as the page and its address call it, in every language."""
    return f"{experiment.data.upper()} {loading.name(experiment)}"


def recordable() -> dict[str, Experiment]:
    """The experiments whose training can be recorded, by their names."""
    return {
        name_of(experiment): experiment
        for experiment in EXPERIMENTS.values()
        if experiment.data in TABLE_KINDS and not experiment.warps_maps
    }


def left() -> Choice:
    """The experiment on the left side."""
    return Choice("left", tuple(recordable()), name_of(EXPERIMENTS["rts-fcn"]))


def right() -> Choice:
    """The experiment on the right side, or nothing."""
    return Choice("right", (*recordable(), NOTHING), name_of(EXPERIMENTS["rts-st-fcn-affine"]))


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    return by_name(left(), right(), DOZEN, STEP)
