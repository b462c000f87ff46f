"""A lesson's step as phones show it: its texts in every language, its question, and the picture and
networks of its page where a phone can show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stn_core import DISTORTIONS, EXPERIMENTS, Checkpoint
from stn_core.data.mnist import gallery
from stn_core.data.pairs import PAIRS
from stn_core.interchange.errors import ExportError
from ui.app import loading
from ui.app.static_files import served
from ui.browser.model_file import model_file
from ui.components.live import pixels_text
from ui.controls.digit_controls import DIGIT, KIND, models
from ui.controls.distortion_state import BY_HAND, SLIDERS
from ui.controls.spec import GalleryDigit, Values
from ui.pages.digits.component import seeded
from ui.pages.lecture.lessons import Lesson, Step, lesson
from ui.pages.registry import PAGES
from ui.pages.transformation.controls import MOVES
from ui.pages.transformation.page import theta_of

TEN = 10  # choices of a vote on a digit


@dataclass(frozen=True)
class Posed:
    """A page that shows a digit moved, turned and scaled to one network: what its controls are
    called."""

    prefix: str
    model: str


POSED = {"why": Posed("why", "r-cnn"), "gradient": Posed("g", "r-cnn")}


def describe(name: str, at: int) -> dict[str, Any] | None:
    """Step ``at`` of a lesson, counted from 1, as JSON has it; None if there is none.

    ``title``, ``text``, ``try``, ``question`` and ``answer`` are texts by language, or None;
    ``choices`` is a list of them, or None; ``vote`` is how many choices there are, 10 for a digit,
    0 where nothing is asked; ``right`` is the right one, counted from 0, or None; ``stage`` is what
    ``stage_of`` gives.
    """
    found = lesson(name)
    if not isinstance(found, Lesson) or not 1 <= at <= len(found.steps):
        return None
    return described(found, at)


def described(found: Lesson, at: int) -> dict[str, Any]:
    step = found.steps[at - 1]
    stage = stage_of(step)
    by_name = {key: step.texts.get(key) for key in ("title", "text", "try", "question", "answer")}
    right, vote = step.right, len(step.choices)
    if not vote and stage is not None and stage["label"] is not None:
        right, vote = stage["label"], TEN
    if stage is not None:
        del stage["label"]
    return by_name | {
        "lesson": found.title,
        "at": at,
        "count": len(found.steps),
        "choices": list(step.choices) or None,
        "vote": vote,
        "right": right,
        "stage": stage,
    }


def stage_of(step: Step) -> dict[str, Any] | None:
    """The picture that a step begins with: ``digit`` (784 bytes in base64) and ``label``, its class
    where that may be asked for; ``kind`` and ``values`` of the distortion, or "pose" or "grid";
    ``seeded``, what its seed gives; ``bounds`` of the values; ``models``. None where a phone has no
    picture of the page.
    """
    state = {
        name: step.state.get(name, control.default)
        for name, control in PAGES[step.page].controls().items()
    }
    if step.page == "digits":
        kind = str(state[KIND.key]).lower()
        values = {slider.key: state[slider.key] for slider in SLIDERS[kind]}
        values |= {
            more.key: more.from_text(state[more.key])
            for more in [BY_HAND.get(kind)]
            if more is not None
        }
        return {
            **_digit(DIGIT, state, asked=True),
            "kind": kind,
            "values": values,
            "seeded": seeded(kind, values),
            "bounds": {
                slider.key: (slider.low, slider.high, slider.step) for slider in SLIDERS[kind]
            },
            "models": _models(
                loading.experiments(kind)[title].name for title in state[models(kind).key]
            ),
        }
    if step.page in POSED and state.get("why_view") != "pools":
        page = POSED[step.page]
        controls = PAGES[step.page].controls()
        names = {part: f"{page.prefix}_{part}" for part in ("x", "y", "angle", "scale")}
        bounds = {part: controls[name] for part, name in names.items()}
        return {
            **_digit(_gallery_digit(page.prefix), state, asked=True),
            "kind": "pose",
            "values": {part: state[name] for part, name in names.items()},
            "bounds": {part: (c.low, c.high, c.step) for part, c in bounds.items()},  # type: ignore[attr-defined]
            "seeded": {},
            "models": _models([page.model]),
        }
    if step.page == "transformation":
        family = state["t_family"]
        state[MOVES.key] = MOVES.from_text(state[MOVES.key])
        return {
            **_digit(_gallery_digit("t"), state, asked=False),
            "kind": "grid",
            "values": {"family": family, "theta": theta_of(family, state).tolist()},
            "bounds": {},
            "seeded": {},
            "models": [],
        }
    return None


def _gallery_digit(prefix: str) -> GalleryDigit:
    return GalleryDigit(f"{prefix}_digit", f"{prefix}_digit_number", 0, 0)


def _digit(control: GalleryDigit, state: Values, *, asked: bool) -> dict[str, Any]:
    label = state[control.key]
    pixels = gallery().images[control.place(label, state[control.number_key])]
    return {"digit": pixels_text(pixels), "label": label if asked else None}


def _models(names: Iterable[str]) -> list[dict[str, str]]:
    """Those that the browser's engine can run, each with its name and the name of its file."""
    return [
        {"name": loading.name(EXPERIMENTS[name]), "file": name}
        for name in names
        if model_bytes(name) is not None
    ]


def model_bytes(name: str) -> bytes | None:
    """The file of a digit model for the browser (``model_file``), by its experiment's name; None if
    there is none, or none that the browser's engine can run."""
    experiment = EXPERIMENTS.get(name)
    if experiment is None or experiment.data not in (*DISTORTIONS, *PAIRS):
        return None
    if not loading.is_there(experiment):
        return None
    checkpoint = loading.load(experiment)
    if not isinstance(checkpoint, Checkpoint):
        return None
    try:
        return served(model_file(checkpoint))
    except ExportError:
        return None
