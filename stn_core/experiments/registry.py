"""Every run as one frozen record: the model, the data it is trained on, and the paper's figure to meet; and the recipes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from stn_core.data.distortions import DISTORTIONS, TABLE_KINDS
from stn_core.models.birds import BIRD_MODELS, create_bird_model
from stn_core.models.digits import DIGIT_MODELS, create_digit_model
from stn_core.transformer.spatial_transformer import ExplainableModel

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

PAPER_BIRDS = {"cnn": 17.7, "2st-cnn": 16.1, "4st-cnn": 15.9}  # 448 px input where there are transformers, table 3
SPECIES = {"cub50": 50, "cub200": 200}
BIRD_OPTIONS: Mapping[str, type] = {"backbone": str, "family": str, "scale": float, "fixed_scale": bool, "heat": bool}


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
        smoothing: of the labels: the share of the probability that is spread over all classes alike.
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
    smoothing: float = 0.1

    def __post_init__(self) -> None:
        if self.optimiser not in ("muon", "adamw", "sgd"):
            raise ValueError(f"optimiser must be muon, adamw or sgd; got {self.optimiser!r}")
        if self.schedule not in ("one-cycle", "steps"):
            raise ValueError(f"schedule must be one-cycle or steps; got {self.schedule!r}")
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(f"epochs and batch_size must be at least 1; got {self.epochs} and {self.batch_size}")
        if not 0 <= self.average < 1 or not 0 <= self.warm_up < 1:
            raise ValueError(f"average and warm_up must lie in [0, 1); got {self.average} and {self.warm_up}")
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing must lie in [0, 1); got {self.smoothing}")

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
            weight_decay=0.0, average=0.0, clip=0.0, bend=0.0, smoothing=0.0,
        ),
    }
)  # fmt: skip

EPOCHS: Mapping[str, Mapping[str, int]] = {  # of the recipe "ours", where it is not RECIPES': the best on the validation digits
    "fcn": dict.fromkeys(DISTORTIONS, 320),
    "st-fcn-affine": {"r": 240, "rts": 800, "p": 320, "pxy": 320, "e": 160, "tc": 160},
    "st-fcn-projective": {"r": 240, "rts": 800, "p": 320, "pxy": 320, "e": 160, "tc": 160},
    "st-fcn-tps": {"r": 800, "rts": 800, "p": 320, "pxy": 320, "e": 160, "tc": 160},
}
BENDS = {"r-st-fcn-tps": 1.0, "rts-st-fcn-affine": 1.0, "rts-st-fcn-projective": 1.0, "rts-st-fcn-tps": 1.0}


@dataclass(frozen=True)
class BirdRecipe(Recipe):
    """How a bird model is trained; an epoch is a pass over the training photographs.

    Attributes:
        classifier_rate: the last layer's learning rate, times ``rate``.
        frozen: how many groups of the backbones' layers, from the bottom, keep their ImageNet weights: 0 to 7 for the default's
            seven blocks.
        stem: the model on the same data from whose checkpoint the streams start, such as "cnn"; "imagenet" for ImageNet weights,
            "random" for none.
        looking: epochs for each window, in which the localisation network learns from score maps before the streams move (see
            looking.py); 0 for the paper's way, by the gradient through the pixels alone.
        together: in the last so many epochs the localisation network moves as well, by the gradient through the pixels.
        jitter: windows are moved by N(0, jitter), normalised, at every training step.
        zoom: training photographs are cut at random to between 1 - zoom and 1 of their sides, and mirrored half of the time.
        dropout: of the concatenated features.
        absent: how often a whole stream is left out of a training step, never all of them.
        last_layer: decay of the last layer's weights when it is fitted anew at the end (last_layer.py): without the photographs
            held out for what is measured on those, with them for the model; 0 for the layer as it was trained.
        held_out: every so manieth training photograph of a species is for validation only; 0 for none.
    """

    batch_size: int = 30
    optimiser: str = "adamw"
    rate: float = 1e-4
    localisation_rate: float = 3e-2
    weight_decay: float = 1e-2
    average: float = 0.98
    bend: float = 0.0
    classifier_rate: float = 30.0
    frozen: int = 5
    stem: str = "imagenet"
    looking: int = 16
    together: int = 2
    jitter: float = 0.1
    zoom: float = 0.35
    dropout: float = 0.3
    absent: float = 0.5
    last_layer: float = 0.1
    held_out: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stem not in ("imagenet", "random", *BIRD_MODELS):
            raise ValueError(f"stem must be imagenet, random or one of {', '.join(BIRD_MODELS)}; got {self.stem!r}")
        for name in ("zoom", "dropout", "absent"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in [0, 1); got {getattr(self, name)}")
        counts = (self.frozen, self.looking, self.together, self.jitter, self.last_layer, self.held_out)
        if min(counts) < 0 or self.held_out == 1:
            raise ValueError("frozen, looking, together, jitter and last_layer must not be negative, and held_out 0 or at least 2")
        if self.bend or self.optimiser == "muon":
            raise ValueError("bending and muon are for digits: birds take optimiser=adamw or sgd")


BIRD_RECIPES: Mapping[str, BirdRecipe] = MappingProxyType(
    {
        "ours": BirdRecipe(epochs=12),
        "paper": BirdRecipe(  # ImageNet weights, the localisation at 1e-4 of the rate, crops of 224 from 256, dropout 0.7
            epochs=60, batch_size=32, optimiser="sgd", rate=0.01, localisation_rate=1e-4, schedule="steps", weight_decay=1e-4,
            average=0.0, clip=0.0, classifier_rate=1.0, frozen=0, stem="imagenet", looking=0, together=60, jitter=0.0, zoom=0.125,
            dropout=0.7, absent=0.0, last_layer=0.0, smoothing=0.0, held_out=0,
        ),
    }
)  # fmt: skip


STEMS = {"cnn-448": "cnn", "2st-cnn": "cnn-448", "4st-cnn": "cnn-448"}  # ours: a crop shows a bird as large as 448 pixels do


@dataclass(frozen=True)
class Experiment:
    """One model on one kind of data.

    Attributes:
        data: the kind of distorted MNIST, a key of ``DISTORTIONS``; or cub50, cub200: photographs of so many species of birds.
        model: one of ``list_models()``.
        classes: the names of the classes, in the order of the logits; empty for birds, where the data, and then the checkpoint,
            have them.
        paper_error: the paper's test error in per cent, None where the paper has none.
        options: of a bird model that is not the default, by name, as ``BIRD_OPTIONS`` has them.
        variant: a word that tells apart several checkpoints of one experiment (plugins.py).
    """

    data: str
    model: str
    classes: tuple[str, ...] = tuple("0123456789")
    paper_error: float | None = None
    options: tuple[tuple[str, Any], ...] = ()
    variant: str = ""

    @property
    def birds(self) -> bool:
        """Whether it is about birds, not digits."""
        return self.data in SPECIES

    def recipe(self, name: str) -> Recipe:
        """How it is trained: "ours", a cell of the table with epochs and bending of its own, or the "paper"'s way. ValueError for
        any other name.
        """
        recipes: Mapping[str, Recipe] = BIRD_RECIPES if self.birds else RECIPES
        if name not in recipes:
            raise ValueError(f"no recipe {name!r}; there are {', '.join(recipes)}")
        recipe = recipes[name]
        if isinstance(recipe, BirdRecipe) and name == "ours" and self.model in STEMS:
            return replace(recipe, stem=STEMS[self.model])
        if not self.birds and name == "ours":
            epochs = EPOCHS.get(self.model, {}).get(self.data, recipe.epochs)
            return replace(recipe, epochs=epochs, bend=BENDS.get(f"{self.data}-{self.model}", recipe.bend))
        return recipe

    @property
    def title(self) -> str:
        """The model with its variant."""
        return f"{self.model}-{self.variant}" if self.variant else self.model

    @property
    def name(self) -> str:
        return f"{self.data}-{self.title}"

    @property
    def path(self) -> str:
        """Where its checkpoint lies below the checkpoint folder."""
        return f"{'birds' if self.birds else 'digits'}/{self.name}.safetensors"

    @property
    def command(self) -> str:
        """The command that makes its checkpoint."""
        return f"python -m stn_core train {self.data}-{self.model}"

    def changed(self, settings: Iterable[str]) -> "Experiment":
        """This experiment with other options of its model, each as "name=value". ValueError for one that there is not."""
        options = dict(self.options)
        for setting in settings:
            name, _, text = setting.partition("=")
            kind = BIRD_OPTIONS.get(name) if self.birds else None
            try:
                options[name] = {"True": True, "False": False}[text.capitalize()] if kind is bool else kind(text)  # type: ignore[misc]
            except (KeyError, TypeError, ValueError):
                known = ", ".join(f"{key} ({value.__name__})" for key, value in BIRD_OPTIONS.items())
                raise ValueError(f"{self.name} has no option {setting!r}; bird models have {known}") from None
        return replace(self, options=tuple(sorted(options.items())))

    def create_model(self) -> ExplainableModel:
        sizes = {"classes": len(self.classes) or SPECIES[self.data]} if self.birds else {}
        return create_model(self.model, self.data, **sizes, **dict(self.options))


RUNS = {  # may grow: plugins.py
    e.name: e
    for e in (
        *(
            Experiment(data, model, paper_error=PAPER[model].get(data))
            for data in DISTORTIONS
            for model in DIGIT_MODELS
            if data in PAPER[model] or data not in TABLE_KINDS
        ),
        *(
            Experiment(data, model, classes=(), paper_error=PAPER_BIRDS.get(model) if data == "cub200" else None)
            for data in SPECIES
            for model in BIRD_MODELS
        ),
    )
}
EXPERIMENTS: Mapping[str, Experiment] = MappingProxyType(RUNS)


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
    """The names ``create_model`` takes, those that match a shell pattern such as "st-cnn-*" or "*st-cnn"."""
    return [
        name
        for name in dict.fromkeys((*DIGIT_MODELS, *BIRD_MODELS, *(e.model for e in RUNS.values())))
        if fnmatchcase(name, pattern)
    ]


def create_model(name: str, data: str | None = None, **sizes: Any) -> ExplainableModel:
    """A new model: ``create_model("st-cnn-affine", "rts")``, its transformers at identity; ``create_model("2st-cnn", "cub50")``,
    its windows tiling the photograph.

    Args:
        name: one of ``list_models()``.
        data: the kind of images it is for: r (the default), p, pxy, e (28x28), rts (42x42) or tc (60x60); for birds cub50 or cub200
            (448x448), the default of the models that only birds have.
        sizes: where the defaults do not suit: ``filters`` of a CNN and ``width`` of an FCN for digits; for birds ``classes``,
            ``backbone``, ``family``, ``scale``, ``fixed_scale`` and the others of ``BirdModel``.
    """
    if data is None:
        data = "cub200" if name in BIRD_MODELS and name not in DIGIT_MODELS else "r"
    if data in SPECIES:
        return create_bird_model(name, **{"classes": SPECIES[data], **sizes})
    if data not in DISTORTIONS:
        raise ValueError(f"no data {data!r}; there are {', '.join((*DISTORTIONS, *SPECIES))}")
    return create_digit_model(name, DISTORTIONS[data].size, **sizes)
