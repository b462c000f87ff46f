"""The controls of the first page: the digit, its distortion, the models, and what the hand does."""

from stn_core.messages import Message
from ui.controls import digit_controls
from ui.controls.spec import Choice, Control, Text, by_name
from ui.pages.digits.hand import are_numbers, has_transformer

# what the hand does
MODE = Choice("mode", ("digit", "grid", "look", "draw"), "digit", kept_by_page=True)
KERNEL = Choice("kernel", ("bilinear", "bicubic", "nearest"), "bilinear", kept_by_page=True)
HAND = Text(
    "hand",
    has_transformer,
    Message("own_hand", "a model with a transformer, such as st-cnn-affine"),
)
THETA = Text("theta", are_numbers, Message("own_theta", "numbers with commas between them"))


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    return digit_controls.table() | by_name(MODE, KERNEL, HAND, THETA)
