"""The controls of the exhibit "transformation"."""

from stn_core.messages import Message
from ui.app.outside import number
from ui.controls.spec import Choice, Control, GalleryDigit, LiveSlider, Text, by_name
from ui.controls.url_codec import ByHand

FAMILY = Choice(
    "t_family",
    ("translation", "attention", "similarity", "affine", "projective", "tps"),
    "affine",
    kept_by_page=True,
)
DIGIT = GalleryDigit("t_digit", "t_digit_number", 5, 64)
SCALE = LiveSlider("t_scale", 0.3, 2.0, 0.7, 0.01, unit="×", half=True, neutral=1.0)
ANGLE = LiveSlider("t_angle", -180, 180, 30, 1, unit="°", half=True, neutral=0)
SHIFT = (
    LiveSlider("t_x", -1.0, 1.0, 0.15, 0.01, half=True, neutral=0.0),
    LiveSlider("t_y", -1.0, 1.0, 0.0, 0.01, half=True),
)
SHEAR = (
    LiveSlider("t_stretch", 0.3, 2.0, 1.0, 0.01, unit="×", half=True),
    LiveSlider("t_shear", -1.0, 1.0, 0.0, 0.01, half=True),
)
PERSPECTIVE = (
    LiveSlider("t_px", -0.6, 0.6, 0.0, 0.01, half=True),
    LiveSlider("t_py", -0.6, 0.6, 0.0, 0.01, half=True),
)
BEND = (
    LiveSlider("t_bulge", -0.5, 0.5, 0.0, 0.01, half=True),
    LiveSlider("t_wave", -0.4, 0.4, 0.0, 0.01, half=True),
)
# what each family can be told; the matrix families share their sliders, so that one is seen to be
# part of the next
SLIDERS = {
    "translation": SHIFT,
    "attention": (SCALE, *SHIFT),
    "similarity": (SCALE, ANGLE, *SHIFT),
    "affine": (SCALE, ANGLE, *SHIFT, *SHEAR),
    "projective": (SCALE, ANGLE, *SHIFT, *SHEAR, *PERSPECTIVE),
    "tps": (SCALE, ANGLE, *SHIFT, *SHEAR, *BEND),
}
EVERY_SLIDER = (SCALE, ANGLE, *SHIFT, *SHEAR, *PERSPECTIVE, *BEND)
# of a spline's control points (x, y), normalised, before the matrix maps them
MOVES = ByHand("t_moves", -1.2, 1.2, 0.01, 0.0)
FOLLOW = LiveSlider("t_follow", 1, 9, 1, 1)
WAY = Choice("t_way", ("pull", "push"), "pull", kept_by_page=True)


def place_in(text: str) -> tuple[float, float] | None:
    """The point (x, y), normalised, that an address names; None for anything else."""
    found = [number(part) for part in text[:40].split(",")]
    return (
        (round(found[0], 2), round(found[1], 2))
        if len(found) == 2
        and found[0] is not None
        and found[1] is not None
        and max(abs(found[0]), abs(found[1])) <= 1
        else None
    )


def is_place(text: str) -> bool:
    """Whether an address names a point."""
    return place_in(text) is not None


# where the followed point is, if a hand has moved it away from where its number stands
PLACE = Text("t_at", is_place, Message("own_place", "x,y from −1 to 1"))
MOVED = Text(
    MOVES.key, MOVES.moves_something, Message("own_moves", "32 numbers, as the address holds them")
)


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    return by_name(FAMILY, DIGIT, *EVERY_SLIDER, MOVED, FOLLOW, PLACE, WAY)
