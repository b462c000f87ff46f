"""What a page shows as a short program with ``stn_core``: it prints the same numbers. Tests run the programs of many states.

Each function takes what its page has in hand and writes down every value that changes the result.
"""

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from stn_core.data.mnist import gallery
from ui.controls.distortion_state import DISTRACTORS, UNDROPPED, UNMOVED
from ui.controls.spec import Values

GALLERY = "from stn_core.data.mnist import gallery"


STANDARD = ("base64", "math", "os", "pathlib", "zlib")


def _program(imports: Sequence[str], *blocks: str) -> str:
    """Imports in three groups, then the lines."""
    body = "\n".join(block.strip("\n") for block in blocks)
    lines = sorted({*imports, *(["import torch"] if "torch." in body else [])})
    standard = [line for line in lines if line.split()[1] in STANDARD]
    ours = [line for line in lines if line.startswith("from stn_core")]
    others = [line for line in lines if line not in standard + ours]
    return "\n\n".join("\n".join(group) for group in (standard, others, ours, [body]) if group) + "\n"


def _digit(digit: Tensor, label: int | None) -> tuple[list[str], str]:
    """The imports and the line that make a digit uint8 (28, 28)."""
    if label is not None:
        images = gallery().images[500 * label : 500 * label + 500]
        found = (images == digit).flatten(1).all(1).nonzero()
        if len(found):
            return [GALLERY], f"digit = gallery().images[500 * {label} + {int(found[0])}]  # uint8 (28, 28)"
    packed = base64.b64encode(zlib.compress(digit.numpy().tobytes(), 9)).decode()
    unpacked = f'zlib.decompress(base64.b64decode("{packed}"))'
    return ["import base64", "import zlib"], f"digit = torch.frombuffer(bytearray({unpacked}), dtype=torch.uint8).view(28, 28)"


def _numbers(values: Sequence[float]) -> str:
    return "[" + ", ".join(f"{value:g}" for value in values) + "]"


def _pairs(values: Sequence[float]) -> str:
    return "[" + ", ".join(_numbers(values[i : i + 2]) for i in range(0, len(values), 2)) + "]"


# Digits and the live stage


def digits(
    digit: Tensor, label: int | None, kind: str, values: Values, models: Sequence[str], by_hand: Mapping[str, Tensor] | None = None
) -> str:
    """The distorted digit and what the experiments ``models`` answer; ``by_hand`` has theta (P,) for some of them."""
    imports, line = _digit(digit, label)
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
        f"\nby_hand = load_checkpoint({name!r}).model.explain(image, torch.tensor([{_numbers(theta.tolist())}]))"
        '\nprint("by hand", by_hand.logits.softmax(1)[0])'
        for name, theta in (by_hand or {}).items()
    )
    return _program([*imports, *more, "from stn_core import DISTORTIONS, load_checkpoint"], line, image, answers + hands)


def _distorted(kind: str, values: Values) -> tuple[list[str], str]:
    """The lines that make image (1, 1, H, W) of digit."""
    v = {key.removeprefix(f"{kind}_"): value for key, value in values.items()}
    apply = f'image = DISTORTIONS["{kind}"].apply(digit[None], parameters)  # (1, 1, H, W)'
    if kind == "r":
        return [], f'parameters = {{"angle": torch.tensor([{float(v["angle"])}]).deg2rad()}}\n{apply}'
    if kind == "rts":
        angle = f'"angle": torch.tensor([{float(v["angle"])}]).deg2rad(), "scale": torch.tensor([{float(v["scale"])}])'
        shift = f'"shift": torch.tensor([[{float(v["x"])}, {float(v["y"])}]])'
        return [], f"parameters = {{{angle}, {shift}}}\n{apply}"
    if kind == "p":
        moves = "[" + ", ".join(f"[{float(v[f'x{i}'])}, {float(v[f'y{i}'])}]" for i in range(4)) + "]"
        return [], f'parameters = {{"scale": torch.tensor([{float(v["scale"])}]), "moves": torch.tensor([{moves}])}}\n{apply}'
    if kind == "e":
        draw = f"torch.randn(16, 2, generator=torch.Generator().manual_seed({int(v['seed'])}))"
        hand = tuple(v.get("moves", UNMOVED))
        added = "" if hand == UNMOVED else f"\nmoves = moves + torch.tensor({_pairs(hand)})  # by hand"
        scale = f'parameters = {{"scale": torch.tensor([{float(v["scale"])}]), "moves": moves[None]}}'
        return [], f"moves = {float(v['strength'])} * {draw}{added}\n{scale}\n{apply}"
    return [GALLERY, "from stn_core.data.distortions import TranslationClutter"], _cluttered(v)


def _cluttered(v: Mapping[str, Any]) -> str:
    hand = tuple(v.get("drops", UNDROPPED))
    count = int(v["clutter"])
    drops = ""
    if hand != UNDROPPED:
        drops = f'\nput = torch.tensor({_pairs(hand)})[None]  # by hand\ndrops = parameters["drops"]'
        drops += '\nparameters["drops"] = torch.where(put < 0, drops, put)'
    return f"""
clutter, generator = TranslationClutter(patches={DISTRACTORS}), torch.Generator().manual_seed({int(v["seed"])})
others = gallery().images[torch.randint(5000, ({DISTRACTORS},), generator=generator)]  # whose patches distract
parameters = {{name: value[:1] for name, value in clutter.draw({DISTRACTORS + 1}, generator).items()}}
parameters["place"] = torch.tensor([[{int(v["x"])}, {int(v["y"])}]])
parameters["sources"] = torch.arange(1, {DISTRACTORS + 1})[None] * (torch.arange({DISTRACTORS}) < {count}){drops}
everywhere = {{name: value.expand({DISTRACTORS + 1}, *value.shape[1:]) for name, value in parameters.items()}}
image = clutter.apply(torch.cat((digit[None], others)), everywhere)[:1]  # (1, 1, 60, 60) in [0, 1]"""


# The exhibits


def why_cnn(digit: Tensor, label: int, model: str, values: Values) -> str:
    imports, line = _digit(digit, label)
    x, y, angle, scale = (values[f"why_{name}"] for name in ("x", "y", "angle", "scale"))
    code = f"""
before = moved(digit, (28, 28))  # (1, 1, 28, 28)
after = moved(digit, (28, 28), x={x:g}, y={y:g}, angle=math.radians({angle:g}), scale={scale:g})
model = load_checkpoint({model!r}).model
probabilities = model(after).softmax(1)[0]
print("answer", int(probabilities.argmax()), probabilities)
maps = zip(feature_maps(model, before), feature_maps(model, after))
kept = [overlap(one, other).item() for one, other in maps]
print("what stays in its place, stage by stage:", kept)"""
    ours = ["from stn_core import load_checkpoint", "from stn_core.explain.cnn_invariance import feature_maps, moved, overlap"]
    return _program(["import math", *imports, *ours], line, code)


def why_pools(digit: Tensor, label: int, shift: int, depth: int, shifts: int, count: int, threshold: float) -> str:
    imports, line = _digit(digit, label)
    code = f"""
image = on_canvas(digit[None])
one, other = pool_stack(image, {depth}), pool_stack(shifted(image, {shift}), {depth})
kept = [overlap(*maps).item() for maps in zip(one, other)]
print("of this digit, after 0, 1, ... max-pools:", kept)
table = pool_forgiveness(range({shifts}), {depth}, {count})  # of {count} digits: max-pools x shifts
needed = pools_needed(table, {threshold})[{shift}]
print("max-pools needed for a shift of {shift}:", needed)"""
    names = "on_canvas, overlap, pool_forgiveness, pool_stack, pools_needed, shifted"
    return _program([*imports, f"from stn_core.explain.cnn_invariance import {names}"], line, code)


def transformation(digit: Tensor, label: int, family: str, values: Values, point: Sequence[float], push: bool) -> str:
    imports, line = _digit(digit, label)
    v = {key.removeprefix("t_"): f"{value:g}" for key, value in values.items()}
    x, y, scale = v["x"], v["y"], v.get("scale", "1")
    simple = {"translation": f"[{x}, {y}]", "attention": f"[{scale}, {x}, {y}]"}
    if family in simple:
        theta = f"theta = torch.tensor([float(number) for number in {simple[family]}])"
    else:
        imports.append("import math")
        theta = f"""
angle, scale, stretch, shear = math.radians({v["angle"]}), {scale}, {v.get("stretch", "1")}, {v.get("shear", "0")}
cos, sin = math.cos(angle), math.sin(angle)
a, b = scale * cos, scale * (cos * shear - sin * stretch)
c, d = scale * sin, scale * (sin * shear + cos * stretch)"""
        last = {
            "similarity": f"a, c, {x}, {y}",
            "affine": f"a, b, {x}, c, d, {y}",
            "projective": f"a, b, {x}, c, d, {y}, {v.get('px')}, {v.get('py')}",
        }
        theta += (
            f"""
points = TRANSFORMS["tps"].identity().view(16, 2)  # the control points, bent and then mapped by a matrix
bent = points * (1 + {v["bulge"]} * (1 - points.norm(dim=1, keepdim=True) / math.sqrt(2)) * 1.5)
bent = bent + {v["wave"]} * torch.stack((torch.sin(math.pi * points[:, 1]), torch.zeros(16)), dim=1)
matrix = torch.tensor([[a, b, {x}], [c, d, {y}]])
theta = (torch.cat((bent, torch.ones(16, 1)), dim=1) @ matrix.T).flatten()"""
            if family == "tps"
            else f"\ntheta = torch.tensor([{last[family]}])"
        )
    sample = "output, landed = pushed(image, grid[0])" if push else "output = sample(image[None, None], grid)[0, 0]"
    code = f"""
transform = TRANSFORMS[{family!r}]
grid = transform.grid(theta[None], (28, 28))  # where each output pixel is read
image = digit.float() / 255
{sample}
source = transform.warp(theta[None], torch.tensor([{_numbers([round(value, 6) for value in point])}]))[0, 0]
print("theta", theta)
print("the followed point comes from", source)"""
    ours = ["from stn_core import TRANSFORMS" + ("" if push else ", sample")]
    ours += ["from stn_core.explain.resampling import pushed"] if push else []
    return _program([*imports, *ours], line, theta, code)


def sampler_pixel(digit: Tensor, label: int, x: float, y: float, kernel: str) -> str:
    imports, line = _digit(digit, label)
    code = f"""
x, y = {x:g}, {y:g}  # in pixels of the input; the centre of the first one is (0, 0)
weights = kernel_weights(((2 * x + 1) / 28 - 1, (2 * y + 1) / 28 - 1), (28, 28), {kernel!r})
columns, rows = weights.pixels.unbind(1)
value = ((digit.float() / 255)[rows, columns] * weights.weights).sum().item()
print(weights)
print("value", value)"""
    return _program([*imports, "from stn_core import kernel_weights"], line, code)


def sampler_down(picture: str, side: int, factor: int, kernel: str) -> str:
    names = "read_pixels, shrunk"
    imports, image = [], f"image = rings({side})"
    if picture == "rings":
        names = "read_pixels, rings, shrunk"
    else:
        imports = [GALLERY]
        image = f"""
digits = torch.nn.functional.pad(gallery().images[7:8000:311][:16].float() / 255, (2, 2, 2, 2))
image = digits.view(4, 4, 32, 32).permute(0, 2, 1, 3).reshape({side}, {side})"""
    code = f"""
small = shrunk(image, {factor}, {kernel!r})  # .sampled is what the sampler makes of it, .averaged what it should be
share = read_pixels(({side}, {side}), small.grid, {kernel!r}).float().mean().item()
print("size", tuple(small.sampled.shape), "error", small.error, "share of the pixels that are read", share)"""
    return _program([*imports, f"from stn_core.explain.resampling import {names}"], image, code)


def gradient(digit: Tensor, label: int, model: str, family: str, values: Values, steps: int) -> str:
    imports, line = _digit(digit, label)
    x, y, angle, scale, rate = (values[f"g_{name}"] for name in ("x", "y", "angle", "scale", "rate"))
    code = f"""
image = moved(digit, (28, 28), {x:g}, {y:g}, math.radians({angle:g}), {scale:g})[0]
classify = load_checkpoint({model!r}).model.classify
transform = TRANSFORMS[{family!r}]
theta = transform.identity()
answer = loss_gradient(classify, image, {label}, transform, theta, (28, 28))
for _ in range({steps}):
    theta = step(theta, answer.of_theta, {rate:g})
    answer = loss_gradient(classify, image, {label}, transform, theta, (28, 28))
print("loss", answer.loss, "theta", theta, "dL/dtheta", answer.of_theta)
integer = loss_gradient(classify, image, {label}, transform, transform.identity(), (28, 28), "nearest")
print("with the integer kernel", integer.loss, integer.of_theta)"""
    ours = ["from stn_core import TRANSFORMS, load_checkpoint", "from stn_core.explain.cnn_invariance import moved"]
    return _program(["import math", *imports, *ours, "from stn_core.explain.gradient_chain import loss_gradient, step"], line, code)


def trouble_frame(digit: Tensor, label: int, model: str, zoom: float, mean: float) -> str:
    code = f"""
image = digit[None, None].float() / 255
grid = TRANSFORMS["attention"].grid(torch.tensor([[{zoom:g}, 0.0, 0.0]]), (28, 28))
views = sample(image, grid), framed(image, grid, {mean:g})  # the mean taken away after sampling, and before
classify = load_checkpoint({model!r}).model.classify
losses = [torch.nn.functional.cross_entropy(classify(view), torch.tensor([{label}])).item() for view in views]
print("outside", outside(grid).item(), "losses", losses)"""
    imports, line = _digit(digit, label)
    ours = ["from stn_core import TRANSFORMS, load_checkpoint, sample", "from stn_core.explain.pitfalls import framed, outside"]
    return _program([*imports, *ours], line, code)


def trouble_align(digit: Tensor, label: int, model: str, made: bool, passes: int) -> str:
    code = f"""
image = digit[None, None].float() / 255
same = repeated_identity(image, {passes}, made={made}, read={made})
mixed = repeated_identity(image, {passes}, made={made}, read={not made})
classify = load_checkpoint({model!r}).model.classify
sure = [classify(view).softmax(1)[0, {label}].item() for view in (same, mixed)]
print("probability of {label}", sure)
print("the first pixel is read at", corner_error((28, 28), {made}, {not made}))"""
    imports, line = _digit(digit, label)
    ours = ["from stn_core import load_checkpoint", "from stn_core.explain.pitfalls import corner_error, repeated_identity"]
    return _program([*imports, *ours], line, code)


def trouble_leave(digit: Tensor, label: int, model: str, window: float, shift: float, held: bool) -> str:
    leash = "leash" if held else "None"
    code = f"""
image = digit[None].float() / 255
attention, theta = TRANSFORMS["attention"], torch.tensor([[{window:g}, {shift:g}, 0.0]])
classify = load_checkpoint({model!r}).model.classify
losses, gradients = loss_along(classify, image, {label}, attention, theta, (28, 28), {leash})
print("loss", losses[0].item(), "pull along x", -gradients[0, 1].item())
print("outside", outside(attention.grid(theta, (28, 28))).item())"""
    imports, line = _digit(digit, label)
    names = "leash, outside" if held else "outside"
    ours = ["from stn_core import TRANSFORMS, load_checkpoint", "from stn_core.explain.gradient_chain import loss_along"]
    return _program([*imports, *ours, f"from stn_core.explain.pitfalls import {names}"], line, code)


def trouble_rate(rate: float, last: int) -> str:
    """``last`` is the step that is shown now."""
    code = f"""
for moment in small_run({rate:g}):  # a training, with the localisation network's rate {rate:g} times the classifier's
    print("step", moment.step, "error", moment.error, "outside", moment.outside)
    if moment.step == {last}:
        break"""
    return _program(["from stn_core.explain.pitfalls import small_run"], code)


# Results and replays


def results(report: str, kind: str, curves: Sequence[str], transformer: str | None) -> str:
    """``report`` is Python for its path; the experiments ``curves`` are drawn, ``transformer`` is the one that aligns."""
    code = f"""
report = read_report({report})
for name, measured in report.models.items():  # the table
    print(name, measured.error, "paper", measured.experiment.paper_error, "meets it:", measured.meets_paper)
curves = {{name: report.models[name].curves for name in {list(curves)!r}}}
for parameter in ("rotation", "scale", "shift"):
    print(parameter, report.sweep({kind!r}, parameter), [errors[parameter] for errors in curves.values()])"""
    if transformer:
        code += f"""
before, after = report.before[{transformer.partition("-")[0]!r}].share, report.models[{transformer!r}].after.share
print("variance within the classes, as a share of that between them:", before, "->", after)"""
    imports = ["from stn_core.evaluation.report import read_report"] + (["import os"] if "os." in report else [])
    return _program(imports, code)


def replay(paths: Mapping[str, str], step: int, digits: Sequence[int]) -> str:
    """``paths`` has, for each recording's name, Python for its path."""
    listed = "\n".join(f"    {name!r}: {path}," for name, path in paths.items())
    code = f"""
paths = {{
{listed}
}}
chosen = slice({digits[0]}, {digits[-1] + 1})  # of the 64 digits
found = {{}}
for name, path in paths.items():
    recording = load_recording(path)
    moment = int((recording.steps <= {step}).sum().clamp_min(1)) - 1  # the last one up to step {step}
    images, theta = recording.images[chosen], None
    if recording.theta is not None:
        theta = recording.theta[moment, chosen].float()
        images = sample(images, recording.transform.grid(theta, recording.output_size))
    answers = recording.logits[moment, chosen].float().softmax(1)
    wrong, misalignment = int(recording.wrong[moment]), recording.misalignment[moment].item()
    print(name, "step", int(recording.steps[moment]), "wrong", wrong, "of 64, misalignment", misalignment)
    found[name] = theta, images, answers, wrong, misalignment"""
    imports = ["from stn_core import sample", "from stn_core.training.recording import load_recording"]
    imports += ["import os"] if any("os." in path for path in paths.values()) else []
    return _program(imports, code)


# Birds


def birds(source: str, models: Mapping[str, Tensor | None]) -> str:
    """What the experiments ``models`` answer to a photograph, with their windows at thetas (N, P) where these are given; ``source``
    is Python for the photograph's bytes.
    """
    imports = ["import torch", "from stn_core import load_checkpoint", "from stn_core.data.uploads import read_photograph"]
    imports += ["from pathlib import Path"] if "Path(" in source else []
    imports += ["from stn_core.data.cub import cub"] if "cub(" in source else []
    answers = [f"image = read_photograph({source}, 448)[None]  # (1, 3, 448, 448)"]
    for name, thetas in models.items():
        hand = "" if thetas is None else f", torch.tensor([[{', '.join(_numbers(theta) for theta in thetas.tolist())}]])"
        answers.append(f"""
checkpoint = load_checkpoint({name!r})
with torch.inference_mode():
    answer = checkpoint.model.explain(image{hand})
probabilities, species = answer.logits.softmax(1)[0].topk(5)
print({name!r}, [(checkpoint.experiment.classes[i], p) for i, p in zip(species.tolist(), probabilities.tolist())])
for theta, grid, crop in answer.transformers:
    print("theta", theta[0].tolist())""")
    return _program(imports, *answers)
