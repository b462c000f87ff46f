"""What the README shows works as it is written."""

import re
from pathlib import Path

import pytest

from stn_core.data.distortions import TABLE_KINDS
from stn_core.evaluation.report import read_report
from stn_core.experiments.registry import EXPERIMENTS
from stn_core.models.digits import DIGIT_MODELS

ROOT = Path(__file__).parent.parent


def test_the_python_example_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    example, _own_model = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(example, {})
    assert "KernelWeights" in capsys.readouterr().out


LINES = (ROOT / "README.md").read_text().splitlines()
COMMANDS = [line for line in LINES if "stn_core train " in line and "my-models" not in line]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_training_command_names_an_experiment_and_options_there_are(line, run):
    from stn_core.experiments.registry import matching

    name = re.search(r"stn_core train '?([\w*-]+)", line)[1]
    assert name == "--all" or matching(name)
    _, usage, _ = run("train", "--help")
    for option in re.findall(r"(--[a-z-]+)", line.split("stn_core train ")[1].split("`")[0]):
        assert option in usage


def test_the_table_is_that_of_the_report():
    report = read_report(ROOT / "assets/report.json")

    def cell(name):
        measured, experiment = report.models.get(name), EXPERIMENTS.get(name)
        error = "–" if measured is None else f"**{measured.error:.2f}**" if measured.meets_paper else f"{measured.error:.2f}"
        return f"{error} / {experiment.paper_error}" if experiment else ""

    for model in DIGIT_MODELS:
        assert f"| `{model}` | " + " | ".join(cell(f"{kind}-{model}") for kind in TABLE_KINDS) + " |" in LINES
