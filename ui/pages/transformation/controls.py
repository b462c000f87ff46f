"""The controls of the exhibit "transformation"."""

from ui.controls.spec import Choice, Control, GalleryDigit, Slider, by_name

FAMILY = Choice(
    "t_family",
    ("translation", "attention", "similarity", "affine", "projective", "tps"),
    "affine",
    kept_by_page=True,
)
DIGIT = GalleryDigit("t_digit", "t_digit_number", 5, 64)
SCALE = Slider("t_scale", 0.3, 2.0, 0.7, 0.05, unit="×", neutral=1.0)
ANGLE = Slider("t_angle", -180, 180, 30, 5, unit="°", neutral=0)
SHIFT = (
    Slider("t_x", -1.0, 1.0, 0.15, 0.05, half=True, neutral=0.0),
    Slider("t_y", -1.0, 1.0, 0.0, 0.05, half=True),
)
SHEAR = (
    Slider("t_stretch", 0.3, 2.0, 1.0, 0.05, unit="×", half=True),
    Slider("t_shear", -1.0, 1.0, 0.0, 0.05, half=True),
)
PERSPECTIVE = (
    Slider("t_px", -0.6, 0.6, 0.0, 0.05, half=True),
    Slider("t_py", -0.6, 0.6, 0.0, 0.05, half=True),
)
BEND = (
    Slider("t_bulge", -0.5, 0.5, 0.0, 0.05, half=True),
    Slider("t_wave", -0.4, 0.4, 0.0, 0.05, half=True),
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
FOLLOW = Slider("t_follow", 1, 9, 1, 1)
WAY = Choice("t_way", ("pull", "push"), "pull", kept_by_page=True)


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    return by_name(FAMILY, DIGIT, *EVERY_SLIDER, FOLLOW, WAY)
