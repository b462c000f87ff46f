"""A photograph with the windows of a bird model's transformers, and their crops beside it, live
while a window is dragged.

The browser cuts the crops itself. What it says is a message with where the windows were let go of;
nothing in it is trusted (see ``places.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ui.app.i18n import Translator
from ui.browser.component import component
from ui.components.messages import last_message
from ui.drawing.canvas import GRID, UP
from ui.pages.birds.pictures import BirdPicture
from ui.pages.birds.places import Places

HERE = Path(__file__).parent
WINDOWS = (GRID, "#56B4E9", "#F0E442", UP)  # a transformer's colour everywhere
WORDS = (
    "crop_alt",
    "photo_alt",
    "place",
    "by_hand",
    "to_network",
    "trained_now",
    "start",
    "looking",
    "fine_tuning",
    "training",
    "head_part",
    "other_part",
    "heat_low",
    "heat_high",
    "pull",
    "slope",
    "move_keys",
)

_component = component(HERE, "birds", isolate_styles=False)


@dataclass(frozen=True)
class Heat:
    """A class's probability with one window at each of K x K places (K * K,), row by row from
    corner to corner of its reach; and at some of them (x, y) two directions, that of the gradient
    through the pixels and that of the map."""

    window: int
    values: tuple[float, ...]
    reach: float
    pulls: tuple[tuple[float, ...], ...] = ()  # (x, y, gx, gy, mx, my)


def windows(
    name: str,
    picture: BirdPicture,
    matrices: Tensor,
    hand: Places | None,
    way: Tensor | None,
    moments: Sequence[tuple[int, int]],
    parts: bool,
    heat: Heat | None,
    say: Translator,
    key: str,
    roles: Sequence[tuple[str, str]] = (),
) -> None:
    """Show a model's windows on a picture.

    Args:
        roles: what each window mostly holds on the test photographs, and in what share.
        matrices: (N, 2, 3) of the windows, output to input, where the network puts them.
        hand: where the visitor has put them, normalised.
        way: (M, N, 2) where the network put them at M ``moments`` of training, (0, epochs of
            the window search) or (1, steps).
        parts: whether to show the annotated parts.

    What the visitor does is the next run's ``new_message(key)``: see ``places.places_of``.
    """
    data = {
        "name": name,
        "picture": {
            "key": picture.key,
            "source": picture.shown,
            "aspect": picture.aspect,
            "name": picture.name,
        },
        "matrices": matrices.flatten(1).tolist(),
        "hand": hand,
        "way": None
        if way is None
        else [[[round(v, 4) for v in place] for place in row] for row in way.tolist()],
        "moments": moments,
        "parts": picture.parts if parts else (),
        "roles": [role for role, _ in roles],
        "shares": [share for _, share in roles],
        "heat": None if heat is None else vars(heat),
        "colors": {"windows": WINDOWS, "pull": UP, "slope": "#FFFFFF"},
        "echo": last_message(key),
        "words": {word: say.template(word) for word in WORDS},
    }
    _component(data, key=key, on_said_change=lambda: None)
