"""The paper's table as Markdown, out of the report, for README.md and docs/: ``python -m stn_core
report --table`` prints it."""

from collections.abc import Mapping

from stn_core.data.distortions import TABLE_KINDS
from stn_core.evaluation.report import Report
from stn_core.experiments.registry import EXPERIMENTS
from stn_core.experiments.seeds import SeedErrors
from stn_core.models.digits import DIGIT_MODELS


def table_rows(report: Report) -> list[str]:
    """A line for each model: mean test error in per cent, its standard error, and the paper's; bold
    where it meets the paper's."""
    return [
        f"| `{model}` | {' | '.join(_cell(report, f'{kind}-{model}') for kind in TABLE_KINDS)} |"
        for model in DIGIT_MODELS
    ]


def markdown_table(report: Report) -> str:
    """The whole table, with its head."""
    head = ["test error %, ours / paper", *(kind.upper() for kind in TABLE_KINDS)]
    return "\n".join((f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *table_rows(report)))


def seeds_table(seeds: Mapping[str, SeedErrors]) -> str:
    """The experiments that were trained with several seeds: the mean test error in per cent and its
    standard deviation from one training to another."""
    rows = ["| experiment | seeds | test error % | device |", "| --- | --- | --- | --- |"]
    for name in filter(seeds.__contains__, EXPERIMENTS):
        found = seeds[name]
        if len(found.seeds) > 1:
            trained_on = ", ".join(dict.fromkeys(found.devices))
            spread = f"{found.mean:.2f} ± {found.deviation:.2f}"
            rows.append(f"| `{name}` | {len(found.seeds)} | {spread} | {trained_on} |")
    return "\n".join(rows)


def _cell(report: Report, name: str) -> str:
    experiment, found = EXPERIMENTS.get(name), report.models.get(name)
    if experiment is None or experiment.paper_error is None:
        return ""
    if found is None:
        return f"– / {experiment.paper_error}"
    mean = f"**{found.error:.2f}**" if found.meets_paper else f"{found.error:.2f}"
    return f"{mean} ± {found.standard_error:.2f} / {experiment.paper_error}"
