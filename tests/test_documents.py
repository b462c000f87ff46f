"""What READMEs and docs/ say works as written: programs, commands, links, the table."""

import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest
import typer

from stn_core.__main__ import app as command_line
from stn_core.evaluation.report import read_report
from stn_core.evaluation.table import table_rows
from stn_core.experiments import plugins
from stn_core.experiments.registry import matching

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")))
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in DOCUMENTS}
WITH_THE_TABLE = ("README.md", "README.zh.md", "docs/training.md")
# of commands
BEGINNINGS = (
    "python",
    "pip ",
    "stn-lab",
    "streamlit ",
    "accelerate ",
    "torchrun ",
    "ruff ",
    "mypy",
    "export ",
)

# Commands that others run, each with who does. A test below runs "report --table".
INSTALL = "python3 -m venv .venv && pip install -q -r"
RUN = {
    f"{INSTALL} requirements.txt && streamlit run app.py": "benchmarks/browser.py: browser tests",
    f"{INSTALL} requirements-dev.txt && python -m pytest -n auto": ".ci/run",
    "python -m pytest -n auto": ".ci/run",
    "ruff check . && ruff format --check .": ".ci/run",
    "mypy": ".ci/run",
    "npm ci && npm run check": ".ci/run",
    "pip install .": "tests/test_installation.py",
    "stn-lab": "tests/test_installation.py",
    "stn-lab --server.port 8502": "tests/test_installation.py, with another port",
    "pip install '.[export]'": "requirements-export.txt, which requirements-dev.txt installs",
    "pip install '.[ray]'": "requirements-ray.txt, which requirements-dev.txt installs",
    "pip install '.[redis]'": "requirements-redis.txt, which requirements-dev.txt installs",
    "streamlit run app.py": "benchmarks/browser.py: browser tests",
    "python -m ui.site OUT --app https://lab.example.org": "tests/ui/site/test_site.py",
    "export STN_CHECKPOINTS=my-models": "tests/stn_core/experiments/test_own_models.py",
}
# Commands that take minutes to days, some of them on GPUs or on a cluster. Here their words alone
# are checked; what they do, tests run on less: test_training.py, test_seeds.py, test_birds.py,
# test_ray_queue.py, test_report.py, test_own_models.py and test_browser.py.
HOURS = (
    *(f"python -m stn_core {name}" for name in ("train", "evaluate", "seeds", "report", "export")),
    "python -m benchmarks.",
)


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text):
    """Every command in a document, without comments and the environment's folder."""
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for line in (
        *lines,
        *(
            span
            for span in spans
            if span.startswith(BEGINNINGS) and not span.endswith((".md", ".py"))
        ),
    ):
        yield re.sub(r"\s+#.*", "", line).replace(".venv/bin/", "").strip()


def unlaunched(command):
    """A command without what starts it in several processes."""
    return re.sub(r"^(accelerate launch|torchrun --nproc-per-node \d+) -m", "python -m", command)


COMMANDS = sorted({command for text in TEXTS.values() for command in commands(text)})
LONG = [
    command
    for command in COMMANDS
    if command not in RUN and command != "python -m stn_core report --table"
]


def test_every_command_is_run_somewhere_or_takes_long():
    assert set(RUN) - {"stn-lab"} <= set(COMMANDS) and len(LONG) > 20  # they are found
    assert [command for command in LONG if not unlaunched(command).startswith(HOURS)] == []


@pytest.mark.parametrize("command", [command for command in LONG if "stn_core" in command])
def test_a_long_command_has_words_that_the_command_line_knows(command, tmp_path, monkeypatch):
    (example,) = blocks(TEXTS["docs/own-models.md"], "python")
    (tmp_path / "mine.py").write_text(example)
    monkeypatch.setenv("STN_CHECKPOINTS", str(tmp_path))
    plugins.load(tmp_path)
    try:
        name, *words = shlex.split(unlaunched(command).removeprefix("python -m stn_core "))
        found = typer.main.get_command(command_line).commands[name].make_context(name, words).params
        if name == "train":
            experiments = matching(found["names"]) if found["names"] else [*matching("r-*")]
            assert found["names"] or found["every"]
            for experiment in experiments:
                experiment.changed(found["model"]).recipe(found["recipe"]).changed(
                    found["settings"]
                )
    finally:
        plugins.load(None)


@pytest.mark.parametrize("command", [command for command in LONG if "benchmarks" in command])
def test_a_benchmark_has_the_options_that_it_is_given(command, monkeypatch, capsys):
    module, *words = shlex.split(command.removeprefix("python -m "))
    monkeypatch.setattr(sys, "argv", [module, *words, "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_module(module, run_name="__main__")
    usage = capsys.readouterr().out
    assert end.value.code == 0 and all(word in usage for word in words if word.startswith("--"))


@pytest.mark.parametrize(
    "document",
    [name for name in TEXTS if blocks(TEXTS[name], "python") and name != "docs/own-models.md"],
)
def test_the_programs_run(document, tmp_path, monkeypatch, capsys):
    """From any folder; test_own_models.py has the other document's program."""
    monkeypatch.chdir(tmp_path)
    for program in blocks(TEXTS[document], "python"):
        exec(program, {})
        assert capsys.readouterr().out


@pytest.mark.parametrize("document", TEXTS)
def test_links_lead_somewhere(document):
    text = re.sub(r"```.*?```", "", TEXTS[document], flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in link:
            assert ((ROOT / document).parent / link).exists(), link


def test_named_files_are_there():
    path_of = re.compile(r"`((?:ui|stn_core|tests|assets|findings)/[\w./-]*)`")
    named = {(document, path) for document, text in TEXTS.items() for path in path_of.findall(text)}
    assert len(named) > 20
    assert [
        (document, path)
        for document, path in named
        if document != "CHANGELOG.md" and not (ROOT / path).exists()
    ] == []


def test_readmes_are_short_and_say_the_same():
    english, chinese = TEXTS["README.md"], TEXTS["README.zh.md"]
    assert len(english.splitlines()) <= 150 and len(chinese.splitlines()) <= 150
    assert sorted(commands(english)) == sorted(commands(chinese))
    targets = [
        set(re.findall(r"\]\(([^)\s]+)\)", text)) - {"README.md", "README.zh.md"}
        for text in (english, chinese)
    ]
    assert targets[0] == targets[1]
    programs = [
        re.sub(r"\s+#.*", "", "".join(blocks(text, "python"))) for text in (english, chinese)
    ]
    assert programs[0] == programs[1]
    assert english.count("\n| ") == chinese.count("\n| ")


@pytest.mark.parametrize("document", WITH_THE_TABLE)
def test_the_table_is_that_of_the_report(document):
    """After a new report: ``python -m stn_core report --table`` prints the lines."""
    lines = TEXTS[document].splitlines()
    assert [
        row for row in table_rows(read_report(ROOT / "assets/report.json")) if row not in lines
    ] == []


def test_the_table_is_printed(run):
    code, printed, _ = run("report", "--table", "--to", ROOT / "assets/report.json")
    head, rule, *rows = printed.partition("\n\n")[0].splitlines()
    assert code == 0 and rows == table_rows(read_report(ROOT / "assets/report.json"))
    assert head in TEXTS["README.md"].splitlines() and rule in TEXTS["README.md"].splitlines()


def test_several_trainings_are_those_of_their_file(run):
    """After new ones: ``python -m stn_core report --table`` prints the lines."""
    _, printed, _ = run("report", "--table", "--to", ROOT / "assets/report.json")
    rows = printed.partition("\n\n")[2].splitlines()
    assert [row for row in rows if row not in TEXTS["docs/training.md"].splitlines()] == []
    assert len(rows) > 2 or not (ROOT / "assets/seeds.json").exists()


@pytest.mark.parametrize("document", WITH_THE_TABLE)
def test_beside_p_stands_which_reading_of_it_was_chosen(document):
    assert "8.6 … 2.7 %" in TEXTS[document] and "1.59 %" in TEXTS[document]
