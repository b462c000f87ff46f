"""What ``python -m stn_core evaluate`` prints of trained models, and the same as rows of JSON."""

import sys
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Column, Table
from torch import Tensor

from stn_core.data.cub import Birds, cub
from stn_core.data.mnist import mnist
from stn_core.evaluation.bird_metrics import (
    HOLDS,
    ROLES,
    attention,
    bird_answers,
    describe_windows,
    oracle_windows,
    paired_difference,
    reference_window_hits,
    wilson_interval,
)
from stn_core.evaluation.digit_metrics import error
from stn_core.evaluation.pair_metrics import STRAIGHT, measure_straightening, untransformed
from stn_core.experiments.checkpoints import Checkpoint
from stn_core.experiments.registry import SPECIES

Rows = list[dict[str, Any]]


def evaluate_digits(checkpoints: list[Checkpoint], data: Path | None, seed: int) -> Rows:
    """Test errors beside the paper's."""
    if not checkpoints:
        return []
    digits = mnist("test", data)
    title = f"{len(digits.labels)} test digits, seed {seed}"
    table = Table(
        "checkpoint", "test error %", "paper %", "parameters", "samples seen", title=title
    )
    rows = []
    for checkpoint in checkpoints:
        measured = error(checkpoint.model, digits, checkpoint.experiment.data, seed)
        row = _about(checkpoint) | {"test_error": measured, "test_seed": seed}
        rows.append(row)
        table.add_row(
            row["experiment"],
            f"{measured:.2f}",
            f"{row['paper_error'] or '–'}",
            f"{row['parameters']:,}",
            _thousands(row["samples"]),
        )
    tables_console().print(table)
    return rows


def evaluate_pairs(checkpoints: list[Checkpoint], data: Path | None, seed: int) -> Rows:
    """Which transformer straightens which digit, beside one that never moves."""
    transforming = [each for each in checkpoints if each.model.transforms]
    if not transforming:
        return []
    digits = mnist("test", data)
    title = (
        f"{len(digits.labels)} test pairs, seed {seed}; straightened: turned with the digit, "
        f"within {STRAIGHT:g} degrees"
    )
    measured = {
        f"{kind}, never turning": untransformed(digits, kind, seed)
        for kind in dict.fromkeys(each.experiment.data for each in transforming)
    }
    for each in transforming:
        kind = each.experiment.data
        measured[each.experiment.name] = measure_straightening(each.model, digits, kind, seed)
    shifted = any(found.followed for found in measured.values())
    told = ["undoes of its turn %", *(["follows of its shift %"] if shifted else [])]
    columns = [
        text
        for channel in ("first", "second")
        for text in (f"straightens the {channel} digit %", *told)
    ]
    name_column = Column("checkpoint", no_wrap=True)
    table = Table(name_column, "transformer", *columns, "one each %", title=title)
    rows = []
    for name, found in measured.items():
        rows.append({"experiment": name, "test_seed": seed, **found._asdict()})
        both = "" if found.both is None else f"{found.both:.1f}"
        unshifted = ((None, None),) * len(found.shares)
        parts = zip(found.shares, found.undone, found.followed or unshifted, strict=True)
        for number, part in enumerate(parts, 1):
            figures = [
                "" if value is None else f"{value:.1f}"
                for channel in zip(*part, strict=True)
                for value in channel[: 1 + len(told)]
            ]
            table.add_row(name, str(number), *figures, both)
    tables_console().print(table)
    return rows


def evaluate_birds(checkpoints: list[Checkpoint], data: Path | None) -> Rows:
    """Accuracy and where windows lie, for each set of species."""
    kinds = dict.fromkeys(each.experiment.data for each in checkpoints)
    return [
        row
        for kind in kinds
        for row in _evaluate_species(
            kind, [each for each in checkpoints if each.experiment.data == kind], data
        )
    ]


def _evaluate_species(kind: str, checkpoints: list[Checkpoint], data: Path | None) -> Rows:
    birds, training = (cub(split, data, SPECIES[kind]) for split in ("test", "train"))
    tables = BirdTables.empty(
        f"{len(birds.labels)} test photographs of {SPECIES[kind]} species; 95 % intervals"
    )
    rows: Rows = []
    for window, found in reference_window_hits(birds, training).items():
        at = f" at ({found['x']:.2f}, {found['y']:.2f})" if "x" in found else ""
        shares = [f"{found[key]:.1f}" for key in HOLDS]
        tables.accuracy.add_row("", "", "", f"{window}{at}, for reference", *shares, "")
        rows.append({"data": kind, "window": window, **found})
    right: dict[str, Tensor] = {}  # which answers of the models so far are right
    for checkpoint in checkpoints:
        rows += _evaluate_bird_model(checkpoint, birds, right, tables)
    for table in tables:
        if table.rows:
            tables_console().print(table)
    return rows


class BirdTables(NamedTuple):
    """The tables of one set of species, which grow model by model."""

    accuracy: Table
    places: Table
    comparison: Table

    @classmethod
    def empty(cls, title: str) -> "BirdTables":
        accuracy = Table(
            "checkpoint",
            "accuracy %",
            "paper %",
            "window",
            "holds the head %",
            "cut to 0.35 of the side %",
            "to 0.25 %",
            "holds the box's centre %",
            "nearer to body than head %",
            title=title,
        )
        places = Table(
            "checkpoint",
            "window",
            *(f"nearest to the {role} %" for role in ROLES),
            "x on mirrored photographs, correlation",
            "intersection over union > 0.5, %",
            title="what windows lie nearest to, and how often two look at the same",
        )
        comparison = Table(
            "checkpoint",
            "compared with",
            "points more",
            title="on the same photographs; 95 % intervals",
        )
        return cls(accuracy, places, comparison)


def _evaluate_bird_model(
    checkpoint: Checkpoint, birds: Birds, right: dict[str, Tensor], tables: BirdTables
) -> Rows:
    """One model, and once more with its windows where annotations put them, if it has two;
    ``right`` has the answers that it is compared with, and gets its own."""
    model: Any = checkpoint.model
    about, ideal = _about(checkpoint), oracle_windows(model, birds)
    options = [f"{key}={value}" for key, value in checkpoint.experiment.options]
    about["experiment"] = ", ".join((about["experiment"], *options))
    windows: dict[str, Tensor | None] = {about["experiment"]: None}
    if ideal is not None:
        windows[f"{about['experiment']}, windows as annotated"] = ideal
    rows: Rows = []
    for name, given in windows.items():
        answers = bird_answers(model, birds, given=given)
        good, scale = ~answers.wrong(birds), model.scale
        accuracy, looks = wilson_interval(good), attention(birds, answers, scale)
        gains = {other: paired_difference(good, others) for other, others in right.items()}
        measured = {
            "test_error": 100 - accuracy[0],
            "accuracy": accuracy,
            "attention": looks,
            "gains": gains,
        }
        rows.append(about | {"experiment": name} | measured)
        right[name] = good
        for other, points in gains.items():
            tables.comparison.add_row(name, other, _interval(points))
        paper = (
            ""
            if about["paper_error"] is None or given is not None
            else f"{100 - about['paper_error']:.1f}"
        )
        tables.accuracy.add_row(name, _interval(accuracy), paper, *[""] * 6)
        for number, look in enumerate(looks, 1):
            shares = [_interval(look[key]) for key in (*HOLDS, "body")]
            tables.accuracy.add_row("", "", "", f"transformer {number}", *shares)
        if looks and given is None:
            mirrored = bird_answers(model, birds, only_look=True, mirrored=True)
            described = describe_windows(birds, answers, mirrored)
            rows[-1] |= described
            _add_places(tables.places, name, described)
    return rows


def _add_places(table: Table, name: str, described: dict[str, Any]) -> None:
    """What ``describe_windows`` says of a model's windows."""
    both = zip(described["roles"], described["mirror"], strict=True)
    for number, (near, x) in enumerate(both, 1):
        shares = [f"{share:.1f}" for share in near.values()]
        table.add_row(name, f"transformer {number}", *shares, f"{x:.2f}", "")
    for pair, share in described["overlap"].items():
        table.add_row(name, f"pair {pair}", *[""] * (len(ROLES) + 1), _interval(share))


def _about(checkpoint: Checkpoint) -> dict[str, Any]:
    parameters = sum(parameter.numel() for parameter in checkpoint.model.parameters())
    experiment = checkpoint.experiment
    about = {
        "experiment": experiment.name,
        "paper_error": experiment.paper_error,
        "parameters": parameters,
    }
    return about | {"samples": checkpoint.provenance.get("samples")}


def tables_console() -> Console:
    """As wide as the terminal; in a pipe or a file wide enough that no cell is broken."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def _thousands(number: object) -> str:
    return f"{number:,}" if isinstance(number, int) else "unknown"


def _interval(figure: tuple[float, float, float]) -> str:
    return "{:.1f} ({:.1f} to {:.1f})".format(*figure)
