"""Recordings of how bird models learned to look.

The photographs are not ours to keep; so the layers that answer theta are kept, in half precision,
at moments of training. From them the windows' way can be computed for any photograph, also one that
somebody uploads.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from torch.func import functional_call

from stn_core.experiments.checkpoints import read_safetensors
from stn_core.experiments.registry import EXPERIMENTS, Experiment
from stn_core.files import is_there, write_file
from stn_core.messages import about_file
from stn_core.models.birds import BirdModel
from stn_core.training.recording import (
    MOST_MOMENTS,
    MOST_STEPS,
    RecordingError,
    check_tensors,
    record_command,
)

SEARCH_MOMENTS = (
    12  # moments of a bird recording while it learns from score maps, denser at the start
)
EPOCHS = 4  # and while the streams move as well


class WindowRecorder:
    """Collects what lies above the trunk of a localisation network while it learns: for any
    photograph, its windows' way from where they start can be computed from that, and from
    the trunk, which hardly moves."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.moments: list[tuple[int, int]] = []  # (0, epoch of search) or (1, step)
        self.weights: list[dict[str, Tensor]] = []
        self.steps: set[int] = set()

    def record_search(self, epoch: int, last: int, model: BirdModel) -> None:
        """Note the model after ``epoch`` of ``last`` epochs, if that is one of the moments."""
        spaced = torch.logspace(0, 1, SEARCH_MOMENTS, base=last + 1, dtype=torch.float64)
        if epoch in {round(moment) - 1 for moment in spaced.tolist()}:
            self._note((0, epoch), model)

    def expect(self, total: int) -> None:
        """Training will have ``total`` steps."""
        self.steps = {total * i // EPOCHS for i in range(1, EPOCHS + 1)} - {0}

    def record(self, step: int, model: BirdModel) -> None:
        """Note ``model`` before step ``step``, if that is one of the moments."""
        if step in self.steps and model.localisation:
            self._note((1, step), model)

    def _note(self, moment: tuple[int, int], model: BirdModel) -> None:
        if model.localisation and moment not in self.moments:
            self.moments.append(moment)
            self.weights.append(
                {
                    k: v.detach().half().cpu()
                    for k, v in model.localisation.above.state_dict().items()
                }
            )

    def state(self) -> dict[str, Tensor]:
        if not self.weights:
            return {}
        stacked = {
            name: torch.stack([weights[name] for weights in self.weights])
            for name in self.weights[0]
        }
        return stacked | {"moment": torch.tensor(self.moments)}

    def load(self, state: dict[str, Tensor]) -> None:
        """Go on from a ``state``."""
        if state:
            self.moments = [(stage, count) for stage, count in state["moment"].tolist()]
            names = state.keys() - {"moment"}
            self.weights = [
                {name: state[name][i] for name in names} for i in range(len(self.moments))
            ]

    def save(self, folder: Path) -> None:
        if self.weights:
            about = {"experiment": self.experiment.name}
            content = save(self.state(), metadata={"stn": json.dumps(about)})
            write_file(folder / f"{self.experiment.name}.safetensors", content)


@torch.inference_mode()
def trajectory(path: Path, model: BirdModel, images: Tensor) -> tuple[Tensor, Tensor]:
    """The windows' way for photographs (B, 3, H, W), from the recording of ``model`` at ``path``.

    Returns theta (M, B, N, P) at M moments, and the moments (M, 2): (0, epochs of the window
    search) or (1, steps of training).

    Raises:
        RecordingError: it is missing, truncated, foreign, or of another model.
    """
    experiment = EXPERIMENTS.get(path.stem, EXPERIMENTS["cub50-2st-cnn"])
    fail = about_file(RecordingError, path, record_command(experiment))
    if not is_there(path):
        raise fail("no_recording", "there is no such recording")
    _, state = read_safetensors(path, fail)
    if model.localisation is None:
        raise fail("no_recording", "there is no such recording")
    above = model.localisation.above
    count = len(state["moment"]) if "moment" in state and state["moment"].ndim else 0
    weights = {
        name: ((count, *value.shape), torch.float16) for name, value in above.state_dict().items()
    }
    check_tensors(state, weights | {"moment": ((count, 2), torch.int64)}, experiment.name, fail)
    moments = state.pop("moment")
    if (
        not 1 <= count <= MOST_MOMENTS
        or not ((moments >= 0) & (moments <= torch.tensor([1, MOST_STEPS]))).all()
    ):
        raise fail(
            "bird_moments",
            "expected 1 to {moments:,} moments of the window search (0) or training (1) at steps "
            "from 0 to {steps:,}",
            moments=MOST_MOMENTS,
            steps=MOST_STEPS,
        )
    maps = model.localisation.maps(images).float()
    answers = [
        model.thetas(
            functional_call(
                above, {name: value[i].float() for name, value in state.items()}, (maps,)
            )
        )
        for i in range(len(moments))
    ]
    return torch.stack(answers), moments
