"""A player of recordings: the digits and their sampling grids move as the network learns, over the
curve of the error.

The browser is sent the recordings once and computes the warps itself, so playing is smooth whatever
the server does. Streamlit sends an unchanged message as a reference only; nothing in it changes
while one plays.
"""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stn_core.interchange.browser_format import FAMILIES
from stn_core.training.recording import DIGITS, Recording
from stn_core.transformer.transforms import TRANSFORMS, Transform
from ui.browser.component import component
from ui.components.live import COLORS

HERE = Path(__file__).parent

_component = component(HERE, "replay", isolate_styles=False)


def replay(
    sides: Sequence[dict[str, Any]],
    start: int,
    words: dict[str, str],
    language: str,
    key: str,
    on_step: Callable[[], None],
) -> None:
    """Show recordings, each from ``side``, side by side, at first at step ``start``; when ``start``
    changes, the player goes there.

    ``words`` are the player's texts, with {braces} that it fills in itself. ``on_step`` is called
    when the visitor pauses at another step, which is then in ``st.session_state[key]["step"]``.
    What the browser says is to be checked.
    """
    data = {
        "sides": sides,
        "start": start,
        "words": words,
        "language": language,
        "colors": COLORS,
        "digits": DIGITS,
    }
    _component(data, key=key, on_step_change=on_step)


def side(recording: Recording, name: str, shown: Sequence[int]) -> dict[str, Any]:
    """What the player needs of a recording called ``name`` to show the digits ``shown`` of its 64,
    some ten to a hundred kB."""
    transform, theta = as_matrix(recording.transform, recording.theta)
    chosen = torch.tensor(shown)
    logits = recording.logits[:, chosen].float()  # (M, n, 10)
    sure = logits.softmax(2).gather(2, recording.labels[chosen].expand(len(logits), -1)[..., None])[
        ..., 0
    ]
    return {
        "name": name,
        "family": None if transform is None else transform.name,
        "size": list(recording.images.shape[2:]),
        "output": list(recording.output_size),
        "batch": recording.batch_size,
        "steps": recording.steps.tolist(),
        "wrong": recording.wrong.tolist(),
        "misalignment": [round(value, 2) for value in recording.misalignment.tolist()],
        "images": text(in_bytes(recording.images[chosen])),
        "labels": recording.labels[chosen].tolist(),
        "answers": text(logits.argmax(2).byte()),
        "sure": text(in_bytes(sure)),
        "theta": None if theta is None else text(theta[:, chosen]),
    }


def as_matrix(
    transform: Transform | None, theta: Tensor | None
) -> tuple[Transform | None, Tensor | None]:
    """A family of the browser's, and theta (M, 64, P) in it. ValueError if there is none."""
    if transform is None or theta is None or transform.name in FAMILIES:
        return transform, theta
    matrix = transform.coefficients(theta.flatten(0, 1).float())
    if matrix.shape[1:] == (2, 3):
        return TRANSFORMS["affine"], matrix.flatten(1).view(*theta.shape[:2], 6).half()
    if matrix.shape[1:] == (3, 3):
        return TRANSFORMS["projective"], (matrix / matrix[:, 2:, 2:]).flatten(1)[:, :8].view(
            *theta.shape[:2], 8
        ).half()
    raise ValueError(
        f"the player has no {transform.name} transform: it knows those with a matrix, and the "
        "thin plate spline"
    )


def in_bytes(values: Tensor) -> Tensor:
    """Numbers in [0, 1] as uint8."""
    return (255 * values.clamp(0, 1)).round().byte()


def text(values: Tensor) -> str:
    """The bytes of a tensor, little-endian, in base64."""
    numbers = values.contiguous().numpy()
    return base64.b64encode(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()).decode()
