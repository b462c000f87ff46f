"""Every run as one frozen record: the model, the data it is trained on, and the paper's figure to meet; and the recipes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from types import MappingProxyType

from stn_core.digits import DIGIT_MODELS, create_digit_model
from stn_core.distortions import DISTORTIONS
from stn_core.spatial_transformer import ExplainableModel

PAPER = {  # test error in per cent, table 1 (left) and appendix A.4 of the paper
    "fcn": {"r": 2.1, "rts": 5.2, "p": 3.1, "e": 3.2, "tc": 13.2},
    "cnn": {"r": 1.2, "rts": 0.8, "p": 1.5, "e": 1.4, "tc": 3.5},
    "st-fcn-affine": {"r": 1.2, "rts": 0.8, "p": 1.5, "e": 2.7, "tc": 2.0},
    "st-fcn-projective": {"r": 1.3, "rts": 0.9, "p": 1.4, "e": 2.6},
    "st-fcn-tps": {"r": 1.1, "rts": 0.8, "p": 1.4, "e": 2.4},
    "st-cnn-affine": {"r": 0.7, "rts": 0.5, "p": 0.8, "e": 1.2, "tc": 1.7},
    "st-cnn-projective": {"r": 0.8, "rts": 0.6, "p": 0.8, "e": 1.3},
    "st-cnn-tps": {"r": 0.7, "rts": 0.5, "p": 0.8, "e": 1.1},
}


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Attributes:
        epochs: passes over the training digits, each digit distorted afresh every time.
        batch_size: digits a step, over all processes together.
        optimiser: "sgd", "adamw", or "muon" for the filters of convolutions with AdamW for the rest.
        rate: the highest learning rate; the localisation network's is ``localisation_rate`` times that.
        filter_rate: the same for Muon.
        schedule: "steps" (a tenth after each third) or "one-cycle" (up for ``warm_up`` of the way, then a cosine down to 0).
        weight_decay: of the optimiser.
        average: decay a step of the exponential average of the weights that is kept as the model; 0 for the weights themselves.
        clip: the largest norm of the gradient; 0 for no clipping.
        bend: every training digit is first bent a little, as by the elastic distortion with control points moved by N(0, bend px);
            0 for digits as they are.
    """

    epochs: int
    batch_size: int = 256
    optimiser: str = "muon"
    rate: float = 6e-3
    filter_rate: float = 0.02
    localisation_rate: float = 1 / 3
    schedule: str = "one-cycle"
    warm_up: float = 0.2
    weight_decay: float = 1e-2
    average: float = 0.998
    clip: float = 1.0
    bend: float = 0.7

    def __post_init__(self) -> None:
        if self.optimiser not in ("muon", "adamw", "sgd"):
            raise ValueError(f"optimiser must be muon, adamw or sgd; got {self.optimiser!r}")
        if self.schedule not in ("one-cycle", "steps"):
            raise ValueError(f"schedule must be one-cycle or steps; got {self.schedule!r}")
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(f"epochs and batch_size must be at least 1; got {self.epochs} and {self.batch_size}")
        if not 0 <= self.average < 1 or not 0 <= self.warm_up < 1:
            raise ValueError(f"average and warm_up must lie in [0, 1); got {self.average} and {self.warm_up}")

    def changed(self, settings: Iterable[str]) -> "Recipe":
        """This recipe with some fields changed, each as "field=value". ValueError for another field or a value of another type."""
        values = {}
        for setting in settings:
            name, _, text = setting.partition("=")
            kind = {field.name: type(getattr(self, field.name)) for field in fields(self)}.get(name)
            try:
                values[name] = kind(text)  # type: ignore[misc]
            except (TypeError, ValueError):
                raise ValueError(f"a recipe has no setting {setting!r}; it has {self}") from None
        return replace(self, **values)  # type: ignore[arg-type]


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "ours": Recipe(epochs=80),
        "paper": Recipe(  # 150 000 steps of 256, rate 0.01, a tenth every 50 000, nothing else (appendix A.4)
            epochs=699, optimiser="sgd", rate=0.01, localisation_rate=1.0, schedule="steps",
            weight_decay=0.0, average=0.0, clip=0.0, bend=0.0,
        ),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Experiment:
    """One model on one kind of data.

    Attributes:
        data: the kind of distorted MNIST, a key of ``DISTORTIONS``.
        model: one of ``list_models()``.
        classes: the names of the classes, in the order of the logits.
        paper_error: the paper's test error in per cent, None where the paper has none.
    """

    data: str
    model: str
    classes: tuple[str, ...] = tuple("0123456789")
    paper_error: float | None = None

    @property
    def name(self) -> str:
        return f"{self.data}-{self.model}"

    @property
    def path(self) -> str:
        """Where its checkpoint lies below the checkpoint folder."""
        return f"digits/{self.name}.safetensors"

    @property
    def command(self) -> str:
        """The command that makes its checkpoint."""
        return f"python -m stn_core train {self.name}"

    def create_model(self) -> ExplainableModel:
        return create_model(self.model, self.data)


EXPERIMENTS: Mapping[str, Experiment] = MappingProxyType(
    {
        e.name: e
        for e in (
            Experiment(data, model, paper_error=PAPER[model][data])
            for data in DISTORTIONS
            for model in DIGIT_MODELS
            if data in PAPER[model]
        )
    }
)


def matching(patterns: str | Iterable[str]) -> list[Experiment]:
    """The experiments whose names match the shell patterns, pattern by pattern. ValueError for a pattern that matches none."""
    chosen: dict[str, Experiment] = {}
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        found = {name: experiment for name, experiment in EXPERIMENTS.items() if fnmatchcase(name, pattern)}
        if not found:
            raise ValueError(f"no experiment {pattern!r}; there are {', '.join(EXPERIMENTS)}")
        chosen |= found
    if not chosen:
        raise ValueError("no experiment to train: name some, such as rts-st-cnn-affine, or use --all")
    return list(chosen.values())


def list_models(pattern: str = "*") -> list[str]:
    """The names ``create_model`` takes, those that match a shell pattern such as "st-cnn-*"."""
    return [name for name in DIGIT_MODELS if fnmatchcase(name, pattern)]


def create_model(name: str, data: str = "r", **sizes: int) -> ExplainableModel:
    """A new model, its transformers at identity: ``create_model("st-cnn-affine", "rts")``.

    Args:
        name: one of ``list_models()``.
        data: the kind of images it is for: r, p, e (28x28), rts (42x42) or tc (60x60).
        sizes: ``filters`` of a CNN, ``width`` of an FCN, where the defaults do not suit.
    """
    if data not in DISTORTIONS:
        raise ValueError(f"no data {data!r}; there are {', '.join(DISTORTIONS)}")
    return create_digit_model(name, DISTORTIONS[data].size, **sizes)
