"""What bird models learn from: photographs, cut and mirrored afresh, and their species alone."""

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.progress import track
from torch import Tensor

from stn_core.data.cub import Birds, cub, held_out
from stn_core.evaluation.bird_metrics import (
    BirdAnswers,
    abstention_threshold,
    attention,
    bird_answers,
    describe_windows,
    reference_window_hits,
)
from stn_core.experiments.checkpoints import load_checkpoint
from stn_core.experiments.recipes import BirdRecipe
from stn_core.experiments.registry import EXPERIMENTS, SPECIES, Experiment
from stn_core.files import is_there
from stn_core.models.backbone import BACKBONE, SIDE, Stream
from stn_core.models.birds import BIRD_MODELS, BirdModel, create_bird_model
from stn_core.models.window_localisation import BirdLocalisation
from stn_core.training.bird_recording import WindowRecorder
from stn_core.training.calibration import apply_temperature, fit_temperature
from stn_core.training.linear_probe import fit
from stn_core.training.precision import round_weights
from stn_core.training.seeding import epoch_permutation, step_generator
from stn_core.training.state import load_state, no_state, save_state
from stn_core.training.window_search import (
    WindowFeatures,
    precompute_window_features,
    train_localisation,
)
from stn_core.transformer.transforms import TRANSFORMS

# a training photograph is kept on a square of 512 pixels, 256 : 224 as in the paper
STORED = SIDE * 8 // 7


class Photographs:
    """Training photographs as pixels (3, 512, 512) uint8, each read when it is first asked for and
    then kept: 0.8 MB each."""

    def __init__(self, birds: Birds) -> None:
        self.birds = birds
        # memory is taken as it is filled
        self._pixels = torch.empty(len(birds.paths), STORED, STORED, 3, dtype=torch.uint8)
        self._read = [False] * len(birds.paths)

    def __getitem__(self, i: int) -> Tensor:
        if not self._read[i]:
            self._pixels[i] = self.birds.photograph(i, STORED).mul(255).round().permute(1, 2, 0)
            self._read[i] = True
        return self._pixels[i].permute(2, 0, 1)


def cut(pixels: Tensor, box: tuple[int, int, int], mirrored: bool, side: int = SIDE) -> Tensor:
    """The square (left, top, side) of a photograph's pixels (3, S, S), mirrored or not, as (3,
    side, side) in [0, 1]."""
    left, top, length = box
    square = pixels[None, :, top : top + length, left : left + length].float() / 255
    if mirrored:
        square = square.flip(3)
    return F.interpolate(
        square, (side, side), mode="bilinear", align_corners=False, antialias=False
    )[0]


class BirdTask:
    """Birds for the training loop: see ``task.Task``."""

    def __init__(
        self,
        experiment: Experiment,
        recipe: BirdRecipe,
        seed: int,
        data: str | os.PathLike[str] | None = None,
        out: str | os.PathLike[str] = "checkpoints",
        limit: int | None = None,
        device: torch.device | str = "cpu",
        low_precision: bool = False,
    ) -> None:
        birds, self.test = (
            cub(split, data, SPECIES[experiment.data]) for split in ("train", "test")
        )
        birds = birds.chosen(torch.arange(len(birds.labels))[:limit])
        aside = held_out(birds.labels, recipe.val_every)
        self.birds, self.validation = birds.chosen(~aside), birds.chosen(aside)
        self.photographs = Photographs(self.birds)
        self.experiment = replace(experiment, classes=birds.classes)
        self.recipe, self.out, self.seed = recipe, Path(out), seed
        self.device, self.low_precision = torch.device(device), low_precision
        self.recorder = WindowRecorder(experiment)

    @property
    def count(self) -> int:
        return len(self.birds.labels)

    def create_model(self, fresh: bool) -> BirdModel:
        """The model; if ``fresh``, with the weights that its streams start from, and windows that
        have learned where to look."""
        recipe, options = self.recipe, dict(self.experiment.options)
        from_checkpoint = recipe.init_from in BIRD_MODELS
        imagenet = fresh and recipe.init_from != "random"
        model = create_bird_model(
            self.experiment.model,
            len(self.experiment.classes),
            dropout=recipe.dropout,
            absent=recipe.stream_drop_prob,
            pretrained=imagenet and not from_checkpoint,
            **options,
        )
        if fresh and from_checkpoint:
            stem: Any = load_checkpoint(
                self.out / EXPERIMENTS[f"{self.experiment.data}-{recipe.init_from}"].path
            ).model
            start_streams(model, stem)
            if model.localisation:
                trunk = Stream(options.get("backbone", BACKBONE), pretrained=True)
                model.localisation.trunk.load_state_dict(trunk.state_dict())
        if fresh and recipe.window_search_epochs and model.localisation:
            self.search_windows(model, model.localisation)
        for part in model.backbones:
            part.freeze(recipe.frozen_blocks, low_precision=self.low_precision)
        return model

    def search_windows(self, model: BirdModel, localisation: BirdLocalisation) -> None:
        """Let the localisation network learn from score maps; what it starts from is computed once
        for all models on these data with the same backbone."""
        console = Console(stderr=True, soft_wrap=True)
        last = self.recipe.window_search_epochs * (localisation.windows + 1)
        scale = self.recipe.search_scale
        about = f"{len(self.birds.labels)}-{scale}-{model.reach}-{self.recipe.val_every}"
        if localisation.trunk.name != BACKBONE:
            about += f"-{localisation.trunk.name}"
        path = self.out / "birds" / f"{self.experiment.data}-windows-{about}.state.pt"
        if is_there(path):
            lattice = read_lattice(path)
        else:
            stream = localisation.trunk.to(self.device).eval()
            photographs = (
                cut(self.photographs[i], (0, 0, STORED), False) for i in range(self.count)
            )
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.low_precision):
                parts = list(
                    track(
                        precompute_window_features(stream, scale, model.reach, photographs),
                        "score maps",
                        self.count,
                        console=console,
                    )
                )
            lattice = WindowFeatures(*(torch.cat(part) for part in zip(*parts, strict=True)))
            save_state(lattice._asdict(), path)

        def note(epoch: int, loss: float) -> None:
            self.recorder.record_search(epoch, last, model)
            if epoch % 5 == 0 or epoch == last:
                at = f"{self.experiment.name} window search {epoch}/{last}"
                console.print(f"{at}: loss {loss:.3f}")

        note(0, math.nan)
        penalties = self.recipe.overlap_penalties
        train_localisation(
            localisation,
            model.scale,
            lattice,
            self.birds.labels,
            self.recipe.window_search_epochs,
            self.seed,
            penalties + penalties[-1:] * (localisation.windows - len(penalties)),
            self.recipe.mirror_agreement,
            note,
        )

    def create_optimiser(self, model: BirdModel) -> torch.optim.Optimizer:
        """Groups of their own for the last layer and the localisation network; what is frozen, and
        a rate of 0, are left out."""
        recipe = self.recipe
        rates = {
            "classifier": recipe.head_lr_scale,
            "localisation": recipe.localisation_lr_scale,
            "streams": 1.0,
        }
        groups = []
        for part, factor in rates.items():
            module = getattr(model, part, None)
            parameters = list(module.parameters()) if module else []
            for parameter in parameters if factor == 0 else ():
                parameter.requires_grad_(False)
            parameters = [parameter for parameter in parameters if parameter.requires_grad]
            if parameters:
                groups.append({"params": parameters, "peak": recipe.lr * factor})
        if recipe.optimiser == "sgd":
            return torch.optim.SGD(
                groups, lr=recipe.lr, weight_decay=recipe.weight_decay, momentum=0.9
            )
        return torch.optim.AdamW(groups, lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True)

    def batch(self, step: int) -> tuple[tuple[Tensor, ...], Tensor]:
        """What step ``step`` trains on: photographs (batch_size, 3, 448, 448), shifts of the
        windows (batch_size, N, 2), from which photographs theta learns (batch_size,); and labels
        (batch_size,)."""
        size, recipe = self.recipe.batch_size, self.recipe
        epoch, position = divmod(step, self.count // size)
        chosen = epoch_permutation(self.count, self.seed, epoch)[
            position * size : (position + 1) * size
        ]
        draw = step_generator(self.seed, step, 1)
        shortest = math.ceil(STORED * (1 - recipe.zoom))
        lengths = torch.randint(shortest, STORED + 1, (size,), generator=draw)
        lefts, tops = (
            (torch.rand(size, generator=draw) * (STORED + 1 - lengths)).long() for _ in range(2)
        )
        mirrored = torch.rand(size, generator=draw) < 0.5
        images = torch.stack(
            [
                cut(self.photographs[i], (left, top, length), flip)
                for i, left, top, length, flip in zip(
                    chosen.tolist(),
                    lefts.tolist(),
                    tops.tolist(),
                    lengths.tolist(),
                    mirrored.tolist(),
                    strict=True,
                )
            ]
        )
        shifts = recipe.jitter * torch.randn(
            size, BIRD_MODELS[self.experiment.model].get("transformers", 0), 2, generator=draw
        )
        learns = torch.full((size,), epoch >= recipe.epochs - recipe.joint_epochs)
        return (images, shifts, learns), self.birds.labels[chosen]

    def create_recorder(self, total: int) -> WindowRecorder:
        self.recorder.expect(total)
        return self.recorder

    def finish(self, model: BirdModel, device: torch.device) -> tuple[torch.dtype, dict[str, Any]]:
        """Half precision; errors, when an answer is unsure (chosen on the validation photographs),
        and where the model looks."""
        said = self.calibrate(model, device)
        round_weights(model, torch.float16)  # what is measured is what is stored
        answers = bird_answers(model, self.test, device)
        wrong = 100 * answers.wrong(self.test).double().mean().item()
        looks = attention(self.test, answers, model.scale)
        metrics: dict[str, Any] = {"test_error": wrong, "attention": looks, **said}
        if model.transformers:
            metrics["reference"] = reference_window_hits(self.test, self.birds, model.scale)
            mirrored = bird_answers(model, self.test, device, only_look=True, mirrored=True)
            metrics |= describe_windows(self.test, answers, mirrored)
        return torch.float16, metrics

    def calibrate(self, model: BirdModel, device: torch.device) -> dict[str, Any]:
        """The last layer anew, and its temperature by the photographs that are held out, if there
        are any. What is said of those is said by a layer that has not seen them, and comes back;
        then the layer may learn from them too. It learns from each photograph and its mirror
        image."""
        recipe, layer = self.recipe, model.classifier
        labels, held_labels = self.birds.labels, self.validation.labels

        def fit_to(features: Tensor, labels: Tensor) -> None:
            # streams that have learned from these photographs can't be weighed by them
            streams = 1 if recipe.epochs else len(model.streams)
            fit(layer, features, labels, recipe.last_layer, recipe.shrinkage, streams)

        if recipe.last_layer:
            learned = self.features(model, self.birds, device)
            fit_to(learned, labels)
        if not len(held_labels):
            return {}
        held = self.features(model, self.validation, device)
        with torch.no_grad():
            logits = layer(held[0].to(device)).float().cpu()
        temperature = fit_temperature(logits, held_labels)
        said = validation_metrics(logits / temperature, self.validation)
        if recipe.last_layer:
            fit_to(torch.cat((learned, held), dim=1), torch.cat((labels, held_labels)))
        apply_temperature(layer, temperature)
        return said

    def validation_error(self, model: BirdModel, device: torch.device) -> float:
        """In per cent, on the training photographs that are held out; nan if there are none."""
        if not len(self.validation.labels):
            return math.nan
        with torch.autocast(device.type, torch.bfloat16, enabled=self.low_precision):
            answers = bird_answers(model, self.validation, device)
        return 100 * answers.wrong(self.validation).double().mean().item()

    def features(self, model: BirdModel, birds: Birds, device: torch.device) -> Tensor:
        """What the last layer sees of every photograph, whole and as it is, and of its mirror
        image: (2, N, C), on the CPU."""
        seen: list[Tensor] = []
        hook = model.classifier.register_forward_pre_hook(
            lambda _, inputs: seen.append(inputs[0].float().cpu())
        )
        with torch.autocast(device.type, torch.bfloat16, enabled=self.low_precision):
            for mirrored in (False, True):
                bird_answers(model, birds, device, mirrored=mirrored)
        hook.remove()
        return torch.cat(seen).unflatten(0, (2, -1))


def read_lattice(path: Path) -> WindowFeatures:
    """What ``BirdTask.search_windows`` has computed before. ValueError if the file is another
    one."""
    try:
        return WindowFeatures(**load_state(path))
    except TypeError as error:
        raise no_state(path) from error


def validation_metrics(logits: Tensor, birds: Birds) -> dict[str, Any]:
    """The error in per cent, and when an answer is unsure, by logits (N, classes) for photographs
    that are held out."""
    answers = BirdAnswers(logits, torch.zeros(len(logits), 0, 3), TRANSFORMS["attention"])
    return {
        "validation_error": 100 * answers.wrong(birds).double().mean().item(),
        "unsure": abstention_threshold(birds, answers),
    }


def start_streams(model: BirdModel, stem: BirdModel) -> None:
    """Give the streams of a model the weights of another's: each those of its own, and those beyond
    its number those of the last."""
    for i, stream in enumerate(model.streams):
        stream.load_state_dict(stem.streams[min(i, len(stem.streams) - 1)].state_dict())
