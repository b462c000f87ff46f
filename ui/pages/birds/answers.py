"""What a bird model answers to a picture, with its windows where it or the visitor puts them;
computed once for the same pixels."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import streamlit as st
import torch
from torch import Tensor

from stn_core import Checkpoint
from stn_core.allocator import give_back_memory
from stn_core.files import changed, is_there
from stn_core.models.backbone import SIDE
from stn_core.models.birds import BirdModel
from stn_core.training.bird_recording import trajectory
from stn_core.training.recording import RecordingError, record_command
from ui.app import loading
from ui.app.i18n import in_markdown, texts
from ui.app.loading import Missing
from ui.pages.birds.pictures import BirdPicture
from ui.pages.birds.places import Places

SCAN = 9  # places each way on the map of places
# one answer at a time: a picture's maps are 100 MB, and the cores share the work on one
TURNS = threading.Lock()


@dataclass(frozen=True)
class Answer:
    """What a model made of a picture."""

    probabilities: Tensor  # (classes,)
    thetas: Tensor  # (N, P), where it looked


def bird_model(checkpoint: Checkpoint) -> BirdModel:
    return cast(BirdModel, checkpoint.model)


def windows_of(
    checkpoint: Checkpoint,
    picture: BirdPicture,
    hand: Places | None = None,
    scale: float | None = None,
) -> Tensor:
    """The thetas (N, P) of a model's windows: where it puts them on a picture, or where the
    visitor's ``hand`` has put them; ``scale`` is another size for them."""
    model, path = bird_model(checkpoint), loading.checkpoint_path(checkpoint.experiment)
    if not model.transformers:
        return torch.zeros(0, 3)
    thetas = _chosen(checkpoint.experiment.name, changed(path), picture.key, checkpoint, picture)
    if hand is not None:
        thetas = with_places(model, thetas, hand)
    return thetas if scale is None else model.resized(thetas, scale / model.scale)


@contextmanager
def answering() -> Iterator[None]:
    """While nobody else's picture is answered for; the memory that it took goes back."""
    with TURNS:
        yield
        give_back_memory()


@st.cache_data(max_entries=500, show_spinner=False)
def _chosen(
    name: str, changed: int, key: str, _checkpoint: Checkpoint, _picture: BirdPicture
) -> Tensor:
    with answering(), torch.inference_mode():
        return bird_model(_checkpoint).chosen(_picture.square[None].float() / 255)[0].clone()


def answer(
    checkpoint: Checkpoint,
    picture: BirdPicture,
    hand: Places | None = None,
    scale: float | None = None,
) -> Answer:
    """What a model answers with its windows there (``windows_of``)."""
    if not bird_model(checkpoint).transformers:
        hand = scale = None
    path = loading.checkpoint_path(checkpoint.experiment)
    return _answer(
        checkpoint.experiment.name, changed(path), picture.key, hand, scale, checkpoint, picture
    )


@st.cache_data(max_entries=500, show_spinner=False)
def _answer(
    name: str,
    changed: int,
    key: str,
    hand: Places | None,
    scale: float | None,
    _checkpoint: Checkpoint,
    _picture: BirdPicture,
) -> Answer:
    """Computed once for the same pixels; no pixels are kept."""
    thetas = windows_of(_checkpoint, _picture, hand, scale)
    with answering(), torch.inference_mode():
        images = _picture.square[None].float() / 255
        logits = bird_model(_checkpoint).explain(images, thetas[None]).logits
        return Answer(logits.softmax(1)[0].clone(), thetas)


def with_places(model: BirdModel, thetas: Tensor, places: Places | Tensor) -> Tensor:
    """Thetas (N, P) with their windows at other places (N, 2)."""
    moved = thetas.clone()
    moved[:, list(model.shift_indices)] = torch.as_tensor(places, dtype=moved.dtype)
    return moved


def window_trajectory(
    checkpoint: Checkpoint, picture: BirdPicture
) -> tuple[Tensor, list[tuple[int, int]]] | Missing:
    """The windows' places (M, N, 2) and the M moments of training; or why they are not known."""
    experiment, path = checkpoint.experiment, loading.recording_path(checkpoint.experiment)
    if not is_there(path):
        return Missing(
            experiment, texts("birds").markdown("no_way", command=record_command(experiment))
        )
    try:
        return _trajectory(path, changed(path), picture.key, checkpoint, picture.square)
    except RecordingError as error:
        return Missing(experiment, in_markdown(error.sentence))


@st.cache_data(max_entries=200, show_spinner=False, hash_funcs=loading.PATHS)
def _trajectory(
    path: Path, changed: int, key: str, _checkpoint: Checkpoint, _square: Tensor
) -> tuple[Tensor, list[tuple[int, int]]]:
    model = bird_model(_checkpoint)
    thetas, moments = trajectory(path, model, _square[None].float() / 255)
    return thetas[:, 0][:, :, list(model.shift_indices)].clone(), [
        (int(stage), int(count)) for stage, count in moments.tolist()
    ]


def scan_places(model: BirdModel) -> Tensor:
    """The map's places (SCAN, SCAN, 2), normalised (x, y), over a window's reach."""
    line = torch.linspace(-model.reach, model.reach, SCAN)
    return torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)


@torch.inference_mode()
def scan(
    model: BirdModel,
    picture: BirdPicture,
    found: Answer,
    window: int,
    note: Callable[[float], object],
) -> Tensor:
    """The probabilities (SCAN * SCAN, classes) with one window at every place, row by row, and the
    others where they are.

    ``note`` is told which share is done.
    """
    windows = found.thetas[window].repeat(SCAN * SCAN, 1)
    thetas = with_places(model, windows, scan_places(model).view(-1, 2))
    rows: list[Tensor] = []
    image = picture.square.float() / 255
    for logits in in_turns(model.scan(image, window, thetas, found.thetas)):
        rows.append(logits.softmax(1))
        note(sum(map(len, rows)) / len(thetas))
    return torch.cat(rows).clone()


def in_turns(results: Iterator[Tensor]) -> Iterator[Tensor]:
    """Each of the results, computed while no answer is; between them others have their turn."""
    while True:
        with TURNS:
            result = next(results, None)
        if result is None:
            return
        yield result


def probability_gradients(
    model: BirdModel,
    picture: BirdPicture,
    found: Answer,
    window: int,
    species: int,
    scanned: Tensor,
) -> tuple[Tensor, Tensor]:
    """Where the probability of a species pulls one window, at the places inside the map, each (SCAN
    - 2, SCAN - 2, 2) as d log p by (x, y): by the gradient through the crop's pixels, as the paper
    trains; and by the differences of the map ``scanned`` (SCAN * SCAN, classes), as it is."""
    count = SCAN - 2
    logs = scanned[:, species].clamp(min=1e-9).log().view(SCAN, SCAN)
    apart = 4 * model.reach / (SCAN - 1)  # between a place's neighbours on both sides
    across, down = logs[1:-1, 2:] - logs[1:-1, :-2], logs[2:, 1:-1] - logs[:-2, 1:-1]
    # a quarter of a pixel off: on a pixel bilinear has a kink
    places = scan_places(model)[1:-1, 1:-1].reshape(-1, 2) + 0.5 / SIDE
    windows = found.thetas[window].repeat(count * count, 1)
    thetas = with_places(model, windows, places).requires_grad_()
    image = picture.square.float() / 255
    gradients = (  # each of a batch, 0 for the other thetas
        torch.autograd.grad(logits.log_softmax(1)[:, species].sum(), thetas)[0]
        for logits in model.scan(image, window, thetas, found.thetas)
    )
    pulled = torch.stack(list(in_turns(gradients))).sum(0)[:, list(model.shift_indices)]
    return pulled.view(count, count, 2), torch.stack((across, down), dim=-1) / apart
