"""The controls of the exhibit "gradient"."""

from ui.controls.spec import Choice, Control, GalleryDigit, Slider, by_name

FAMILY = Choice("g_family", ("translation", "similarity", "affine"), "affine", kept_by_page=True)
DIGIT = GalleryDigit("g_digit", "g_digit_number", 4, 55)
POSE = (  # of the digit at the start
    Slider("g_x", -8.0, 8.0, -4.0, 0.5, unit="px", half=True),
    Slider("g_y", -8.0, 8.0, -4.0, 0.5, unit="px", half=True),
    Slider("g_angle", -180, 180, 0, 5, unit="°", half=True),
    Slider("g_scale", 0.5, 1.5, 1.0, 0.05, unit="×", half=True),
)
RATE = Slider("g_rate", 0.01, 0.2, 0.03, 0.01)
STEPS = Slider("g_steps", 0, 60, 0, 1)
SLIDERS = (*POSE, RATE, STEPS)


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    return by_name(FAMILY, DIGIT, *SLIDERS)
