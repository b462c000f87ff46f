"""The controls of the results page."""

from stn_core import Experiment
from stn_core.data.distortions import TABLE_KINDS
from ui.app import loading
from ui.controls.spec import Choice, Choices, Control, Switch, by_name

SHOW = Choice(
    "show",
    ("error", "seeds", "trainings", "parameters", "samples", "time", "date"),
    "error",
    option_label="view",
    kept_by_page=True,
)
KIND = Choice("data", tuple(kind.upper() for kind in TABLE_KINDS), "R", label="kind")
LOGARITHMIC = Switch("log", True, label="logarithmic")


def curves(kind: str) -> Choices:
    """The models whose curves are drawn, of one kind of data."""
    models = ("FCN", "CNN", "ST-FCN affine", "ST-CNN affine")
    return Choices(f"curves_{kind}", tuple(loading.experiments(kind)), models, label="curves")


def means(kind: str) -> Choice:
    """The model whose transformer's mean images are shown, of one kind of data."""
    return Choice(f"means_{kind}", tuple(transformers(kind)), "ST-CNN affine", label="transformer")


def transformers(kind: str) -> dict[str, Experiment]:
    """The experiments with a transformer on one kind of data, by their names."""
    return {name: e for name, e in loading.experiments(kind).items() if e.warps_images}


def table() -> dict[str, Control]:
    """The page's controls by their names."""
    return by_name(
        SHOW,
        KIND,
        LOGARITHMIC,
        *(control for kind in TABLE_KINDS for control in (curves(kind), means(kind))),
    )
