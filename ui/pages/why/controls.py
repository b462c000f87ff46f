"""The controls of the exhibit "why"."""

from ui.controls.spec import Choice, Control, GalleryDigit, LiveSlider, by_name

VIEW = Choice("why_view", ("cnn", "pools"), "cnn", kept_by_page=True)
DIGIT = GalleryDigit("why_digit", "why_digit_number", 4, 408)
X = LiveSlider("why_x", -10.0, 10.0, 4.0, 0.5, unit="px", half=True, neutral=0.0)
Y = LiveSlider("why_y", -10.0, 10.0, 0.0, 0.5, unit="px", half=True)
ANGLE = LiveSlider("why_angle", -180, 180, 0, 5, unit="°", half=True)
SCALE = LiveSlider("why_scale", 0.5, 1.5, 1.0, 0.05, unit="×", half=True)
POSE = (X, Y, ANGLE, SCALE)  # of the digit that is moved
SHIFT = LiveSlider("why_shift", 0, 8, 2, 1, unit="px")


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    return by_name(VIEW, DIGIT, *POSE, SHIFT)
