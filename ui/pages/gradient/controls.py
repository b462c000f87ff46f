"""The controls of the exhibit "gradient"."""

from stn_core import TRANSFORMS
from stn_core.messages import Message
from ui.controls.spec import Choice, Control, GalleryDigit, LiveSlider, Text, by_name
from ui.controls.url_codec import numbers_of

FAMILY = Choice("g_family", ("translation", "similarity", "affine"), "affine", kept_by_page=True)
DIGIT = GalleryDigit("g_digit", "g_digit_number", 4, 55)
POSE = (  # of the digit at the start
    LiveSlider("g_x", -8.0, 8.0, -4.0, 0.5, unit="px", half=True),
    LiveSlider("g_y", -8.0, 8.0, -4.0, 0.5, unit="px", half=True),
    LiveSlider("g_angle", -180, 180, 0, 5, unit="°", half=True),
    LiveSlider("g_scale", 0.5, 1.5, 1.0, 0.05, unit="×", half=True),
)
RATE = LiveSlider("g_rate", 0.01, 0.2, 0.03, 0.01, half=True)
STEPS = LiveSlider("g_steps", 0, 60, 0, 1, half=True)
SLIDERS = (*POSE, RATE, STEPS)
BOUND = 20.0  # of a theta from the hand; far beyond what can be seen


def theta_in(text: str | None, family: str) -> tuple[float, ...] | None:
    """The theta of a family that an address has; None if it has none that fits."""
    return numbers_of(text, TRANSFORMS[family].num_params, BOUND)


def is_theta(text: str) -> bool:
    """Whether an address's text is the theta of some family."""
    return any(theta_in(text, family) is not None for family in FAMILY.options)


# where the window stands before the first step, if a hand has put it there
THETA = Text("g_theta", is_theta, Message("own_theta", "numbers with commas between them"))


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    return by_name(FAMILY, DIGIT, *SLIDERS, THETA)
