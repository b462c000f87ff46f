"""The programs of the exhibit "why"."""

from torch import Tensor

from ui.components.take_home.program import assignments, digit_lines, program
from ui.controls.spec import Values
from ui.pages.why import controls


def cnn(digit: Tensor, label: int, model: str, values: Values) -> str:
    """What stays in its place in a CNN when the digit moves, and what it answers."""
    imports, line = digit_lines(digit, label)
    code = f"""
before = moved(digit, (28, 28))  # (1, 1, 28, 28)
after = moved(digit, (28, 28), x=x, y=y, angle=math.radians(angle), scale=scale)
model = load_checkpoint({model!r}).model
probabilities = model(after).softmax(1)[0]
print("answer", int(probabilities.argmax()), probabilities)
maps = zip(feature_maps(model, before), feature_maps(model, after))
kept = [overlap(one, other).item() for one, other in maps]
print("what stays in its place, stage by stage:", kept)"""
    ours = [
        "from stn_core import load_checkpoint",
        "from stn_core.explain.cnn_invariance import feature_maps, moved, overlap",
    ]
    return program([*imports, *ours], line, assignments(controls.POSE, values), code)


def pools(
    digit: Tensor, label: int, values: Values, depth: int, count: int, threshold: float
) -> str:
    """How many max-pools a shift needs to be forgiven: of this digit, and of ``count`` digits."""
    imports, line = digit_lines(digit, label)
    code = f"""
image = on_canvas(digit[None])
one, other = pool_stack(image, {depth}), pool_stack(shifted(image, shift), {depth})
kept = [overlap(*maps).item() for maps in zip(one, other)]
print("of this digit, after 0, 1, ... max-pools:", kept)
shifts = range({len(controls.SHIFT.every_value())})
table = pooling_shift_tolerance(shifts, {depth}, {count})  # of {count} digits: max-pools x shifts
needed = pools_needed(table, {threshold})[shift]
print("max-pools needed for this shift:", needed)"""
    names = "on_canvas, overlap, pooling_shift_tolerance, pool_stack, pools_needed, shifted"
    ours = [f"from stn_core.explain.cnn_invariance import {names}"]
    return program([*imports, *ours], line, assignments([controls.SHIFT], values), code)
