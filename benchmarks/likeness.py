"""How well letters, scribbles and blots are told from digits: the score of
stn_core.data.likeness.py, and a network's own beside it.

    python -m benchmarks.likeness [--model r-cnn] [--false-alarms 2] [--to assets/likeness.json]

The threshold is where the given share of the gallery's digits, each compared with the others, is
called unlike; what is caught there was not looked at to choose it. Energy is that of Liu et al.
(2020), the logarithm of the sum of the exponentials of the logits.
"""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from benchmarks.command import options_parser
from stn_core import load_checkpoint
from stn_core.data.likeness import likeness
from stn_core.data.mnist import gallery
from stn_core.data.photographs import centred
from stn_core.evaluation.digit_metrics import predict_logits
from stn_core.files import write_file

EACH = 500
LETTERS = "AEFGHKMNPRTWXYadefhkmnrtwxÄß&@#%?ЖФЯЮ"  # none that is a digit's twin


def letters(draw: np.random.Generator) -> Tensor:
    """Letters of a font, sheared and turned a little."""
    found = []
    for i in range(EACH):
        picture = Image.new("L", (160, 160), 0)
        weight = int(draw.integers(0, 5))
        drawing, font = ImageDraw.Draw(picture), ImageFont.load_default(90)
        letter = LETTERS[i % len(LETTERS)]
        drawing.text((80, 80), letter, 255, font, "mm", stroke_width=weight)
        shear = draw.uniform(-0.2, 0.2)
        picture = picture.transform(
            picture.size, Image.Transform.AFFINE, (1, shear, -80 * shear, 0, 1, 0)
        )
        picture = picture.rotate(draw.uniform(-12, 12), Image.Resampling.BICUBIC)
        found.append(centred(np.asarray(picture, np.float32)))
    return torch.stack(found)


def scribbles(draw: np.random.Generator) -> Tensor:
    """Three to six strokes of a pen to random places."""
    found = []
    for _ in range(EACH):
        picture = Image.new("L", (160, 160), 0)
        canvas, width = ImageDraw.Draw(picture), int(draw.integers(8, 18))
        for _ in range(draw.integers(1, 4)):
            points = [tuple(point) for point in draw.uniform(20, 140, (draw.integers(2, 7), 2))]
            canvas.line(points, 255, width, "curve")
        found.append(centred(np.asarray(picture, np.float32)))
    return torch.stack(found)


def blots(draw: np.random.Generator) -> Tensor:
    """Discs, bars and patches of noise: what a blank sheet may be taken for."""
    found = []
    for i in range(EACH):
        picture = Image.new("L", (160, 160), 0)
        canvas, (x, y) = ImageDraw.Draw(picture), draw.uniform(20, 70, 2)
        if i % 3 == 0:
            canvas.ellipse([80 - x, 80 - y, 80 + x, 80 + y], 255)
        elif i % 3 == 1:
            canvas.rectangle([80 - x, 80 - y, 80 + x, 80 + y], 255)
        else:
            grain = Image.fromarray(draw.integers(0, 256, (7, 7), dtype=np.uint8))
            picture = grain.resize((160, 160), Image.Resampling.BICUBIC)
            picture = picture.point([0] * 128 + list(range(1, 256, 2)))
        found.append(centred(np.asarray(picture, np.float32)))
    return torch.stack(found)


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--model", default="r-cnn")
    parser.add_argument("--false-alarms", type=float, default=2, help="per cent")
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    model = load_checkpoint(options.model).model
    draw = np.random.default_rng(0)
    others = {"letters": letters(draw), "scribbles": scribbles(draw), "blots": blots(draw)}

    def logits(digits: Tensor) -> Tensor:
        return predict_logits(model, digits[:, None].float() / 255)

    scores = {
        "likeness": likeness,
        "energy": lambda digits: logits(digits).logsumexp(1),
        "probability": lambda digits: logits(digits).softmax(1).amax(1),
    }
    for name, score in scores.items():
        real = score(gallery().images)
        below = real.double().quantile(options.false_alarms / 100).item()
        alarms = 100 * (real < below).double().mean().item()
        caught = {k: 100 * (score(v) < below).double().mean().item() for k, v in others.items()}
        told = ", ".join(f"{share:.0f} % of {kind}" for kind, share in caught.items())
        print(f"{name:12s} below {below:.3f}: {alarms:.1f} % false alarms; caught {told}")
        if name == "likeness":
            about = {
                "below": round(below, 4),
                "false_alarms": round(alarms, 1),
                "caught": {kind: round(share, 1) for kind, share in caught.items()},
            }
    if options.to:
        about["unsure_below"] = round(below, 4)  # of the last score, the probability
        write_file(options.to, json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
