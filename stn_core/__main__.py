"""The command line: python -m stn_core train | evaluate | report."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train and evaluate spatial transformer networks.")
Data = Annotated[Path | None, typer.Option(help="Folder of the data sets [default: $STN_DATA, else a cache folder]")]


def main() -> None:
    """Run the command line; what the user can mend ends in one sentence and exit code 1."""
    from stn_core.datasets import DataError

    try:
        app()
    except (DataError, ValueError) as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise SystemExit(1) from error


@app.command()
def train(
    names: Annotated[list[str] | None, typer.Argument(help="Experiments, such as rts-st-cnn-affine or 'rts-*'")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every experiment")] = False,
    recipe: Annotated[str, typer.Option(help="ours or paper")] = "ours",
    epochs: Annotated[int | None, typer.Option(min=1, help="In place of the recipe's")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16")] = "auto",
    data: Data = None,
    out: Annotated[Path, typer.Option(help="Folder of the checkpoints")] = Path("checkpoints"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run; several experiments always do")] = False,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A field of the recipe, such as rate=0.001")] = None,
    record: Annotated[Path | None, typer.Option(help="Folder for recordings of the training")] = None,
    limit: Annotated[int | None, typer.Option(min=256, help="Train on the first so many digits, for a trial")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Experiments side by side [default: one a core]")] = None,
) -> None:
    """Train experiments and write their checkpoints. Several make a queue, which skips what is done and goes on where it stopped.

    One experiment in several processes: accelerate launch -m stn_core train ..., or torchrun on CPUs.
    """
    from stn_core import training
    from stn_core.experiments import RECIPES, matching
    from stn_core.queue import default_jobs, run_queue

    chosen = matching("*" if every else names or [])
    if recipe not in RECIPES:
        raise ValueError(f"no recipe {recipe!r}; there are {', '.join(RECIPES)}")
    how = RECIPES[recipe].changed(settings or [])
    how = replace(how, epochs=epochs or how.epochs)
    options = {"device": device, "precision": precision, "data": data, "out": out, "seed": seed, "record": record, "limit": limit}
    if len(chosen) == 1:
        training.train(chosen[0], how, resume=resume, **options)  # type: ignore[arg-type]
        return
    passed = options | {"recipe": recipe, "epochs": epochs}
    words = [word for key, value in passed.items() if value is not None for word in (f"--{key}", str(value))]
    words += [word for setting in settings or [] for word in ("--set", setting)]
    failed = run_queue(
        [experiment.name for experiment in chosen], words, jobs or default_jobs(), Console(stderr=True, soft_wrap=True)
    )
    if failed:
        raise ValueError(f"{len(failed)} of {len(chosen)} experiments failed: {', '.join(failed)}; their messages stand above")


@app.command()
def evaluate(
    checkpoints: Annotated[list[Path] | None, typer.Argument(help="Checkpoint files")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every checkpoint in the checkpoint folder")] = False,
    out: Annotated[Path, typer.Option(help="Folder of the checkpoints")] = Path("checkpoints"),
    data: Data = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the distortions of the test digits")] = 0,
    write: Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file")] = None,
) -> None:
    """Error on the 10 000 official test digits, each distorted once from the seed, beside the paper's figure."""
    from stn_core.checkpoints import load_checkpoint
    from stn_core.datasets import mnist
    from stn_core.evaluation import error

    paths = [*(checkpoints or []), *(sorted(out.glob("*/*.safetensors")) if every else [])]
    if not paths:
        raise ValueError("no checkpoint to evaluate: name some, or use --all")
    digits = mnist("test", data)
    title = f"{len(digits.labels)} test digits, seed {seed}"
    table = Table("checkpoint", "test error %", "paper %", "parameters", "samples seen", title=title)
    rows = []
    for path in paths:
        checkpoint = load_checkpoint(path)
        name, paper = checkpoint.experiment.name, checkpoint.experiment.paper_error
        measured = error(checkpoint.model, digits, checkpoint.experiment.data, seed)
        parameters = sum(parameter.numel() for parameter in checkpoint.model.parameters())
        samples = checkpoint.provenance.get("samples")
        row = {"experiment": name, "test_error": measured, "test_seed": seed, "paper_error": paper}
        rows.append(row | {"parameters": parameters, "samples": samples})
        table.add_row(
            name, f"{measured:.2f}", f"{paper}", f"{parameters:,}", f"{samples:,}" if isinstance(samples, int) else "unknown"
        )
    Console().print(table)
    if write:
        write.write_text(json.dumps(rows, indent=1) + "\n")


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="Folder of the checkpoints")] = Path("checkpoints"),
    data: Data = None,
    to: Annotated[Path, typer.Option(help="The file that the results page reads")] = Path("assets/report.json"),
) -> None:
    """Measure every digit checkpoint for the results page: test errors, invariance curves, what the transformer aligns.

    What was measured of a checkpoint is kept as long as its bytes stay the same.
    """
    from stn_core.report import make_report

    console = Console(highlight=False, soft_wrap=True)
    found = make_report(out, data, to, say=lambda text: console.print(escape(text)))
    met = sum(measured.meets_paper for measured in found.models.values())
    console.print(f"{to}: {len(found.models)} checkpoints, {met} at or below the paper's figure")


if __name__ == "__main__":
    main()
