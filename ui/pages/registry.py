"""Every page of the app once, in the order of its links, and the state that a lesson can give it.

A page is a folder ``ui/pages/<name>`` with a title in ``ui/app/texts.toml``; the first one has the bare address, the others have
their names. Bounds and options are those of ``state.py`` and ``exhibits.py``; nothing is written down twice.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from stn_core import EXPERIMENTS
from stn_core.data.distortions import TABLE_KINDS
from stn_core.messages import Sentence
from stn_core.training.recording import MOST_STEPS
from ui.app import loading
from ui.controls import exhibits, state
from ui.pages.birds import page as birds
from ui.pages.birds.component import places_from_text
from ui.pages.birds.pictures import DRAWN
from ui.pages.digits import page as digits
from ui.pages.gradient import page as gradient
from ui.pages.replay import page as replay
from ui.pages.results import page as results
from ui.pages.sampler import page as sampler
from ui.pages.stage import page as stage
from ui.pages.stage.component import KERNELS, MODES, hand_of
from ui.pages.transformation import page as transformation
from ui.pages.trouble import page as trouble
from ui.pages.why import page as why


def _in_address(value: Any) -> str | list[str]:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, (str, list)) else f"{value:g}"


@dataclass(frozen=True)
class Control:
    """One piece of a page's state: its value at the start, which values it ``accepts``, and those in words."""

    default: Any
    accepts: Callable[[Any], bool]
    accepted: str
    address: bool = False  # the page itself keeps it in the address, as a text; the others are widgets, bound to the address
    text: Callable[[Any], str | list[str]] = _in_address  # as it stands there

    def fitted(self, value: Any) -> Any:
        """An accepted value in the type that the page works with."""
        return value if self.default is None else type(self.default)(value)


def _exhibit(name: str) -> dict[str, Control]:
    return dict(pair for control in exhibits.CONTROLS[name] for pair in _of_exhibit(control))


def _of_exhibit(control: state.Slider | exhibits.Choice | exhibits.Digit) -> Iterable[tuple[str, Control]]:
    if isinstance(control, exhibits.Digit):
        yield control.key, _number(control.label, 0, 9, 1)
        yield f"{control.key}_number", _number(control.number, 0, 499, 1)
    elif isinstance(control, exhibits.Choice):
        yield control.key, _one(control.options, control.default, address=True)
    else:
        yield control.key, _slider(control)


def _digits() -> dict[str, Control]:
    controls = {
        "from": _one(state.PLACES, state.PLACES[0], address=True),
        "own": _text(
            lambda text: state.digit_from_text(text) is not None, Sentence("own_digit", "a digit, as the address holds it")
        ),
        "digit": _number(state.DIGIT, 0, 9, 1),
        "number": _number(state.NUMBER, 0, 499, 1),
        "kind": _one([kind.upper() for kind in TABLE_KINDS], "R"),
    }
    for kind, sliders in state.SLIDERS.items():
        controls |= {slider.key: _slider(slider) for slider in sliders}
        controls[f"models_{kind}"] = _some(list(loading.experiments(kind)), ["CNN", "ST-CNN affine"])
    for by_hand in state.BY_HAND.values():
        moved = lambda text, by_hand=by_hand: by_hand.from_text(text) != by_hand.untouched
        controls[by_hand.key] = _text(moved, Sentence("own_moves", "32 numbers, as the address holds them"))
    return controls


def _stage() -> dict[str, Control]:
    return _digits() | {
        "mode": _one(MODES, MODES[0], address=True),
        "kernel": _one(KERNELS, KERNELS[0], address=True),
        "hand": _text(
            lambda text: hand_of(text, None) is not None, Sentence("own_hand", "a model with a transformer, such as st-cnn-affine")
        ),
        "theta": _text(
            lambda text: all(map(_is_number, text.split(","))), Sentence("own_theta", "numbers with commas between them")
        ),
    }


def _replay() -> dict[str, Control]:
    name = lambda experiment: f"{experiment.data.upper()} {loading.name(experiment)}"
    names = [name(experiment) for experiment in EXPERIMENTS.values() if experiment.data in TABLE_KINDS]
    left, right = (name(EXPERIMENTS[key]) for key in state.REPLAYED)
    return {
        "left": _one(names, left),
        "right": _one([*names, state.NOTHING], right),
        "dozen": replace(_number(state.DOZENS[0], state.DOZENS[0], state.DOZENS[-1], 1), text=lambda n: f"{12 * n - 11}-{12 * n}"),
        "step": _number(0, 0, MOST_STEPS, 1, address=True),
    }


def _results() -> dict[str, Control]:
    show, kind, curves, means = (state.RESULTS[name] for name in ("show", "kind", "curves", "means"))
    controls = {
        show.key: _one(show.options, show.default, address=True),
        kind.key: _one(kind.options, kind.default),
        "log": _switch(True),
    }
    for data in TABLE_KINDS:
        available = loading.experiments(data)
        transformers = [name for name, experiment in available.items() if experiment.model.startswith("st-")]
        controls[f"{curves.key}_{data}"] = _some(list(available), list(curves.defaults))
        controls[f"{means.key}_{data}"] = _one(transformers, means.default)
    return controls


def _birds() -> dict[str, Control]:
    places = _text(_are_places, Sentence("own_places", "places of windows, as the address holds them"))
    experiments = [experiment for experiment in EXPERIMENTS.values() if experiment.birds]
    chosen = [loading.name(EXPERIMENTS[name]) for name in ("cub50-cnn-448", "cub50-2st-cnn")]
    drawn = [path.stem.replace("_", " ") for path in sorted(DRAWN.glob("*.webp"))]
    return (
        _exhibit("b")
        | {"b_drawn": _one(drawn, drawn[0] if drawn else ""), "b_number": _number(1, 1, 60, 1)}
        | {"b_models": _some([loading.name(experiment) for experiment in experiments], chosen)}
        | {"b_way": _switch(True), "b_parts": _switch(False), "b_pull": _switch(False)}
        | {f"b_{experiment.name}": places for experiment in experiments}
    )


def _are_places(text: str) -> bool:
    picture, *numbers = text.split(",")
    return places_from_text(text, picture, len(numbers) // 2) is not None


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and abs(float(value)) < float("inf")
    except (TypeError, ValueError):
        return False


def _number(default: float, low: float, high: float, step: float, address: bool = False) -> Control:
    return _slider(state.Slider("", "", low, high, default, step), address)


def _slider(slider: state.Slider, address: bool = False) -> Control:
    accepts = lambda value: isinstance(value, (int, float)) and _is_number(value) and slider.fitted(value) == value
    accepted = f"{slider.low:g} … {slider.high:g}, ± {slider.step:g}"
    return Control(slider.default, accepts, accepted.replace("-", "−"), address)


def _one(options: Sequence[str], default: str, address: bool = False) -> Control:
    return Control(default, lambda value: value in options, _listed(options), address)


def _some(options: Sequence[str], default: list[str]) -> Control:
    accepts = lambda value: isinstance(value, list) and all(name in options for name in value)
    return Control(default, accepts, f"[ {_listed(options)} ]")


def _switch(default: bool) -> Control:
    return Control(default, lambda value: isinstance(value, bool), "true, false")


def _text(accepts: Callable[[str], bool], accepted: str) -> Control:
    return Control(None, lambda value: isinstance(value, str) and accepts(value), accepted, address=True)


def _listed(options: Sequence[str]) -> str:
    return ", ".join(f'"{option}"' for option in options)


class Page(NamedTuple):
    """A page: what shows it, and its controls by their names, which are also the widgets' keys and the names in the address."""

    show: Callable[[], None]
    controls: Callable[[], dict[str, Control]]


PAGES = {
    "digits": Page(digits.main, _digits),
    "stage": Page(stage.main, _stage),
    "why": Page(why.main, partial(_exhibit, "why")),
    "transformation": Page(transformation.main, partial(_exhibit, "t")),
    "sampler": Page(sampler.main, partial(_exhibit, "s")),
    "gradient": Page(gradient.main, partial(_exhibit, "g")),
    "replay": Page(replay.main, _replay),
    "results": Page(results.main, _results),
    "birds": Page(birds.main, _birds),
    "trouble": Page(trouble.main, partial(_exhibit, "w")),
}


def path_of(page: str) -> str:
    """A page's path in the address, below the app's root."""
    return "" if page == next(iter(PAGES)) else page
