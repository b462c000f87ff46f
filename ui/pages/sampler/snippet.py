"""The programs of the exhibit "sampler"."""

from torch import Tensor

from ui.components.take_home.program import assignments, digit_lines, program
from ui.controls.spec import Values
from ui.pages.sampler import controls


def pixel(digit: Tensor, label: int, values: Values, kernel: str) -> str:
    """One output pixel as a weighted sum of input pixels."""
    imports, line = digit_lines(digit, label)
    code = f"""
# x and y are pixels of the input; the centre of the first one is (0, 0)
point = ((2 * x + 1) / 28 - 1, (2 * y + 1) / 28 - 1)
weights = kernel_weights(point, (28, 28), {kernel!r})
columns, rows = weights.pixels.unbind(1)
value = ((digit.float() / 255)[rows, columns] * weights.weights).sum().item()
slope = slope_at(digit.float() / 255, point, {kernel!r})  # if the point moves by a pixel
print(weights)
print("value", value, "slope", slope)"""
    return program(
        [
            *imports,
            "from stn_core import kernel_weights",
            "from stn_core.explain.resampling import slope_at",
        ],
        line,
        assignments(controls.POINT, values),
        code,
    )


def down(picture: str, side: int, values: Values, kernel: str) -> str:
    """A picture made smaller, by sampling and as it should be."""
    image, name = (
        (f"image = zone_plate({side})", "zone_plate")
        if picture == "rings"
        else ("image = digit_sheet()", "digit_sheet")
    )
    code = f"""
small = shrunk(image, factor, {kernel!r})  # .sampled by the sampler, .averaged as it should be
share = read_pixels(({side}, {side}), small.grid, {kernel!r}).float().mean().item()
print("size", tuple(small.sampled.shape), "error", small.error)
print("share of the pixels that are read", share)"""
    ours = [
        "from stn_core.explain.resampling import "
        f"{', '.join(sorted([name, 'read_pixels', 'shrunk']))}"
    ]
    return program(ours, image, assignments([controls.FACTOR], values), code)
