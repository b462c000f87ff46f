"""The report: what was measured of every checkpoint, and the JSON file that keeps it."""

import base64
import hashlib
import io
import json
import math
import os
import statistics
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

import torch
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from torch import Tensor

from stn_core.data.distortions import DISTORTIONS
from stn_core.evaluation.pair_metrics import Straightening
from stn_core.experiments.registry import EXPERIMENTS, Experiment
from stn_core.files import is_there, reason, why_unreadable, write_file
from stn_core.messages import Message, StnError, about_file
from stn_core.models.pairs import TRANSFORMERS
from stn_core.places import ASSETS, named

FORMAT = 1
COMMAND = "python -m stn_core report"
PAPER_SAMPLES = 150_000 * 256  # what each model of the paper saw: steps of a batch (appendix A.4)
# what a checkpoint's header says of its training
ABOUT = ("samples", "epochs", "seconds", "device", "date", "commit")
# degrees clockwise, a factor, pixels of the canvas to the right
PARAMETERS = ("rotation", "scale", "shift")


class ReportError(StnError):
    """A file that is no usable report; the message names the file, what is wrong and the command
    that makes a good one."""


@dataclass(frozen=True)
class ClassVariance:
    """How different images of one class are, averaged over the classes.

    Every image is first scaled to unit norm, so more ink, as after zooming in, changes nothing.

    Attributes:
        within: the pixel variance within a class, summed over the pixels: 1 minus the mean cosine
            of two images of the class. 0 if all of them look the same, 1 if they have no pixel in
            common. A blank image has nothing in common with any.
        between: 1 minus the mean cosine of two images of different classes. It falls along if a
            transformer only blurs or centres.
        means: the mean image of each class, not scaled: (10, h, w) in [0, 1], in steps of 1/255.
    """

    within: float
    between: float
    means: Tensor

    @property
    def share(self) -> float:
        """The variance within a class as a share of that between classes: 1 if the class says
        nothing about an image."""
        return self.within / max(self.between, 1e-6)


@dataclass(frozen=True)
class Measured:
    """What was measured of any checkpoint, and what its header says.

    Attributes:
        experiment: what it was trained for.
        sha256: of the checkpoint's bytes.
        errors: test error in per cent for each of the report's seeds.
        parameters: how many numbers training adjusts.
        about: ``ABOUT``; None for what the header does not say.
        evaluated: date and commit of the evaluation.
    """

    experiment: Experiment
    sha256: str
    errors: tuple[float, ...]
    parameters: int
    about: Mapping[str, Any]
    evaluated: Mapping[str, str]

    @property
    def error(self) -> float:
        """The mean test error in per cent."""
        return statistics.fmean(self.errors)

    @property
    def standard_error(self) -> float:
        """Of the mean over the seeds, in points: its spread over distortions of the same digits."""
        return (
            statistics.stdev(self.errors) / math.sqrt(len(self.errors))
            if len(self.errors) > 1
            else 0.0
        )


@dataclass(frozen=True)
class ModelResult(Measured):
    """Of a model for single digits.

    Attributes:
        curves: error in per cent for each value of the report's sweep, by parameter.
        after: the variance within the classes of the transformer's outputs; None without a
            transformer.
    """

    curves: Mapping[str, tuple[float, ...]]
    after: ClassVariance | None

    @property
    def meets_paper(self) -> bool:
        """Whether the mean error is at most the paper's figure, also with one standard error more:
        rounded to the paper's one decimal, halves up."""
        paper = self.experiment.paper_error
        return paper is not None and math.floor(
            (self.error + self.standard_error) * 10 + 0.5 + 1e-9
        ) <= round(paper * 10)


@dataclass(frozen=True)
class PairResult(Measured):
    """Of a model for two digits.

    Attributes:
        straightening: which transformer turns with which digit, on the pairs of the first seed;
            None without transformers.
    """

    straightening: Straightening | None


@dataclass(frozen=True)
class Report:
    """Everything measured, by the experiments' names, and on what.

    Attributes:
        settings: seeds, number of test digits, number of digits of the curves, the sweeps and the
            ranges of training by kind.
        undistorted: the variance within the classes of the test digits as MNIST has them.
        before: of the test digits distorted with the first seed, by kind.
        models: what was measured of each checkpoint of single digits.
        origin: command, date and commit of the last run.
        pairs: what was measured of each checkpoint of two digits.
    """

    settings: Mapping[str, Any]
    undistorted: ClassVariance
    before: Mapping[str, ClassVariance]
    models: Mapping[str, ModelResult]
    origin: Mapping[str, str]
    pairs: Mapping[str, PairResult] = field(default_factory=dict)

    def sweep(self, kind: str, parameter: str) -> tuple[float, ...]:
        """The values at which a curve was measured."""
        return tuple(self.settings["sweeps"][kind][parameter])

    def trained(self, kind: str, parameter: str) -> tuple[float, float] | None:
        """The range that training draws from; None if it never varies this parameter on its own."""
        found = self.settings["trained"][kind].get(parameter)
        return (found[0], found[1]) if found else None


# The file


Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=-0.01, le=1.01, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, lt=10**15)]
Positive = Annotated[int, Field(ge=1, lt=10**15)]
ShortText = Annotated[str, Field(max_length=200)]
Numbers = Annotated[tuple[Number, ...], Field(min_length=1)]
Percents = Annotated[tuple[Percent, ...], Field(min_length=1)]


class Part(BaseModel):
    """A part of the file; values are never converted, and what it has besides is passed over."""

    model_config = ConfigDict(strict=True, frozen=True)


class VariancePart(Part):
    within: Share
    between: Share
    means: str


class SweepPart(Part):
    rotation: Numbers
    scale: Numbers
    shift: Numbers


class CurvesPart(Part):
    rotation: Percents
    scale: Percents
    shift: Percents


class SettingsPart(Part):
    seeds: Annotated[tuple[Count, ...], Field(min_length=1)]
    digits: Positive
    curve_digits: Positive
    digest: ShortText
    sweeps: dict[str, SweepPart]
    trained: dict[str, Annotated[dict[str, tuple[Number, Number]], Field(min_length=1)]]


class EvaluatedPart(Part):
    date: ShortText
    commit: ShortText


class StraighteningPart(Part):
    shares: Annotated[tuple[tuple[Percent, Percent], ...], Field(min_length=1, max_length=2)]
    undone: Annotated[tuple[tuple[Number, Number], ...], Field(min_length=1, max_length=2)]
    both: Percent | None
    followed: Annotated[tuple[tuple[Number, Number], ...], Field(max_length=2)] | None = None


class MeasuredPart(Part):
    sha256: ShortText
    errors: Percents
    parameters: Count
    samples: Count | None
    epochs: Count | None
    seconds: Count | None
    device: ShortText | None
    date: ShortText | None
    commit: ShortText | None
    evaluated: EvaluatedPart


class ModelPart(MeasuredPart):
    curves: CurvesPart
    after: VariancePart | None


class PairPart(MeasuredPart):
    straightening: StraighteningPart | None


Result = TypeVar("Result", bound=Measured)


class Header(Part):
    format: int


class ReportFile(Part):
    """The whole file of that format; whether its parts fit together is checked in ``unpacked``."""

    command: ShortText
    date: ShortText
    commit: ShortText
    settings: SettingsPart
    undistorted: VariancePart
    before: dict[str, VariancePart]
    models: dict[str, ModelPart]
    pairs: dict[str, PairPart] = {}


def fits(name: str, value: Any) -> bool:
    """Whether a value is one that the report takes for ``name`` of ``ABOUT``."""
    kind: Any = Count if name in ("samples", "epochs", "seconds") else ShortText
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def report_place() -> Path:
    """Where the report is: the file that the environment variable STN_REPORT names, else the one
    that comes with the laboratory."""
    return named("STN_REPORT") or ASSETS / "report.json"


def read_report(path: str | os.PathLike[str] | None = None) -> Report:
    """Read a report. ReportError if it is missing, cut off, foreign or does not fit together;
    nothing in it is trusted."""
    path = Path(path or report_place())
    fail = about_file(ReportError, path, COMMAND)
    if not is_there(path):
        raise fail("no_report", "there is no report yet")
    if why := why_unreadable(path):
        raise fail("report_file", "expected a report in JSON, but {why}", why=why)
    try:
        content = path.read_bytes()
        format = Header.model_validate_json(content).format
        if format != FORMAT:
            raise StnError(
                "report_format",
                "its format is {found!r}, expected {expected}",
                found=format,
                expected=FORMAT,
            )
        return unpacked(ReportFile.model_validate_json(content))
    except ValidationError as failure:
        found = failure.errors()[0]
        if found["type"] == "json_invalid":
            error = found["ctx"]["error"]
            raise fail(
                "not_json",
                "expected a report in JSON, but it is cut off or foreign ({error})",
                error=error,
            ) from failure
        place = ".".join(map(str, found["loc"])) or "the file"
        why = Message("other_field", "{place} is missing or not as expected", place=place)
    except StnError as failure:
        why = failure.sentence
    except OSError as failure:
        why = Message("unreadable", "it can't be read ({why})", why=reason(failure))
    raise fail("other_report", "expected a report as stn_core writes it, but {why}", why=why)


def unpacked(file: ReportFile) -> Report:
    """The file's content as a report, without those of somebody's own models that are not here.
    StnError if its parts do not fit together."""
    settings = file.settings.model_dump(mode="json")
    for name in ("sweeps", "trained"):
        require(settings[name].keys() >= DISTORTIONS.keys(), f"settings.{name}")
    for kind in DISTORTIONS:
        ranges = settings["trained"][kind]
        sound = all(low < high for low, high in ranges.values())
        require(ranges.keys() <= {*PARAMETERS} and sound, f"settings.trained.{kind}")
    require(file.before.keys() >= DISTORTIONS.keys(), "before")
    return Report(
        settings=settings,
        undistorted=variance(file.undistorted),
        before={kind: variance(file.before[kind]) for kind in DISTORTIONS},
        models={
            name: result(name, part, settings)
            for name, part in file.models.items()
            if name in EXPERIMENTS
        },
        origin={"command": file.command, "date": file.date, "commit": file.commit},
        pairs={
            name: pair_result(name, part, settings)
            for name, part in file.pairs.items()
            if name in EXPERIMENTS
        },
    )


def require(condition: bool, place: str) -> None:
    if not condition:
        raise StnError("other_field", "{place} is missing or not as expected", place=place)


def result(name: str, part: ModelPart, settings: Mapping[str, Any]) -> ModelResult:
    experiment, curves = EXPERIMENTS[name], part.curves.model_dump()
    require(experiment.data in DISTORTIONS, f"models.{name}")
    sweeps = settings["sweeps"][experiment.data]
    require((part.after is None) != experiment.warps_images, f"models.{name}.after")
    require(
        all(len(curves[key]) == len(sweeps[key]) for key in PARAMETERS), f"models.{name}.curves"
    )
    return ModelResult(
        **measured(part, experiment, settings, f"models.{name}"),
        curves=curves,
        after=None if part.after is None else variance(part.after),
    )


def pair_result(name: str, part: PairPart, settings: Mapping[str, Any]) -> PairResult:
    experiment, found = EXPERIMENTS[name], part.straightening
    require(experiment.pairs, f"pairs.{name}")
    transformers = 0 if found is None else len(found.shares)
    fitting = transformers == TRANSFORMERS[experiment.model]
    if found is not None:
        fitting &= len(found.undone) == transformers
        fitting &= (found.both is None) == (transformers < 2)
        fitting &= found.followed is None or len(found.followed) == transformers
    require(fitting, f"pairs.{name}.straightening")
    return PairResult(
        **measured(part, experiment, settings, f"pairs.{name}"),
        straightening=None if found is None else Straightening(**found.model_dump()),
    )


def measured(
    part: MeasuredPart, experiment: Experiment, settings: Mapping[str, Any], place: str
) -> dict[str, Any]:
    require(len(part.errors) == len(settings["seeds"]), f"{place}.errors")
    return {
        "experiment": experiment,
        "sha256": part.sha256,
        "errors": part.errors,
        "parameters": part.parameters,
        "about": {key: getattr(part, key) for key in ABOUT},
        "evaluated": part.evaluated.model_dump(),
    }


def variance(part: VariancePart) -> ClassVariance:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            strip = Image.open(
                io.BytesIO(base64.b64decode(part.means, validate=True)), formats=["PNG"]
            )
            width, height = strip.size
            if strip.mode != "L" or width % 10 or not 10 <= width <= 2560 or height > 256:
                raise StnError(
                    "other_means",
                    "a picture of means is {mode} and {width} x {height}",
                    mode=strip.mode,
                    width=width,
                    height=height,
                )
            pixels = torch.frombuffer(bytearray(strip.tobytes()), dtype=torch.uint8)
    except StnError:
        raise
    except Exception as failure:  # decoders of damaged files raise anything
        raise StnError(
            "no_means", "a picture of means can't be read ({error})", error=reason(failure)
        ) from failure
    means = pixels.view(height, 10, width // 10).transpose(0, 1).float() / 255
    return ClassVariance(part.within, part.between, means)


def write_report(report: Report, path: Path) -> None:
    """Write the report. FileError if that can't be done."""
    models = {
        name: {
            **packed_measured(found),
            "curves": found.curves,
            "after": packed(found.after) if found.after else None,
        }
        for name, found in in_order(report.models)
    }
    pairs = {
        name: {
            **packed_measured(found),
            "straightening": found.straightening and found.straightening._asdict(),
        }
        for name, found in in_order(report.pairs)
    }
    before = {kind: packed(each) for kind, each in report.before.items()}
    whole = {
        "format": FORMAT,
        **report.origin,
        "settings": report.settings,
        "undistorted": packed(report.undistorted),
    }
    parts = {"before": before, "models": models} | ({"pairs": pairs} if pairs else {})
    write_file(path, one_line_a_list(whole | parts))


def in_order(results: Mapping[str, Result]) -> list[tuple[str, Result]]:
    """As ``EXPERIMENTS`` has them."""
    return [(name, results[name]) for name in EXPERIMENTS if name in results]


def packed_measured(found: Measured) -> dict[str, Any]:
    return {
        "sha256": found.sha256,
        "errors": found.errors,
        "paper": found.experiment.paper_error,
        "parameters": found.parameters,
        **found.about,
        "evaluated": found.evaluated,
    }


def one_line_a_list(value: Any, indent: int = 0) -> str:
    """JSON that a person can read and a diff can show: objects indented, lists on one line."""
    if not isinstance(value, Mapping) or not value:
        return json.dumps(value)
    inner = ",\n".join(
        f"{' ' * (indent + 1)}{json.dumps(key)}: {one_line_a_list(part, indent + 1)}"
        for key, part in value.items()
    )
    return f"{{\n{inner}\n{' ' * indent}}}" + ("" if indent else "\n")


def packed(variance: ClassVariance) -> dict[str, Any]:
    """As JSON; the means as one PNG, the classes side by side."""
    buffer = io.BytesIO()
    strip = torch.cat(list(variance.means), dim=1).mul(255).round().byte().numpy()
    Image.fromarray(strip).save(buffer, "PNG", optimize=True)
    return {
        "within": variance.within,
        "between": variance.between,
        "means": base64.b64encode(buffer.getvalue()).decode(),
    }


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
