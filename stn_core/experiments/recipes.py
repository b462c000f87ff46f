"""How models are trained: every setting of a run in one record."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, ClassVar

from stn_core.data.distortions import DISTORTIONS
from stn_core.data.pairs import PAIRS
from stn_core.models.birds import BIRD_MODELS


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Attributes:
        epochs: passes over the training digits, each digit distorted afresh every time.
        batch_size: digits a step, over all processes together.
        optimiser: "sgd", "adamw", or "muon" for the filters of convolutions with AdamW for the
            rest.
        lr: the highest learning rate; the localisation network's is ``localisation_lr_scale`` times
            that.
        muon_lr: the same for Muon.
        schedule: "steps" (a tenth after each third) or "one-cycle" (up for ``warmup_fraction`` of
            the way, then a cosine down to 0).
        weight_decay: of the optimiser.
        ema_decay: decay a step of the exponential average of the weights that is kept as the model;
            0 for the weights themselves.
        max_grad_norm: the largest norm of the gradient; 0 for no clipping.
        elastic_sigma_px: every training digit is first bent a little, as by the elastic distortion
            with control points moved by N(0, elastic_sigma_px); 0 for digits as they are.
        label_smoothing: of the labels: the share of the probability that is spread over all classes
            alike.
    """

    epochs: int
    batch_size: int = 256
    optimiser: str = "muon"
    lr: float = 6e-3
    muon_lr: float = 0.02
    localisation_lr_scale: float = 1 / 3
    schedule: str = "one-cycle"
    warmup_fraction: float = 0.2
    weight_decay: float = 1e-2
    ema_decay: float = 0.998
    max_grad_norm: float = 1.0
    elastic_sigma_px: float = 0.7
    label_smoothing: float = 0.1

    least_epochs: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(0 <= n < math.inf for n in numbers if not isinstance(n, str)):
                raise ValueError(f"{name} must be a finite number that is not below 0; got {value}")
        if self.optimiser not in ("muon", "adamw", "sgd"):
            raise ValueError(f"optimiser must be muon, adamw or sgd; got {self.optimiser!r}")
        if self.schedule not in ("one-cycle", "steps"):
            raise ValueError(f"schedule must be one-cycle or steps; got {self.schedule!r}")
        if self.epochs < self.least_epochs or self.batch_size < 1:
            raise ValueError(
                f"epochs must be at least {self.least_epochs} and batch_size at least 1; got "
                f"{self.epochs} and {self.batch_size}"
            )
        if not 0 <= self.ema_decay < 1 or not 0 <= self.warmup_fraction < 1:
            raise ValueError(
                f"ema_decay and warmup_fraction must lie in [0, 1); got {self.ema_decay} and "
                f"{self.warmup_fraction}"
            )
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"label_smoothing must lie in [0, 1); got {self.label_smoothing}")

    def changed(self, settings: Iterable[str]) -> "Recipe":
        """This recipe with some fields changed, each as "field=value", several numbers as
        "field=1,0.5". ValueError for another field or a value of another type."""
        values: dict[str, Any] = {}
        for setting in settings:
            name, _, text = setting.partition("=")
            name = FORMER_NAMES.get(name, name)
            kind = {field.name: type(getattr(self, field.name)) for field in fields(self)}.get(name)
            if kind is None:
                raise ValueError(f"a recipe has no setting {setting!r}; it has {self}")
            try:
                values[name] = tuple(map(float, text.split(","))) if kind is tuple else kind(text)
            except ValueError:
                wanted = {int: "a whole number", float: "a number"}.get(
                    kind, "numbers with commas between them"
                )
                raise ValueError(f"{name} must be {wanted}; got {setting!r}") from None
        return replace(self, **values)


# of settings in checkpoints and states of earlier versions
FORMER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "rate": "lr",
        "filter_rate": "muon_lr",
        "localisation_rate": "localisation_lr_scale",
        "classifier_rate": "head_lr_scale",
        "warm_up": "warmup_fraction",
        "average": "ema_decay",
        "clip": "max_grad_norm",
        "bend": "elastic_sigma_px",
        "smoothing": "label_smoothing",
        "frozen": "frozen_blocks",
        "stem": "init_from",
        "looking": "window_search_epochs",
        "together": "joint_epochs",
        "absent": "stream_drop_prob",
        "held_out": "val_every",
    }
)


def with_present_names(run: Mapping[str, Any]) -> dict[str, Any]:
    """A stored run with its recipe's settings by the names of this version."""
    recipe = run.get("recipe")
    if not isinstance(recipe, Mapping):
        return dict(run)
    return {
        **run,
        "recipe": {FORMER_NAMES.get(name, name): value for name, value in recipe.items()},
    }


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "ours": Recipe(epochs=80),
        # 150 000 steps of 256, rate 0.01, a tenth every 50 000, nothing else (appendix A.4)
        "paper": Recipe(
            epochs=699,
            optimiser="sgd",
            lr=0.01,
            localisation_lr_scale=1.0,
            schedule="steps",
            weight_decay=0.0,
            ema_decay=0.0,
            max_grad_norm=0.0,
            elastic_sigma_px=0.0,
            label_smoothing=0.0,
        ),
    }
)

ST_FCN_EPOCHS = {"r": 240, "rts": 800, "p": 320, "pxy": 320, "e": 160, "tc": 160}
# of the recipe "ours", where it is not RECIPES': the best on the validation digits; those of pairs
# were set before any was trained, by the time that there was
EPOCHS: Mapping[str, Mapping[str, int]] = {
    "fcn": dict.fromkeys(DISTORTIONS, 320) | dict.fromkeys(PAIRS, 60),
    "cnn": dict.fromkeys(PAIRS, 30),
    "st-cnn-affine": {"rts": 160} | dict.fromkeys(PAIRS, 30),
    "st-cnn-affine-map": {"rts": 160},  # as the one that it is compared with
    "2st-cnn-affine": dict.fromkeys(PAIRS, 30),
    "st-fcn-affine": ST_FCN_EPOCHS,
    "st-fcn-projective": ST_FCN_EPOCHS,
    "st-fcn-tps": ST_FCN_EPOCHS | {"r": 800},
}
ELASTIC_SIGMAS_PX = dict.fromkeys(
    ("r-st-fcn-tps", "rts-st-fcn-affine", "rts-st-fcn-projective", "rts-st-fcn-tps"), 1.0
)


@dataclass(frozen=True)
class BirdRecipe(Recipe):
    """How a bird model is trained; an epoch is a pass over the training photographs. Without any
    only the windows are sought and the last layer is fitted.

    Attributes:
        head_lr_scale: the last layer's learning rate, times ``lr``.
        frozen_blocks: how many groups of the backbones' layers, from the bottom, keep their
            ImageNet weights: 0 to 7 for the default's seven blocks.
        init_from: the model on the same data from whose checkpoint the streams start, such as
            "cnn", each from its own, those beyond its number from its last; "imagenet" for ImageNet
            weights, "random" for none.
        window_search_epochs: epochs for each window, in which the localisation network learns from
            score maps before the streams move (window_search.py); 0 for the paper's way, by the
            gradient through the pixels alone.
        search_scale: of the windows that are tried in that: smaller than the model's, they say what
            is to lie in a window's middle.
        overlap_penalties: how much each window shuns what another one covers while windows are
            sought, in units of the cross-entropy for a whole window shared; the last one holds for
            all windows from its own on.
        mirror_agreement: how much the windows on the mirrored photograph, mirrored back, are to
            agree with those on the photograph while they are sought, in units of the cross-entropy.
        joint_epochs: in the last so many epochs the localisation network moves as well, by the
            gradient through the pixels.
        jitter: windows are moved by N(0, jitter), normalised, at every training step.
        zoom: training photographs are cut at random to between 1 - zoom and 1 of their sides, and
            mirrored half of the time.
        dropout: of the concatenated features.
        stream_drop_prob: how often a whole stream is left out of a training step, never all of
            them.
        last_layer: decay of the last layer's weights when it is fitted anew at the end
            (linear_probe.py): without the photographs held out for what is measured on those, with
            them for the model; 0 for the layer as it was trained.
        shrinkage: of the scatter within a species, when the features are measured by it for that
            fit: near 0 for the scatter as it is, 1 for one that is alike in all directions, and so
            for the features as they are.
        val_every: every n-th training photograph of a species is for validation only; 0 for none.
    """

    least_epochs: ClassVar[int] = 0

    batch_size: int = 30
    optimiser: str = "adamw"
    lr: float = 1e-4
    localisation_lr_scale: float = 3e-2
    weight_decay: float = 1e-2
    ema_decay: float = 0.98
    elastic_sigma_px: float = 0.0
    head_lr_scale: float = 30.0
    frozen_blocks: int = 5
    init_from: str = "imagenet"
    window_search_epochs: int = 10
    search_scale: float = 0.2
    overlap_penalties: tuple[float, ...] = (1.0, 0.05)
    mirror_agreement: float = 4.0
    joint_epochs: int = 2
    jitter: float = 0.1
    zoom: float = 0.35
    dropout: float = 0.3
    stream_drop_prob: float = 0.5
    last_layer: float = 0.1
    shrinkage: float = 1.0
    val_every: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.init_from not in ("imagenet", "random", *BIRD_MODELS):
            raise ValueError(
                f"init_from must be imagenet, random or one of {', '.join(BIRD_MODELS)}; got "
                f"{self.init_from!r}"
            )
        for name in ("zoom", "dropout", "stream_drop_prob"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must lie in [0, 1); got {getattr(self, name)}")
        if self.val_every == 1:
            raise ValueError("val_every must be 0 or at least 2; got 1")
        for name in ("search_scale", "shrinkage"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in (0, 1]; got {getattr(self, name)}")
        if self.elastic_sigma_px or self.optimiser == "muon":
            raise ValueError("bending and muon are for digits: birds take optimiser=adamw or sgd")


BIRD_RECIPES: Mapping[str, BirdRecipe] = MappingProxyType(
    {
        "ours": BirdRecipe(epochs=12),
        # ImageNet weights, the localisation at 1e-4 of the rate, crops of 224 from 256, dropout 0.7
        "paper": BirdRecipe(
            epochs=60,
            batch_size=32,
            optimiser="sgd",
            lr=0.01,
            localisation_lr_scale=1e-4,
            schedule="steps",
            weight_decay=1e-4,
            ema_decay=0.0,
            max_grad_norm=0.0,
            head_lr_scale=1.0,
            frozen_blocks=0,
            init_from="imagenet",
            window_search_epochs=0,
            joint_epochs=60,
            jitter=0.0,
            zoom=0.125,
            dropout=0.7,
            stream_drop_prob=0.0,
            last_layer=0.0,
            label_smoothing=0.0,
            val_every=0,
        ),
    }
)
# ours: a crop shows a bird as large as 448 pixels do
STEMS = {"cnn-448": "cnn", "2st-cnn": "cnn-448", "4st-cnn": "cnn-448"}
# each counted once for every window that it may share with
OVERLAP_PENALTIES = {"4st-cnn": (0.4, 0.2, 0.05, 1.0)}
