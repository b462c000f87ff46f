"""Every page of the app, in the order of its links, and the controls that a lesson can set.

A page is a folder ``ui/pages/<name>`` with a title in ``ui/app/texts.toml``; the first one has the
bare address, the others have their names.
"""

from collections.abc import Callable
from typing import NamedTuple

from ui.controls.spec import Control
from ui.pages import (
    birds,
    digits,
    gradient,
    pairs,
    replay,
    results,
    sampler,
    transformation,
    trouble,
    why,
)


class Page(NamedTuple):
    """A page: what shows it, and its controls by their names, which are also the widgets' keys and
    the names in the address."""

    show: Callable[[], None]
    controls: Callable[[], dict[str, Control]]


PAGES = {
    "digits": Page(digits.main, digits.table),
    "why": Page(why.main, why.table),
    "transformation": Page(transformation.main, transformation.table),
    "sampler": Page(sampler.main, sampler.table),
    "gradient": Page(gradient.main, gradient.table),
    "replay": Page(replay.main, replay.table),
    "results": Page(results.main, results.table),
    "pairs": Page(pairs.main, pairs.table),
    "birds": Page(birds.main, birds.table),
    "trouble": Page(trouble.main, trouble.table),
}
# The parts of the paper's figure 2, and the page that is about each; the other pages are about the
# whole, as the first one is.
PARTS = {
    "whole": "digits",
    "localisation": "replay",
    "grid": "transformation",
    "sampler": "sampler",
    "classifier": "why",
    "gradient": "gradient",
}
FORMER = {"stage": "digits"}  # names that lessons may still have


def path_of(page: str) -> str:
    """A page's path in the address, below the app's root."""
    return "" if page == next(iter(PAGES)) else page


def controls_at(path: str) -> list[Control]:
    """The controls of the page at a path; none if it has none."""
    found = next((page for name, page in PAGES.items() if path_of(name) == path), None)
    return list(found.controls().values()) if found else []
