"""A theta that the visitor sets by hand in place of a model's localisation network, as a browser or
a URL names it."""

from collections.abc import Sequence
from dataclasses import dataclass

from stn_core import DISTORTIONS, EXPERIMENTS, TRANSFORMS
from ui.components.messages import finite

THETA_BOUND = 20.0  # of a theta from the hand; far beyond what can be seen


@dataclass(frozen=True)
class Hand:
    """The visitor's theta in place of a localisation network's; None for the network's own."""

    model: str
    theta: tuple[float, ...] | None = None


def hand_of(model: object, theta: Sequence[object] | None) -> Hand | None:
    """A hand on a model's theta as a browser or a URL names it; None for a model without
    transformer, the network's own theta for numbers that do not fit."""
    models = {e.title: e.model for e in EXPERIMENTS.values() if e.data in DISTORTIONS}
    known = models.get(model, "") if isinstance(model, str) else ""
    family = TRANSFORMS.get(known.rpartition("-")[2])
    if family is None:
        return None
    try:
        numbers = tuple(
            min(max(finite(number), -THETA_BOUND), THETA_BOUND) for number in theta or ()
        )
    except (TypeError, ValueError):
        numbers = ()
    return Hand(str(model), numbers if len(numbers) == family.num_params else None)


def has_transformer(model: str) -> bool:
    """Whether a URL names a model with a theta."""
    return hand_of(model, None) is not None


def are_numbers(text: str) -> bool:
    """Whether a URL's text is finite numbers with commas between them."""
    try:
        for number in text.split(","):
            finite(number)
    except ValueError:
        return False
    return True
