"""What a checkpoint's header says was measured of a bird model, as far as this page shows it. A
file may say anything: what is not as it should be is left out."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from stn_core.evaluation.bird_metrics import DENSITY, HOLDS

Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Place = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]
Interval = tuple[Percent, Percent, Percent]  # a share with its bounds
Cells = Annotated[
    list[Annotated[int, Field(ge=0, lt=10**9)]],
    Field(min_length=DENSITY**2, max_length=DENSITY**2),
]


class Unsure(BaseModel):
    """Below which probability a model is not sure, and its rates there."""

    model_config = ConfigDict(frozen=True)

    below: Share
    sure: Percent
    sure_right: Percent
    unsure_right: Percent


KINDS: dict[str, TypeAdapter[Any]] = {
    "unsure": TypeAdapter(Unsure),
    "attention": TypeAdapter(list[dict[str, Interval]]),
    "roles": TypeAdapter(list[dict[str, Percent]]),
    "density": TypeAdapter(list[Cells]),
    "reference": TypeAdapter(dict[str, dict[str, Place | Percent]]),
    "parts": TypeAdapter(dict[str, tuple[Place, Place]]),
}


def checked_metrics(metrics: dict[str, Any]) -> dict[str, Any]:
    """What of ``KINDS`` a header has and is as it should be; an overview whole or not at all."""
    found = {}
    for name, kind in KINDS.items():
        try:
            found[name] = kind.validate_python(metrics.get(name))
        except (ValidationError, RecursionError):
            continue
    if not _fits_together(found):
        found.pop("density", None)
    return found


def _fits_together(found: dict[str, Any]) -> bool:
    """Whether all that an overview shows is there, for as many windows."""
    if not found.keys() >= KINDS.keys() - {"unsure"}:
        return False
    windows, reference = found["attention"], found["reference"]
    return (
        0 < len(windows) == len(found["density"]) == len(found["roles"])
        and all(look.keys() >= {*HOLDS, "body"} for look in windows)
        and reference.get("fixed", {}).keys() >= {*HOLDS, "x", "y"}
        and reference.get("centred", {}).keys() >= set(HOLDS)
    )
