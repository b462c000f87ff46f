"""The controls of the exhibit "sampler"."""

from stn_core.transformer.sampler import KERNELS
from ui.controls.spec import Choice, Control, GalleryDigit, LiveSlider, Slider, by_name

VIEW = Choice("s_view", ("pixel", "down"), "pixel", kept_by_page=True)
KERNEL = Choice("s_kernel", KERNELS, "bilinear", kept_by_page=True)
DIGIT = GalleryDigit("s_digit", "s_digit_number", 3, 64)
POINT = (  # where one output pixel is read, in pixels of the input
    LiveSlider("s_x", -1.0, 28.0, 11.7, 0.1, unit="px", half=True),
    LiveSlider("s_y", -1.0, 28.0, 16.4, 0.1, unit="px", half=True),
)
PICTURE = Choice("s_picture", ("rings", "digits"), "rings", kept_by_page=True)
FACTOR = Slider("s_factor", 1, 8, 4, 1, unit="×")


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    return by_name(VIEW, KERNEL, DIGIT, *POINT, PICTURE, FACTOR)
