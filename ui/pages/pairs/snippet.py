"""The program of the page about two digits: each distorted, and what the model makes of both."""

from collections.abc import Sequence

from torch import Tensor

from ui.components.take_home.program import digit_lines, program
from ui.controls.distortion_state import SLIDERS
from ui.controls.spec import Values


def snippet(
    digits: Sequence[Tensor], labels: Sequence[int], kind: str, values: Sequence[Values], name: str
) -> str:
    """What the experiment ``name`` answers to two digits uint8 (28, 28), each distorted."""
    imports = {
        "import torch",
        "from stn_core import load_checkpoint",
        "from stn_core.data.distort_digit import distort_digit",
    }
    lines = []
    for digit, label, own in zip(digits, labels, values, strict=True):
        more, line = digit_lines(digit, label)
        imports.update(more)
        lines += [line, f"channels.append(distort_digit(digit, {kind!r}, {_amounts(kind, own)}))"]
    answer = f"""
pair = torch.cat(channels, dim=1)  # (1, 2, H, W) in [0, 1]
answer = load_checkpoint({name!r}).model.explain(pair)
probabilities = answer.logits.softmax(1)[0]
print("the sum is {sum(labels)}, the answer", int(probabilities.argmax()), probabilities)
for theta, grid, output in answer.transformers:
    print("theta", theta[0], "output", output.shape)"""
    return program(sorted(imports), "channels = []", *lines, answer)


def _amounts(kind: str, values: Values) -> str:
    """The arguments of ``distort_digit``."""
    named = {slider.name: values[slider.key] for slider in SLIDERS[kind]}
    amounts = [f"angle=math.radians({named['angle']:g})"]
    if kind == "rts":
        amounts += [f"scale={named['scale']:g}", f"shift=({named['x']:g}, {named['y']:g})"]
    return ", ".join(amounts)
