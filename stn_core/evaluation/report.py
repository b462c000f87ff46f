"""The report: what every checkpoint is worth on the official test digits, computed by ``python -m stn_core report``.

Three things of each model: its test error over ten seeds, beside the paper's; its error against rotation, scale and shift, one
of them varied and everything else at identity; and, of a model with a transformer, how alike the digits of a class are after it.
All of it lies in one JSON file, which the results page reads. A model is computed again only if its checkpoint's bytes changed.
"""

import base64
import binascii
import datetime
import hashlib
import io
import json
import math
import os
import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from stn_core.allocator import keep_freed_memory
from stn_core.data.distortions import DISTORTIONS, RotationScaleTranslation, TranslationClutter, distort
from stn_core.data.mnist import Digits, mnist
from stn_core.evaluation.digit_metrics import BATCH, error, error_on
from stn_core.experiments.checkpoints import SHIPPED, Checkpoint, CheckpointError, find_checkpoint, load_checkpoint
from stn_core.experiments.registry import EXPERIMENTS, Experiment
from stn_core.messages import Complaint, Sentence, about_file

FORMAT = 1
COMMAND = "python -m stn_core report"
PAPER_SAMPLES = 150_000 * 256  # what each model of the paper saw: steps of a batch (appendix A.4)
PLACE = Path("assets/report.json")
SEEDS = tuple(range(10))  # of the distortions of the test digits; the first one also draws the digits of before and after
EVERY = 5  # the curves take every so manieth test digit, from the first
CLUTTER_SEED = 2015  # of the distractors in TC's curves
ABOUT = ("samples", "epochs", "seconds", "device", "date", "commit")  # what a checkpoint's header says of its training
PARAMETERS = ("rotation", "scale", "shift")  # degrees clockwise, a factor, pixels of the canvas to the right

TRAINED: Mapping[str, Mapping[str, tuple[float, float]]] = {  # what training draws from; a parameter that it never varies has none
    "r": {"rotation": (-90.0, 90.0)},
    "rts": {"rotation": (-45.0, 45.0), "scale": (0.7, 1.2), "shift": (-7.0, 7.0)},  # as far as a digit of scale 1 may go
    "p": {"scale": (0.75, 1.0)},
    "e": {"scale": (0.75, 1.0)},
    "tc": {"shift": (-16.0, 16.0)},
    "pxy": {"scale": (0.75, 1.0)},
}


class ReportError(Complaint):
    """A file that is no usable report; the message names the file, what is wrong and the command that makes a good one."""


@dataclass(frozen=True)
class Likeness:
    """How alike images of one class are, averaged over the classes.

    Every image is first scaled to unit norm, so more ink, as after zooming in, changes nothing.

    Attributes:
        within: the pixel variance within a class, summed over the pixels: 1 minus the mean cosine of two images of the class.
            0 if all of them look the same, 1 if they have no pixel in common. A blank image has nothing in common with any.
        between: 1 minus the mean cosine of two images of different classes. It falls along if a transformer only blurs or centres.
        means: the mean image of each class, not scaled: (10, h, w) in [0, 1], in steps of 1/255.
    """

    within: float
    between: float
    means: Tensor

    @property
    def share(self) -> float:
        """The variance within a class as a share of that between classes: 1 if the class says nothing about an image."""
        return self.within / max(self.between, 1e-6)


@dataclass(frozen=True)
class Measured:
    """What was measured of one checkpoint, and what its header says.

    Attributes:
        experiment: what it was trained for.
        sha256: of the checkpoint's bytes.
        errors: test error in per cent for each of the report's seeds.
        parameters: how many numbers training adjusts.
        about: ``ABOUT``; None for what the header does not say.
        curves: error in per cent for each value of the report's sweep, by parameter.
        after: the likeness of the transformer's outputs; None without a transformer.
        evaluated: date and commit of the evaluation.
    """

    experiment: Experiment
    sha256: str
    errors: tuple[float, ...]
    parameters: int
    about: Mapping[str, Any]
    curves: Mapping[str, tuple[float, ...]]
    after: Likeness | None
    evaluated: Mapping[str, str]

    @property
    def error(self) -> float:
        """The mean test error in per cent."""
        return statistics.fmean(self.errors)

    @property
    def standard_error(self) -> float:
        """Of the mean over the seeds, in points: how far it would move with other distortions of the same digits."""
        return statistics.stdev(self.errors) / math.sqrt(len(self.errors)) if len(self.errors) > 1 else 0.0

    @property
    def meets_paper(self) -> bool:
        """Whether the mean error is at most the paper's figure, also with one standard error more: rounded to the paper's one
        decimal, halves up.
        """
        paper = self.experiment.paper_error
        return paper is not None and math.floor((self.error + self.standard_error) * 10 + 0.5 + 1e-9) <= round(paper * 10)


@dataclass(frozen=True)
class Report:
    """Everything measured, by the experiments' names, and on what.

    Attributes:
        settings: seeds, number of test digits, number of digits of the curves, the sweeps and the ranges of training by kind.
        undistorted: the likeness of the test digits as MNIST has them.
        before: of the test digits distorted with the first seed, by kind.
        models: what was measured of each checkpoint.
        origin: command, date and commit of the last run.
    """

    settings: Mapping[str, Any]
    undistorted: Likeness
    before: Mapping[str, Likeness]
    models: Mapping[str, Measured]
    origin: Mapping[str, str]

    def sweep(self, kind: str, parameter: str) -> tuple[float, ...]:
        """The values at which a curve was measured."""
        return tuple(self.settings["sweeps"][kind][parameter])

    def trained(self, kind: str, parameter: str) -> tuple[float, float] | None:
        """The range that training draws from; None if it never varies this parameter on its own."""
        found = self.settings["trained"][kind].get(parameter)
        return (found[0], found[1]) if found else None


# Computing


def sweep(kind: str) -> dict[str, list[float]]:
    """The values of each parameter at which the curves of a kind are measured, well beyond what training draws."""
    step = DISTORTIONS[kind].size[1] // 14
    return {
        "rotation": [float(angle) for angle in range(-180, 181, 15)],
        "scale": [round(0.4 + 0.1 * i, 1) for i in range(13)],
        "shift": [float(step * i) for i in range(-7, 8)],
    }


def moved(images: Tensor, kind: str, rotation: float = 0.0, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    """Digits (N, 28, 28) in the canvas of a kind, turned by ``rotation`` degrees clockwise and scaled about their centre, then
    moved by ``shift`` pixels to the right of the canvas's middle: float32 (N, 1, H, W). One bilinear warp with zeros outside;
    in TC with distractors as in training, the same ones for every rotation, scale and shift.
    """
    canvas = RotationScaleTranslation()
    canvas.size = DISTORTIONS[kind].size
    parameters = canvas.identity(len(images))
    parameters["angle"] += math.radians(rotation)
    parameters["scale"] *= scale
    parameters["shift"][:, 0] += shift
    placed = canvas.apply(images, parameters)
    return torch.maximum(placed, clutter(images)) if kind == "tc" else placed


def clutter(images: Tensor) -> Tensor:
    """TC without its digits: to each of the digits (N, 28, 28) distractors out of others, (N, 1, 60, 60)."""
    count, drawer = len(images), TranslationClutter()
    parameters = drawer.draw(count, torch.Generator().manual_seed(CLUTTER_SEED))
    index = torch.arange(count)[:, None]
    parameters["sources"] = count + (index + parameters["sources"]) % count - index  # the digits follow N blank ones
    doubled = {name: torch.cat((value, value)) for name, value in parameters.items()}
    return drawer.apply(torch.cat((torch.zeros_like(images), images)), doubled)[:count]


def curves(model: torch.nn.Module, digits: Digits, kind: str) -> dict[str, tuple[float, ...]]:
    """The error in per cent on digits of which one parameter is varied, for each value of the sweep."""
    return {
        parameter: tuple(
            round(error_on(model, moved(digits.images, kind, **{parameter: value}), digits.labels), 4) for value in values
        )
        for parameter, values in sweep(kind).items()
    }


def likeness(images: Tensor, labels: Tensor) -> Likeness:
    """How alike images (N, 1, h, w) of one class are; every class of labels (N,) must occur."""
    unit = images.flatten(1) / images.flatten(1).norm(dim=1, keepdim=True).clamp_min(1e-6)
    directions = torch.stack([unit[labels == label].mean(0) for label in range(10)])  # (10, h * w)
    cosines = directions @ directions.T  # mean cosine of a pair, by its two classes
    within = cosines.diagonal().mean().item()
    between = (cosines.sum() - cosines.trace()).item() / 90
    means = torch.stack([images[labels == label, 0].mean(0) for label in range(10)])
    return Likeness(round(1 - within, 4), round(1 - between, 4), means.clamp(0, 1).mul(255).round().div(255))


@torch.inference_mode()
def outputs(checkpoint: Checkpoint, images: Tensor) -> Tensor:
    """What the model's transformer makes of images (N, 1, H, W): (N, 1, h, w)."""
    return torch.cat([checkpoint.model.explain(batch).transformers[0].output for batch in images.split(BATCH)])


def measure(checkpoint: Checkpoint, sha256: str, digits: Digits, origin: Mapping[str, str]) -> Measured:
    """Everything that the report has of one checkpoint."""
    experiment = checkpoint.experiment
    model = checkpoint.model
    after = None
    if model.transforms:
        after = likeness(outputs(checkpoint, distort(digits.images, experiment.data, SEEDS[0])), digits.labels)
    return Measured(
        experiment=experiment,
        sha256=sha256,
        errors=tuple(round(error(model, digits, experiment.data, seed), 4) for seed in SEEDS),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        about=about_training(checkpoint.provenance),
        curves=curves(model, Digits(digits.images[::EVERY], digits.labels[::EVERY]), experiment.data),
        after=after,
        evaluated={key: origin[key] for key in ("date", "commit")},
    )


def about_training(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """``ABOUT`` out of a checkpoint's header; None for what is missing there or makes no sense."""
    recipe = provenance.get("recipe")
    said = {**(recipe if isinstance(recipe, dict) else {}), **provenance}
    about: dict[str, Any] = {}
    for name in ABOUT:
        try:
            about[name] = _header(name, said.get(name))
        except ValueError:
            about[name] = None
    return about


def make_report(
    out: str | os.PathLike[str] | None = None,
    data: str | os.PathLike[str] | None = None,
    to: str | os.PathLike[str] = PLACE,
    say: Callable[[str], None] = print,
) -> Report:
    """Measure every checkpoint below ``out``, the shipped ones and your own by default, and write the report to ``to``; what it has
    of unchanged checkpoints is kept.

    It is written after every checkpoint, so an interrupted run goes on where it was. A broken checkpoint is said and left out.
    ValueError if there is no checkpoint at all, DataError if the test digits are not to be had.
    """
    from stn_core.experiments.provenance import commit  # here, since accelerate takes a second to import; the page only reads

    to = Path(to)
    place = lambda experiment: find_checkpoint(experiment) if out is None else Path(out) / experiment.path
    there = [e for e in EXPERIMENTS.values() if e.data in DISTORTIONS and place(e).is_file()]
    if not there:
        raise ValueError(
            f"no checkpoint in {Path(out or SHIPPED) / 'digits'}; make one with {next(iter(EXPERIMENTS.values())).command}"
        )
    keep_freed_memory()
    digits = mnist("test", data)
    origin = {"command": COMMAND, "date": datetime.date.today().isoformat(), "commit": commit()}
    settings: dict[str, Any] = {
        "seeds": list(SEEDS),
        "digits": len(digits.labels),
        "curve_digits": len(digits.labels[::EVERY]),
        "digest": digest(digits.images.numpy().tobytes()),
        "sweeps": {kind: sweep(kind) for kind in DISTORTIONS},
        "trained": {kind: {name: list(bounds) for name, bounds in TRAINED[kind].items()} for kind in DISTORTIONS},
    }
    old = _reusable(to, settings)
    if old:
        undistorted, before = old.undistorted, dict(old.before)
    else:
        undistorted = likeness(digits.images[:, None] / 255, digits.labels)
        before = {kind: likeness(distort(digits.images, kind, SEEDS[0]), digits.labels) for kind in DISTORTIONS}
    known = old.models if old else {}
    models: dict[str, Measured] = {}
    for experiment in there:
        path = place(experiment)
        sha256, kept = digest(path.read_bytes()), known.get(experiment.name)
        if kept and kept.sha256 == sha256:
            models[experiment.name] = kept
            continue
        try:
            checkpoint = load_checkpoint(path)
            if checkpoint.experiment != experiment:
                fail = about_file(CheckpointError, path, experiment.command)
                raise fail("misplaced", "it holds {found}", found=checkpoint.experiment.name)
        except CheckpointError as failure:
            say(f"left out: {failure}")
            continue
        models[experiment.name] = found = measure(checkpoint, sha256, digits, origin)
        beside = f" {'<=' if found.meets_paper else '>'} {experiment.paper_error} of the paper" if experiment.paper_error else ""
        say(f"{experiment.name}: {found.error:.2f} % ± {found.standard_error:.2f}{beside}")
        waiting = {name: value for name, value in known.items() if name not in models}
        write_report(Report(settings, undistorted, before, waiting | models, origin), to)
    report = Report(settings, undistorted, before, models, origin)
    write_report(report, to)
    return report


def _reusable(path: Path, settings: Mapping[str, Any]) -> Report | None:
    """The report at ``path`` if it was measured on the same digits in the same way."""
    try:
        report = read_report(path)
    except ReportError:
        return None
    return report if report.settings == settings else None


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# The file


def write_report(report: Report, path: Path) -> None:
    """Write the report in one go, so that there is never half a file."""
    models = {
        name: {
            "sha256": found.sha256,
            "errors": found.errors,
            "paper": found.experiment.paper_error,
            "parameters": found.parameters,
            **found.about,
            "evaluated": found.evaluated,
            "curves": found.curves,
            "after": _packed(found.after) if found.after else None,
        }
        for name, found in sorted(report.models.items(), key=lambda item: list(EXPERIMENTS).index(item[0]))
    }
    before = {kind: _packed(alike) for kind, alike in report.before.items()}
    whole = {"format": FORMAT, **report.origin, "settings": report.settings, "undistorted": _packed(report.undistorted)}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial")
    unfinished.write_text(_one_line_a_list(whole | {"before": before, "models": models}))
    unfinished.replace(path)


def _one_line_a_list(value: Any, indent: int = 0) -> str:
    """JSON that a person can read and a diff can show: objects indented, lists on one line."""
    if not isinstance(value, Mapping) or not value:
        return json.dumps(value)
    inner = ",\n".join(
        f"{' ' * (indent + 1)}{json.dumps(key)}: {_one_line_a_list(part, indent + 1)}" for key, part in value.items()
    )
    return f"{{\n{inner}\n{' ' * indent}}}" + ("" if indent else "\n")


def _packed(alike: Likeness) -> dict[str, Any]:
    """As JSON; the means as one PNG, the classes side by side."""
    buffer = io.BytesIO()
    strip = torch.cat(list(alike.means), dim=1).mul(255).round().byte().numpy()
    Image.fromarray(strip).save(buffer, "PNG", optimize=True)
    return {"within": alike.within, "between": alike.between, "means": base64.b64encode(buffer.getvalue()).decode()}


def read_report(path: str | os.PathLike[str] = PLACE) -> Report:
    """Read a report. ReportError if it is missing, cut off, foreign or does not fit together; nothing in it is trusted."""
    path = Path(path)
    fail = about_file(ReportError, path, COMMAND)
    try:
        whole = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise fail("no_report", "there is no report yet") from None
    except (OSError, ValueError, RecursionError) as failure:
        raise fail("not_json", "expected a report in JSON, but it is cut off or foreign ({error})", error=str(failure)) from failure
    try:
        if whole["format"] != FORMAT:
            raise Complaint("report_format", "its format is {found!r}, expected {expected}", found=whole["format"], expected=FORMAT)
        settings = _settings(whole["settings"])
        return Report(
            settings=settings,
            undistorted=_unpacked(whole["undistorted"]),
            before={kind: _unpacked(whole["before"][kind]) for kind in DISTORTIONS},
            models={  # without those of models of somebody's own that are not here
                name: _measured(name, found, settings) for name, found in whole["models"].items() if name in EXPERIMENTS
            },
            origin={key: _text(whole[key]) for key in ("command", "date", "commit")},
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as failure:
        raise fail("other_report", "expected a report as stn_core writes it, but {why}", why=_why(failure)) from failure


def _why(failure: Exception) -> str:
    if isinstance(failure, Complaint):
        return failure.sentence
    if isinstance(failure, KeyError):
        return Sentence("no_field", "{name!r} is missing", name=failure.args[0])
    return " ".join(str(failure).split())


def _settings(found: Mapping[str, Any]) -> dict[str, Any]:
    trained = {
        kind: {name: list(_numbers(found["trained"][kind][name], 2)) for name in PARAMETERS if name in found["trained"][kind]}
        for kind in DISTORTIONS
    }
    if not all(trained.values()):
        raise Complaint("no_range", "a kind of data has no range of training")
    return {
        "seeds": [_whole(seed) for seed in found["seeds"]],
        "digits": _whole(found["digits"], 1),
        "curve_digits": _whole(found["curve_digits"], 1),
        "digest": _text(found["digest"]),
        "sweeps": {kind: {name: list(_numbers(found["sweeps"][kind][name])) for name in PARAMETERS} for kind in DISTORTIONS},
        "trained": trained,
    }


def _measured(name: str, found: Mapping[str, Any], settings: Mapping[str, Any]) -> Measured:
    experiment = EXPERIMENTS[name]
    sweeps = settings["sweeps"][experiment.data]
    about = {key: None if found[key] is None else _header(key, found[key]) for key in ABOUT}
    if (found["after"] is None) != (not experiment.model.startswith("st-")):
        raise Complaint("no_likeness", "of {name} it has no likeness that fits the model", name=name)
    return Measured(
        experiment=experiment,
        sha256=_text(found["sha256"]),
        errors=_numbers(found["errors"], len(settings["seeds"]), high=100),
        parameters=_whole(found["parameters"]),
        about=about,
        curves={key: _numbers(found["curves"][key], len(sweeps[key]), high=100) for key in PARAMETERS},
        after=None if found["after"] is None else _unpacked(found["after"]),
        evaluated={key: _text(found["evaluated"][key]) for key in ("date", "commit")},
    )


def _unpacked(packed: Mapping[str, Any]) -> Likeness:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            strip = Image.open(io.BytesIO(base64.b64decode(packed["means"], validate=True)), formats=["PNG"])
            width, height = strip.size
            if strip.mode != "L" or width % 10 or not 10 <= width <= 2560 or height > 256:
                raise Complaint(
                    "other_means", "a picture of means is {mode} and {width} x {height}",
                    mode=strip.mode, width=width, height=height,
                )  # fmt: skip
            pixels = torch.frombuffer(bytearray(strip.tobytes()), dtype=torch.uint8)
    except (OSError, SyntaxError, binascii.Error, Warning) as failure:
        raise Complaint("no_means", "a picture of means can't be read ({error})", error=" ".join(str(failure).split())) from failure
    means = pixels.view(height, 10, width // 10).transpose(0, 1).float() / 255
    within, between = _numbers([packed["within"], packed["between"]], low=-0.01, high=1.01)
    return Likeness(within, between, means)


def _numbers(found: Sequence[Any], count: int | None = None, low: float = -1e6, high: float = 1e6) -> tuple[float, ...]:
    if not isinstance(found, list) or not found or (count is not None and len(found) != count):
        some = count or Sentence("some", "some")
        raise Complaint("no_list", "expected a list of {count} numbers, it has {found}", count=some, found=_short(found))
    if not all(type(value) in (int, float) and low <= value <= high for value in found):
        raise Complaint(
            "out_of_range", "expected numbers from {low:g} to {high:g}, it has {found}", low=low, high=high, found=_short(found)
        )
    return tuple(float(value) for value in found)


def _header(name: str, found: Any) -> Any:
    return _whole(found) if name in ("samples", "epochs", "seconds") else _text(found)


def _whole(found: Any, low: int = 0) -> int:
    if type(found) is not int or not low <= found < 10**15:
        raise Complaint("not_whole", "expected a whole number of at least {low}, it has {found}", low=low, found=_short(found))
    return found


def _text(found: Any) -> str:
    if not isinstance(found, str) or len(found) > 200:
        raise Complaint("no_short_text", "expected a short text, it has {found}", found=_short(found))
    return found


def _short(found: Any) -> str:
    return " ".join(str(found)[:60].split())
