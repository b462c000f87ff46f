"""The programs of the exhibit "what goes wrong", one for each trap."""

from torch import Tensor

from ui.components.take_home.program import assignments, digit_lines, program
from ui.controls.spec import Values
from ui.pages.trouble import controls


def frame(digit: Tensor, label: int, model: str, values: Values) -> str:
    """The loss with the mean taken away after sampling, and before it."""
    imports, line = digit_lines(digit, label)
    code = f"""
image = digit[None, None].float() / 255
grid = TRANSFORMS["attention"].grid(torch.tensor([[zoom, 0.0, 0.0]]), (28, 28))
# the mean taken away after sampling, and before it
views = sample(image, grid), sample_mean_subtracted(image, grid, mean)
classify = load_checkpoint({model!r}).model.classify
label = torch.tensor([{label}])
losses = [torch.nn.functional.cross_entropy(classify(view), label).item() for view in views]
print("outside", outside(grid).item(), "losses", losses)"""
    ours = [
        "from stn_core import TRANSFORMS, load_checkpoint, sample",
        "from stn_core.explain.pitfalls import sample_mean_subtracted, outside",
    ]
    return program([*imports, *ours], line, assignments(controls.FRAME, values), code)


def align(digit: Tensor, label: int, model: str, values: Values, *, made: bool) -> str:
    """The identity again and again, with one meaning of +-1 and with two; ``made`` is
    ``align_corners`` of the grid."""
    imports, line = digit_lines(digit, label)
    code = f"""
image = digit[None, None].float() / 255
same = repeated_identity(image, repeats, made={made}, read={made})
mixed = repeated_identity(image, repeats, made={made}, read={not made})
classify = load_checkpoint({model!r}).model.classify
sure = [classify(view).softmax(1)[0, {label}].item() for view in (same, mixed)]
print("probability of {label}", sure)
print("the first pixel is read at", corner_error((28, 28), {made}, {not made}))"""
    ours = [
        "from stn_core import load_checkpoint",
        "from stn_core.explain.pitfalls import corner_error, repeated_identity",
    ]
    return program([*imports, *ours], line, assignments([controls.REPEATS], values), code)


def leave(
    digit: Tensor, label: int, model: str, window: float, values: Values, *, penalised: bool
) -> str:
    """The loss and the pull on a window of that size, where it is; ``penalised`` if it leaves the
    image."""
    imports, line = digit_lines(digit, label)
    code = f"""
image = digit[None].float() / 255
attention, theta = TRANSFORMS["attention"], torch.tensor([[{window:g}, x, 0.0]])
classify = load_checkpoint({model!r}).model.classify
penalty = {"out_of_bounds_penalty" if penalised else "None"}
losses, gradients = loss_along(classify, image, {label}, attention, theta, (28, 28), penalty)
print("loss", losses[0].item(), "pull along x", -gradients[0, 1].item())
print("outside", outside(attention.grid(theta, (28, 28))).item())"""
    names = "out_of_bounds_penalty, outside" if penalised else "outside"
    ours = [
        "from stn_core import TRANSFORMS, load_checkpoint",
        "from stn_core.explain.gradient_chain import loss_along",
    ]
    ours.append(f"from stn_core.explain.pitfalls import {names}")
    return program([*imports, *ours], line, assignments([controls.SHIFT], values), code)


def on_map(digit: Tensor, label: int, model: str, cell: int, values: Values) -> str:
    """A turn and a shift undone at the input, and on the map behind the first convolution."""
    imports, line = digit_lines(digit, label)
    code = f"""
first = partial(first_map, load_checkpoint({model!r}).model)
found = undo(first, {cell}, digit, torch.tensor([turn]).deg2rad(), move)
print("undone at the input", found.error(found.restored_map).item())
print("undone on the map", found.error(found.warped_map).item())"""
    ours = [
        "from functools import partial",
        "from stn_core import load_checkpoint",
        "from stn_core.explain.map_alignment import first_map, undo",
    ]
    return program([*imports, *ours], line, assignments(controls.MAP, values), code)


def rate(rate: float, last: int) -> str:
    """A training with the localisation network's ``rate`` times the classifier's, up to the step
    ``last``, which is shown now."""
    code = f"""
# a training, with the localisation network's rate {rate:g} times the classifier's
for moment in train_tiny_stn({rate:g}):
    print("step", moment.step, "error", moment.error, "outside", moment.outside)
    if moment.step == {last}:
        break"""
    return program(["from stn_core.explain.pitfalls import train_tiny_stn"], code)
