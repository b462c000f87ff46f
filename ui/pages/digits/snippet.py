"""The program of the digits page and the stage: the distorted digit and the models' answers."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from stn_core import DISTORTIONS
from ui.components.take_home.program import (
    assignments,
    digit_lines,
    keywords,
    numbers,
    pairs,
    program,
)
from ui.controls.distortion_state import BY_HAND, SLIDERS, named_sliders
from ui.controls.spec import Values

AMOUNTS = {  # of ``distort_digit``, where sliders have other names
    "rts": "angle=math.radians(angle), scale=scale, shift=(x, y)",
    "p": "scale=scale, moves=[(x0, y0), (x1, y1), (x2, y2), (x3, y3)]",
    "e": "scale=scale, moves=moves",
    "tc": "place=(x, y), count=clutter, seed=seed",
}


def snippet(
    digit: Tensor,
    label: int | None,
    kind: str,
    values: Values,
    models: Sequence[str],
    by_hand: Mapping[str, Tensor] | None = None,
) -> str:
    """What the experiments ``models`` answer to a digit uint8 (28, 28), distorted; ``by_hand`` has
    theta (P,) for some of them."""
    imports, line = digit_lines(digit, label)
    more, image = _distorted(kind, values)
    answers = f"""
answers = {{}}
for name in {list(models)!r}:
    answers[name] = load_checkpoint(name).model.explain(image)
    probabilities = answers[name].logits.softmax(1)[0]
    print(name, "answers", int(probabilities.argmax()), probabilities)
    for theta, grid, output in answers[name].transformers:
        print("theta", theta[0])"""
    hands = "".join(
        f"\nby_hand = load_checkpoint({name!r}).model.explain(image, "
        f"torch.tensor([{numbers(theta.tolist())}]))"
        '\nprint("by hand", by_hand.logits.softmax(1)[0])'
        for name, theta in (by_hand or {}).items()
    )
    return program(
        [*imports, *more, "from stn_core import load_checkpoint"], line, image, answers + hands
    )


def _distorted(kind: str, values: Values) -> tuple[list[str], str]:
    """The imports and the lines that make image (1, 1, H, W) of digit."""
    names, amounts = ["distort_digit"], AMOUNTS.get(kind) or keywords(named_sliders(kind))
    lines, by_hand = [assignments(SLIDERS[kind], values)], _by_hand(kind, values)
    if kind == "e":
        names.append("elastic_directions")
        added = f" + torch.tensor({by_hand})" if by_hand else ""
        lines.append(f"moves = strength * elastic_directions(seed){added}")
    elif by_hand:
        lines.append(f"drops = {by_hand}  # by hand; -1 is where the seed drops it")
        amounts += ", drops=drops"
    height, width = DISTORTIONS[kind].size
    lines.append(
        f"image = distort_digit(digit, {kind!r}, {amounts})  # (1, 1, {height}, {width}) in [0, 1]"
    )
    return [f"from stn_core.data.distort_digit import {', '.join(names)}"], "\n".join(lines)


def _by_hand(kind: str, values: Values) -> str:
    """What a hand has moved, as pairs of numbers; empty if nothing is moved."""
    control = BY_HAND.get(kind)
    moved = tuple(values.get(control.key, control.untouched)) if control else ()
    return pairs(moved) if control and moved != control.untouched else ""
