"""The controls of the birds page."""

from pathlib import Path

from stn_core import EXPERIMENTS, Experiment
from stn_core.messages import Message
from stn_core.places import ASSETS
from ui.app import loading
from ui.controls.spec import Choice, Choices, Control, Number, Slider, Switch, Text, by_name
from ui.pages.birds.places import are_places

DRAWN = ASSETS / "birds"

SOURCE = Choice("b_from", ("drawn", "cub", "upload"), "drawn", kept_by_page=True)
# the window that is tried at every place
HEAT = Choice("b_heat", ("off", "1", "2", "3", "4"), "off", kept_by_page=True)
NUMBER = Number("b_number", 1, 60, 1)  # of a species' test photographs
# what if the windows had another size: the share of the photograph's sides
SCALE = Slider("b_scale", 0.2, 1.0, 0.5, 0.05, unit="×", swept=False)
WAY = Switch("b_way", True)
PARTS = Switch("b_parts", False)
PULL = Switch("b_pull", False)


def drawn_pictures() -> dict[str, Path]:
    """The pictures that we drew, by the names of their species."""
    return {path.stem.replace("_", " "): path for path in sorted(DRAWN.glob("*.webp"))}


def drawn() -> Choice:
    """Which of the pictures that we drew."""
    names = tuple(drawn_pictures())
    return Choice("b_drawn", names, names[0] if names else "")


def models() -> Choices:
    """The models to show."""
    names = tuple(
        loading.name(experiment) for experiment in EXPERIMENTS.values() if experiment.birds
    )
    return Choices(
        "b_models",
        names,
        tuple(loading.name(EXPERIMENTS[name]) for name in ("cub50-cnn-448", "cub50-2st-cnn")),
    )


def places(experiment: Experiment) -> Text:
    """Where the visitor has put a model's windows."""
    return Text(
        f"b_{experiment.name}",
        are_places,
        Message("own_places", "places of windows, as the address holds them"),
    )


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    windows = [places(experiment) for experiment in EXPERIMENTS.values() if experiment.birds]
    return by_name(SOURCE, HEAT, drawn(), NUMBER, models(), SCALE, WAY, PARTS, PULL, *windows)
