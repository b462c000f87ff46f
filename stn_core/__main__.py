"""The command line: python -m stn_core train | evaluate | report | seeds | export."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from stn_core.experiments.seeds import LARGEST_SEED

if TYPE_CHECKING:
    from torch import Tensor

    from stn_core.experiments.checkpoints import Checkpoint

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Train and evaluate spatial transformer networks.",
)
Data = Annotated[
    Path | None,
    typer.Option(help="Folder of the data sets [default: $STN_DATA, else a cache folder]"),
]

Out = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the checkpoints [default: checkpoints; $STN_CHECKPOINTS for your own]"
    ),
]


def main() -> None:
    """Run the command line; what the user can mend ends in one sentence and exit code 1."""
    from stn_core.data.root import DataError
    from stn_core.experiments.plugins import PROBLEMS, load_plugins

    load_plugins()
    for problem in PROBLEMS:
        Console(stderr=True).print(
            f"[bold yellow]Left out:[/] {escape(problem)}", highlight=False, soft_wrap=True
        )
    try:
        app()
    except (DataError, ValueError, OSError) as error:
        Console(stderr=True).print(
            f"[bold red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True
        )
        raise SystemExit(1) from error


@app.command()
def train(
    names: Annotated[
        list[str] | None, typer.Argument(help="Experiments, such as rts-st-cnn-affine or 'rts-*'")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every cell of the paper's table")] = False,
    recipe: Annotated[str, typer.Option(help="ours or paper")] = "ours",
    epochs: Annotated[int | None, typer.Option(min=0, help="In place of the recipe's")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16")] = "auto",
    data: Data = None,
    out: Out = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with an interrupted run; several experiments always do"
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED)] = 0,
    seeds: Annotated[
        str | None,
        typer.Option(help="Several, such as 0,1,2; all but 0 go to seeds/<seed> below --out"),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A field of the recipe, such as lr=0.001")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--option", help="Of a bird model, such as backbone=resnet50"),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Folder for recordings of the training")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=2, help="Train on the first so many pictures, for a trial")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Experiments side by side [default: one a core]")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(help="Train on this Ray cluster: auto, host:6379 or ray://host:10001"),
    ] = None,
) -> None:
    """Train experiments and write their checkpoints. Several make a queue, which skips what is done
    and goes on where it stopped.

    One experiment in several processes: accelerate launch -m stn_core train ..., or torchrun on
    CPUs.
    """
    from stn_core import own_folder
    from stn_core.experiments.plugins import is_own
    from stn_core.experiments.registry import matching, table_cells
    from stn_core.experiments.seeds import parse_seeds, seed_folder
    from stn_core.training import loop as training
    from stn_core.training.run_queue import default_jobs, run_queue

    chosen = table_cells() if every else matching(names or [])
    chosen = [experiment.changed(model or []) for experiment in chosen]
    hows = [experiment.recipe(recipe).changed(settings or []) for experiment in chosen]
    hows = [replace(how, epochs=how.epochs if epochs is None else epochs) for how in hows]
    options = {
        "device": device,
        "precision": precision,
        "data": data,
        "out": out,
        "seed": seed,
        "record": record,
        "limit": limit,
    }
    several = parse_seeds(seeds) if seeds is not None else []
    if ray and several:
        raise ValueError(
            "--seeds is not for --ray: start a queue for each seed, with --seed 1 --out "
            "checkpoints/seeds/1 and so on"
        )
    if len(chosen) == 1 and len(several) <= 1 and not ray:
        own = own_folder() if is_own(chosen[0]) else None
        options["out"] = out or own or Path("checkpoints")
        if several:
            options |= {"seed": several[0], "out": seed_folder(options["out"], several[0])}  # type: ignore[arg-type]
            options["record"] = record and seed_folder(record, several[0])
        training.train(chosen[0], hows[0], resume=resume, **options)  # type: ignore[arg-type]
        return
    # the longest first: they end together
    ordered = sorted(zip(chosen, hows, strict=True), key=lambda run: -run[1].epochs)
    queue = [experiment.name for experiment, _ in ordered]
    if several:
        del options["seed"]
        queue = [f"{name} --seeds {number}" for number in several for name in queue]
    passed = options | {"recipe": recipe, "epochs": epochs}
    words = [
        word
        for key, value in passed.items()
        if value is not None
        for word in (f"--{key}", str(value))
    ]
    words += [word for setting in settings or [] for word in ("--set", setting)]
    words += [word for setting in model or [] for word in ("--option", setting)]
    console = Console(stderr=True, soft_wrap=True)
    if ray:
        from stn_core.training import ray_queue

        failed = ray_queue.run_queue(
            queue,
            words,
            jobs,
            console,
            address=ray,
            device=device,
            data=data,
            out=out,
            record=record,
        )
    else:
        jobs = jobs or default_jobs(
            device, small=not any(experiment.birds for experiment in chosen)
        )
        failed = run_queue(queue, words, jobs, console)
    if failed:
        raise ValueError(
            f"{len(failed)} of {len(queue)} experiments failed: {', '.join(failed)}; their "
            "messages stand above"
        )


@app.command()
def evaluate(
    checkpoints: Annotated[
        list[Path] | None,
        typer.Argument(help="Experiments, such as r-st-cnn-affine, or checkpoint files"),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every checkpoint in the checkpoint folder")
    ] = False,
    out: Out = None,
    data: Data = None,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Of the distortions of the test digits")
    ] = 0,
    write: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures to this file")
    ] = None,
) -> None:
    """Errors beside the paper's: on the 10 000 official test digits, each distorted once from the
    seed, and on the official test photographs of birds, with the share of windows that hold the
    bird's head and its middle."""
    from stn_core.experiments.checkpoints import (
        SHIPPED,
        CheckpointError,
        load_checkpoint,
        own_folder,
    )
    from stn_core.files import check_writable, visible, write_file

    if write:
        check_writable(write)
    here = Path("checkpoints")
    folders = [out] if out else [*filter(None, [own_folder()]), here if here.is_dir() else SHIPPED]
    there = [
        path for folder in folders for path in visible(folder, "*.safetensors", "*/*.safetensors")
    ]
    loaded = [load_checkpoint(str(path)) for path in checkpoints or []]
    for path in there if every else []:
        try:
            loaded.append(load_checkpoint(path))
        except CheckpointError as error:
            Console(stderr=True).print(
                f"[bold yellow]Left out:[/] {escape(str(error))}", highlight=False, soft_wrap=True
            )
    if not loaded and every:
        places = " or ".join(map(str, folders))
        raise ValueError(f"no checkpoint to evaluate in {places}: name another folder with --out")
    if not loaded:
        raise ValueError("no checkpoint to evaluate: name some, or use --all")
    rows = _evaluate_digits([each for each in loaded if not each.experiment.birds], data, seed)
    rows += _evaluate_pairs([each for each in loaded if each.experiment.pairs], data, seed)
    rows += _evaluate_birds([each for each in loaded if each.experiment.birds], data)
    if write:
        write_file(write, json.dumps(rows, indent=1) + "\n")


@app.command()
def report(
    out: Out = None,
    data: Data = None,
    to: Annotated[
        Path | None, typer.Option(help="The file [default: the one that the results page reads]")
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Measure nothing; print the file's table as Markdown")
    ] = False,
) -> None:
    """Measure every digit checkpoint: test errors, invariance curves, alignment of classes.

    What was measured of a checkpoint is kept as long as its bytes stay the same.
    """
    from stn_core.evaluation.report import read_report, report_place

    to = to or report_place()
    if table:
        from stn_core.evaluation.table import markdown_table, seeds_table
        from stn_core.experiments.seeds import PLACE, read_seeds

        print(markdown_table(read_report(to)))
        several = to.with_name(PLACE.name)
        if several.exists():
            print(f"\n{seeds_table(read_seeds(several))}")
        return
    from stn_core.evaluation.measure import make_report

    console = Console(highlight=False, soft_wrap=True)
    found = make_report(out, data, to, say=lambda text: console.print(escape(text)))
    met = sum(measured.meets_paper for measured in found.models.values())
    count = len(found.models) + len(found.pairs)
    console.print(f"{to}: {count} checkpoints, {met} at or below the paper's figure")
    if to.resolve() != report_place().resolve():
        console.print(
            f"The results page reads {report_place()}; STN_REPORT={to.resolve()} gives it this one"
        )


@app.command()
def export(
    name: Annotated[
        str, typer.Argument(help="An experiment, such as r-st-cnn-affine, or a checkpoint file")
    ],
    to: Annotated[
        Path, typer.Option(help="The file: model.onnx, model.pt2 (torch.export) or model.json")
    ],
) -> None:
    """Write a trained model for other programs, and compare the file's answers with PyTorch's.

    ONNX for any runtime, torch.export for PyTorch without this library, JSON for the browser
    engine in ui/browser.
    """
    from stn_core.experiments.checkpoints import load_checkpoint
    from stn_core.interchange.model_files import export_model

    checkpoint = load_checkpoint(name)
    written = export_model(checkpoint, to)
    if checkpoint.experiment.birds:
        pictures = "pictures of birds"
    else:
        pictures = "pairs of gallery digits" if checkpoint.experiment.pairs else "gallery digits"
    print(f"{to}: {to.stat().st_size / 1e6:.1f} MB")
    print(
        f"on {written.pictures} {pictures} its logits differ from PyTorch's by at most "
        f"{written.difference:.1e}; {written.agreeing} of them get the same class"
    )


@app.command()
def seeds(
    out: Out = None,
    to: Annotated[
        Path | None, typer.Option(help="The file [default: the one that the results page reads]")
    ] = None,
    ship: Annotated[
        Path | None,
        typer.Option(help="Folder to which the best checkpoint of each experiment is copied"),
    ] = None,
) -> None:
    """Collect what several training seeds came to; the validation error says which is the best."""
    from stn_core.experiments.seeds import PLACE, collect_seeds

    table = Table(
        "experiment", "seeds", "validation error %", "test error %", "mean ± deviation", "best seed"
    )
    for name, row in collect_seeds(out or Path("checkpoints"), to or PLACE, ship).items():
        errors = (
            " ".join(f"{each:.2f}" for each in them)
            for them in (row.validation_errors, row.test_errors)
        )
        spread = f"{row.mean:.2f} ± {row.deviation:.2f}"
        table.add_row(name, " ".join(map(str, row.seeds)), *errors, spread, str(row.best))
    _tables().print(table)


def _evaluate_digits(
    checkpoints: "list[Checkpoint]", data: Path | None, seed: int
) -> list[dict[str, Any]]:
    from stn_core.data.mnist import mnist
    from stn_core.evaluation.digit_metrics import error

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
    _tables().print(table)
    return rows


def _evaluate_pairs(
    checkpoints: "list[Checkpoint]", data: Path | None, seed: int
) -> list[dict[str, Any]]:
    from stn_core.data.mnist import mnist
    from stn_core.evaluation.pair_metrics import STRAIGHT, measure_straightening, untransformed

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
    _tables().print(table)
    return rows


def _evaluate_birds(checkpoints: "list[Checkpoint]", data: Path | None) -> list[dict[str, Any]]:
    from stn_core.data.cub import cub
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
    from stn_core.experiments.registry import SPECIES

    rows = []
    for kind in dict.fromkeys(each.experiment.data for each in checkpoints):
        birds, training = (cub(split, data, SPECIES[kind]) for split in ("test", "train"))
        title = f"{len(birds.labels)} test photographs of {SPECIES[kind]} species; 95 % intervals"
        table = Table(
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
        for window, found in reference_window_hits(birds, training).items():
            at = f" at ({found['x']:.2f}, {found['y']:.2f})" if "x" in found else ""
            shares = [f"{found[key]:.1f}" for key in HOLDS]
            table.add_row("", "", "", f"{window}{at}, for reference", *shares, "")
            rows.append({"data": kind, "window": window, **found})
        before: dict[str, Tensor] = {}  # which answers of the checkpoints so far are right
        where = Table(
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
        for checkpoint in (each for each in checkpoints if each.experiment.data == kind):
            model: Any = checkpoint.model
            about, ideal = _about(checkpoint), oracle_windows(model, birds)
            options = [f"{key}={value}" for key, value in checkpoint.experiment.options]
            about["experiment"] = ", ".join((about["experiment"], *options))
            windows: dict[str, Tensor | None] = {about["experiment"]: None}
            if ideal is not None:
                windows[f"{about['experiment']}, windows as annotated"] = ideal
            for name, given in windows.items():
                answers = bird_answers(model, birds, given=given)
                right, scale = ~answers.wrong(birds), getattr(model, "scale", 0.5)
                accuracy, looks = wilson_interval(right), attention(birds, answers, scale)
                gains = {
                    other: paired_difference(right, others) for other, others in before.items()
                }
                measured = {
                    "test_error": 100 - accuracy[0],
                    "accuracy": accuracy,
                    "attention": looks,
                    "gains": gains,
                }
                rows.append(about | {"experiment": name} | measured)
                before[name] = right
                for other, points in gains.items():
                    comparison.add_row(name, other, _interval(points))
                paper = (
                    ""
                    if about["paper_error"] is None or given is not None
                    else f"{100 - about['paper_error']:.1f}"
                )
                table.add_row(name, _interval(accuracy), paper, *[""] * 6)
                for number, look in enumerate(looks, 1):
                    shares = [_interval(look[key]) for key in (*HOLDS, "body")]
                    table.add_row("", "", "", f"transformer {number}", *shares)
                if looks and given is None:
                    mirrored = bird_answers(model, birds, only_look=True, mirrored=True)
                    described = describe_windows(birds, answers, mirrored)
                    rows[-1] |= described
                    for number, (near, x) in enumerate(
                        zip(described["roles"], described["mirror"], strict=True), 1
                    ):
                        shares = [f"{share:.1f}" for share in near.values()]
                        where.add_row(name, f"transformer {number}", *shares, f"{x:.2f}", "")
                    for pair, share in described["overlap"].items():
                        where.add_row(
                            name, f"pair {pair}", *[""] * (len(ROLES) + 1), _interval(share)
                        )
        _tables().print(table)
        if where.rows:
            _tables().print(where)
        if comparison.rows:
            _tables().print(comparison)
    return rows


def _about(checkpoint: "Checkpoint") -> dict[str, Any]:
    parameters = sum(parameter.numel() for parameter in checkpoint.model.parameters())
    experiment = checkpoint.experiment
    about = {
        "experiment": experiment.name,
        "paper_error": experiment.paper_error,
        "parameters": parameters,
    }
    return about | {"samples": checkpoint.provenance.get("samples")}


def _tables() -> Console:
    """As wide as the terminal; in a pipe or a file wide enough that no cell is broken."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def _thousands(number: object) -> str:
    return f"{number:,}" if isinstance(number, int) else "unknown"


def _interval(figure: tuple[float, float, float]) -> str:
    return "{:.1f} ({:.1f} to {:.1f})".format(*figure)


if __name__ == "__main__":
    main()
