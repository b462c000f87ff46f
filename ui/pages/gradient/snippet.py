"""The program of the exhibit "gradient"."""

from collections.abc import Sequence

from torch import Tensor

from ui.components.take_home.program import assignments, digit_lines, numbers, program
from ui.controls.spec import Values
from ui.pages.gradient import controls


def snippet(
    digit: Tensor,
    label: int,
    model: str,
    family: str,
    theta: Sequence[float] | None,
    values: Values,
) -> str:
    """Steps down the gradient of theta, and the integer kernel's gradient at the start, which
    is ``theta``, by default the identity."""
    start = f"torch.tensor({numbers(theta)})" if theta else "transform.identity()"
    imports, line = digit_lines(digit, label)
    code = f"""
image = moved(digit, (28, 28), x, y, math.radians(angle), scale)[0]
classify = load_checkpoint({model!r}).model.classify
transform = TRANSFORMS[{family!r}]
theta = {start}
answer = loss_gradient(classify, image, {label}, transform, theta, (28, 28))
for _ in range(steps):
    theta = step(theta, answer.of_theta, rate)
    answer = loss_gradient(classify, image, {label}, transform, theta, (28, 28))
print("loss", answer.loss, "theta", theta, "dL/dtheta", answer.of_theta)
theta = {start}
integer = loss_gradient(classify, image, {label}, transform, theta, (28, 28), "nearest")
print("with the integer kernel", integer.loss, integer.of_theta)"""
    ours = [
        "from stn_core import TRANSFORMS, load_checkpoint",
        "from stn_core.explain.cnn_invariance import moved",
    ]
    ours.append("from stn_core.explain.gradient_chain import loss_gradient, step")
    return program([*imports, *ours], line, assignments(controls.SLIDERS, values), code)
