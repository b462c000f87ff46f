"""The controls of the exhibit "what goes wrong"."""

from ui.controls.spec import Choice, Control, GalleryDigit, Slider, by_name

TRAP = Choice("w_trap", ("frame", "align", "rate", "leave", "map"), "frame", kept_by_page=True)
DIGIT = GalleryDigit("w_digit", "w_digit_number", 2, 151)
ZOOM = Slider("w_zoom", 0.5, 3.0, 1.4, 0.05, unit="×")
FRAME = (ZOOM, Slider("w_mean", 0.0, 0.8, 0.45, 0.05))
MISMATCH = Choice("w_mismatch", ("shrink", "grow"), "shrink", kept_by_page=True)
REPEATS = Slider("w_repeats", 0, 40, 10, 1)
RATE = Choice("w_rate", ("0", "0.1", "0.3", "1", "3", "10", "100"), "10", kept_by_page=True)
SHIFT = Slider("w_x", -2.5, 2.5, 1.9, 0.05)
LEASH = Choice("w_leash", ("off", "on"), "off", kept_by_page=True)

TURN = Slider("w_turn", -90, 90, 60, 5, unit="°")
MOVE = Slider("w_move", -4, 4, 0, 2, unit="px")
MAP = (TURN, MOVE)


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    return by_name(TRAP, DIGIT, *FRAME, MISMATCH, REPEATS, RATE, SHIFT, LEASH, *MAP)
