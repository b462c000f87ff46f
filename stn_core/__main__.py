"""The command line: python -m stn_core train | evaluate | report | seeds | export."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stn_core.experiments.seeds import LARGEST_SEED

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
    from stn_core.allocator import keep_freed_memory
    from stn_core.evaluation.console_tables import evaluate_birds, evaluate_digits, evaluate_pairs
    from stn_core.experiments.checkpoints import (
        SHIPPED,
        CheckpointError,
        load_checkpoint,
        own_folder,
    )
    from stn_core.files import check_writable, visible, write_file

    if write:
        check_writable(write)
    keep_freed_memory()
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
    rows = evaluate_digits([each for each in loaded if not each.experiment.birds], data, seed)
    rows += evaluate_pairs([each for each in loaded if each.experiment.pairs], data, seed)
    rows += evaluate_birds([each for each in loaded if each.experiment.birds], data)
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
    from stn_core.evaluation.console_tables import tables_console
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
    tables_console().print(table)


if __name__ == "__main__":
    main()
