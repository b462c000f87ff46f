"""The program of the exhibit "transformation"."""

from torch import Tensor

from ui.components.take_home.program import assignments, digit_lines, keywords, numbers, program
from ui.controls.spec import Values
from ui.pages.transformation import controls


def snippet(digit: Tensor, label: int, family: str, values: Values, *, push: bool) -> str:
    """A digit uint8 (28, 28) transformed, and where the followed point comes from; ``push`` uses
    the map backwards."""
    imports, line = digit_lines(digit, label)
    sliders = controls.SLIDERS[family]
    sampled = (
        "output, landed = forward_warp(image, grid[0])"
        if push
        else "output = sample(image[None, None], grid)[0, 0]"
    )
    moves = tuple(values.get(controls.MOVES.key, controls.MOVES.untouched))
    moved = "" if moves == controls.MOVES.untouched else f"moves = {numbers(moves)}\n"
    code = f"""
{moved}theta = compose_theta({family!r}, {keywords(sliders)}{", moves=moves" if moved else ""})
transform = TRANSFORMS[{family!r}]
grid = transform.grid(theta[None], (28, 28))  # where each output pixel is read
image = digit.float() / 255
{sampled}
point = torch.tensor([{numbers(values[controls.PLACE.key])}])
source = transform.warp(theta[None], point)[0, 0]
print("theta", theta)
print("the followed point comes from", source)"""
    ours = [
        "from stn_core import TRANSFORMS" + ("" if push else ", sample"),
        "from stn_core.explain.compose import compose_theta",
    ]
    ours += ["from stn_core.explain.resampling import forward_warp"] if push else []
    return program([*imports, *ours], line, assignments(sliders, values), code)
