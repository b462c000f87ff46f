"""Every run as one frozen record: model, training data, and the paper's figure to meet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from stn_core.data.distortions import DISTORTIONS, TABLE_KINDS
from stn_core.data.pairs import PAIRS, SUMS, distortion_of
from stn_core.experiments.paper import PAPER, PAPER_BIRDS
from stn_core.experiments.recipes import (
    BIRD_RECIPES,
    ELASTIC_SIGMAS_PX,
    EPOCHS,
    OVERLAP_PENALTIES,
    RECIPES,
    STEMS,
    BirdRecipe,
    Recipe,
)
from stn_core.models.backbone import SIDE
from stn_core.models.birds import BIRD_MODELS, create_bird_model
from stn_core.models.digits import DIGIT_MODELS, MAP_MODEL, create_digit_model
from stn_core.models.pairs import PAIR_MODELS, create_pair_model
from stn_core.transformer.spatial_transformer import ExplainableModel

SPECIES = {"cub50": 50, "cub200": 200}
BIRD_OPTIONS: Mapping[str, type] = {
    "backbone": str,
    "family": str,
    "scale": float,
    "fixed_scale": bool,
    "heat": bool,
    "layout": str,
    "fixed_at": str,
    "whole": int,
    "crop": int,
    "close_up": float,
    "root": bool,
}


@dataclass(frozen=True)
class Experiment:
    """One model on one kind of data.

    Attributes:
        data: the kind of distorted MNIST, a key of ``DISTORTIONS``; or r2, rts2: two digits in two
            channels, of which the sum is asked for; or cub50, cub200: photographs of so many
            species of birds.
        model: one of ``list_models()``.
        classes: the names of the classes, in the order of the logits; empty for birds, where the
            data, and then the checkpoint, have them.
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

    @property
    def pairs(self) -> bool:
        """Whether it is about two digits at once."""
        return self.data in PAIRS

    def recipe(self, name: str) -> Recipe:
        """How it is trained: "ours", a cell of the table with epochs and bending of its own, or the
        "paper"'s way. ValueError for any other name."""
        recipes: Mapping[str, Recipe] = BIRD_RECIPES if self.birds else RECIPES
        if name not in recipes:
            raise ValueError(f"no recipe {name!r}; there are {', '.join(recipes)}")
        recipe = recipes[name]
        if isinstance(recipe, BirdRecipe) and name == "ours" and self.model in STEMS:
            return replace(
                recipe,
                init_from=STEMS[self.model],
                overlap_penalties=OVERLAP_PENALTIES.get(self.model, recipe.overlap_penalties),
            )
        if not self.birds and name == "ours":
            epochs = EPOCHS.get(self.model, {}).get(self.data, recipe.epochs)
            sigma = ELASTIC_SIGMAS_PX.get(f"{self.data}-{self.model}", recipe.elastic_sigma_px)
            return replace(recipe, epochs=epochs, elastic_sigma_px=sigma)
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
    def warps_images(self) -> bool:
        """Whether its transformers make images of digits, which can be shown and compared."""
        return self.model.startswith("st-") and not self.warps_maps

    @property
    def warps_maps(self) -> bool:
        """Whether its transformer stands behind the first convolution."""
        return self.model == MAP_MODEL

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of a picture, as its model takes it."""
        if self.birds:
            return (3, SIDE, SIDE)
        return (2 if self.pairs else 1, *distortion_of(self.data).size)

    @property
    def command(self) -> str:
        """The command that makes its checkpoint."""
        return f"python -m stn_core train {self.data}-{self.model}"

    def changed(self, settings: Iterable[str]) -> "Experiment":
        """This experiment with other options of its model, each as "name=value". ValueError for one
        that there is not."""
        options = dict(self.options)
        for setting in settings:
            name, _, text = setting.partition("=")
            kind = BIRD_OPTIONS.get(name) if self.birds else None
            try:
                if kind is bool:
                    options[name] = {"True": True, "False": False}[text.capitalize()]
                else:
                    options[name] = kind(text)  # type: ignore[misc]
            except (KeyError, TypeError, ValueError):
                known = ", ".join(
                    f"{key} ({value.__name__})" for key, value in BIRD_OPTIONS.items()
                )
                raise ValueError(
                    f"{self.name} has no option {setting!r}; bird models have {known}"
                ) from None
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
        *(Experiment(data, MAP_MODEL) for data in ("r", "rts")),
        *(Experiment(data, model, classes=SUMS) for data in PAIRS for model in PAIR_MODELS),
        *(
            Experiment(
                data,
                model,
                classes=(),
                paper_error=PAPER_BIRDS.get(model) if data == "cub200" else None,
            )
            for data in SPECIES
            for model in BIRD_MODELS
        ),
    )
}
EXPERIMENTS: Mapping[str, Experiment] = MappingProxyType(RUNS)


def table_cells() -> list[Experiment]:
    """The cells of the paper's table of distorted MNIST, in its order."""
    return [e for e in EXPERIMENTS.values() if not e.birds and e.paper_error is not None]


def matching(patterns: str | Iterable[str]) -> list[Experiment]:
    """The experiments whose names match the shell patterns, pattern by pattern. ValueError for a
    pattern that matches none."""
    chosen: dict[str, Experiment] = {}
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        found = {
            name: experiment
            for name, experiment in EXPERIMENTS.items()
            if fnmatchcase(name, pattern)
        }
        if not found:
            raise ValueError(f"no experiment {pattern!r}; there are {', '.join(EXPERIMENTS)}")
        chosen |= found
    if not chosen:
        raise ValueError(
            "no experiment to train: name some, such as rts-st-cnn-affine, or use --all"
        )
    return list(chosen.values())


def list_models(pattern: str = "*") -> list[str]:
    """The names for ``create_model`` that match a shell pattern such as "st-cnn-*" or "*st-cnn".

    >>> list_models("*st-cnn")
    ['2st-cnn', '4st-cnn']
    """
    return [
        name
        for name in dict.fromkeys((*DIGIT_MODELS, *BIRD_MODELS, *(e.model for e in RUNS.values())))
        if fnmatchcase(name, pattern)
    ]


def create_model(name: str, data: str | None = None, **sizes: Any) -> ExplainableModel:
    """A new model: for digits with its transformer at identity, for birds with windows stacked in
    the middle of the photograph.

    Args:
        name: one of ``list_models()``.
        data: the kind of images it is for: r (the default), p, pxy, e (28x28), rts (42x42) or tc
            (60x60); r2 (28x28) or rts2 (42x42) for two digits in two channels; for birds cub50 or
            cub200 (448x448). The default of a model that only pairs or birds have is r2 or cub200.
        sizes: where the defaults do not suit: for single digits ``filters`` of a CNN and ``width``
            of an FCN; for birds ``classes``, ``backbone``, ``family``, ``scale``, ``fixed_scale``
            and the others of ``BirdModel``.

    Raises:
        ValueError: there is no such model or kind of images, or a size can not be.
        TypeError: the model has no size of that name.

    >>> model = create_model("st-cnn-affine", "rts")
    >>> answer = model.explain(torch.zeros(2, 1, 42, 42))
    >>> answer.logits.shape, answer.transformers[0].theta[0].tolist()
    (torch.Size([2, 10]), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    """
    if data is None:
        others = {"cub200": BIRD_MODELS, "r2": PAIR_MODELS}
        single = name in DIGIT_MODELS
        data = next((kind for kind, them in others.items() if name in them and not single), "r")
    if data in SPECIES:
        return create_bird_model(name, **{"classes": SPECIES[data], **sizes})
    if data in PAIRS:
        return create_pair_model(name, distortion_of(data).size, **sizes)
    if data not in DISTORTIONS:
        known = ", ".join((*DISTORTIONS, *PAIRS, *SPECIES))
        raise ValueError(f"no data {data!r}; there are {known}")
    return create_digit_model(name, DISTORTIONS[data].size, **sizes)
