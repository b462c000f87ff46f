"""Models from a folder outside the tree: they appear everywhere; a mistake in one file is a
sentence and nothing more."""

import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from visits import components, sent, visited

from stn_core import EXPERIMENTS, TRANSFORMS, create_model, list_models, load_checkpoint
from stn_core.evaluation.report import read_report
from stn_core.experiments import plugins as own_models
from stn_core.experiments.checkpoints import save_checkpoint
from stn_core.training.recording import Recording, recorded_digits
from ui.app import loading
from ui.pages.replay.component import as_matrix

ROOT = Path(__file__).parents[3]
(EXAMPLE,) = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs/own-models.md").read_text(), re.DOTALL
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that STN_CHECKPOINTS names, with the example of docs/own-models.md; what it adds is
    gone after the test."""
    monkeypatch.setenv("STN_CHECKPOINTS", str(tmp_path))
    (tmp_path / "mine.py").write_text(EXAMPLE)
    yield tmp_path
    own_models.load(None)


def saved(folder, name, path=None):
    """A checkpoint of a model as it is before training."""
    torch.manual_seed(0)
    experiment = EXPERIMENTS[name]
    return save_checkpoint(
        folder / (path or experiment.path), experiment.create_model(), experiment, {}, {}
    )


def test_the_documents_example_adds_a_transform_and_a_localisation_network(folder):
    own_models.load(folder)
    assert own_models.PROBLEMS == []
    assert {"st-cnn-rigid", "st-fcn-rigid", "st-tiny-affine"} <= set(list_models("st-*"))
    assert EXPERIMENTS["tc-st-tiny-affine"].command == "python -m stn_core train tc-st-tiny-affine"
    images = torch.rand(2, 1, 42, 42)
    for name in ("st-cnn-rigid", "st-tiny-affine"):
        (trace,) = create_model(name, "rts").explain(images).transformers
        assert torch.equal(
            trace.theta, TRANSFORMS[name.rpartition("-")[2]].identity().expand(2, -1)
        )
    turned = TRANSFORMS["rigid"].decompose(torch.tensor([[0.5, 0.1, 0.0]]))
    assert torch.allclose(turned["rotation"], torch.tensor([0.5])) and torch.allclose(
        turned["scale"], torch.ones(1, 2)
    )


def test_it_is_trained_evaluated_and_reported(folder, run, tiny_mnist, tmp_path):
    own_models.load(folder)
    options = ("--data", tiny_mnist, "--device", "cpu", "--precision", "float32")
    code, _, said = run("train", "r-st-tiny-affine", "--epochs", 1, "--limit", 512, *options)
    path = folder / "digits" / "r-st-tiny-affine.safetensors"
    assert code == 0 and path.is_file(), said
    assert load_checkpoint("r-st-tiny-affine").provenance["samples"] == 512
    code, table, _ = run("evaluate", path, "--data", tiny_mnist)
    assert code == 0 and "r-st-tiny-affine" in table
    saved(folder, "r-st-cnn-rigid")
    report = tmp_path / "report.json"
    assert run("report", "--out", folder, "--data", tiny_mnist, "--to", report)[0] == 0
    found = read_report(report).models
    assert (
        set(found) == {"r-st-tiny-affine", "r-st-cnn-rigid"}
        and len(found["r-st-cnn-rigid"].curves["rotation"]) == 25
    )
    (folder / "mine.py").unlink()
    own_models.load(folder)
    assert read_report(report).models == {}  # a report outlives the models in it


def test_report_finds_own_models_and_shipped_ones(folder, run, tiny_mnist, tmp_path, monkeypatch):
    own_models.load(folder)
    monkeypatch.setattr(
        "stn_core.experiments.checkpoints.find_checkpoint.__defaults__", (tmp_path / "shipped",)
    )
    saved(tmp_path / "shipped", "r-fcn")
    saved(folder, "r-st-fcn-rigid")
    assert run("report", "--data", tiny_mnist, "--to", tmp_path / "report.json")[0] == 0
    assert set(read_report(tmp_path / "report.json").models) == {"r-fcn", "r-st-fcn-rigid"}


def test_it_appears_on_the_pages(folder, run, tiny_mnist, tmp_path, monkeypatch):
    own_models.load(folder)
    for name in ("r-st-cnn-rigid", "r-st-tiny-affine", "r-cnn"):
        saved(folder, name)
    digits = visited(models_r=["CNN", "ST-CNN rigid", "ST-tiny affine"])
    assert not digits.error
    assert sum(trace["type"] == "bar" for trace in sent(digits, "figure")["figure"]["data"]) == 3
    assert "**ST-CNN rigid** answers" in " ".join(text.value for text in digits.markdown)
    live = [model["name"] for model in sent(digits, "models")["models"]]
    assert live == ["CNN", "ST-tiny affine"]
    (warning,) = digits.warning
    assert "ST-CNN rigid" in warning.value and "no rigid transform" in warning.value
    report = tmp_path / "report.json"
    run("report", "--out", folder, "--data", tiny_mnist, "--to", report)
    monkeypatch.setattr(loading, "REPORT", report)
    results = visited("results", curves_r=["CNN", "ST-CNN rigid"], means_r="ST-CNN rigid")
    figures = components(results)
    assert "ST-CNN rigid" in json.dumps(figures[0]) and len(figures) == 3
    assert any("ST-tiny affine" in html.proto.body for html in results.get("html"))


def test_a_checkpoint_alone_replaces_one_or_stands_beside_it(folder):
    own_models.load(folder)
    saved(folder, "r-cnn", "r-cnn.safetensors")
    saved(folder, "r-cnn", "r-cnn-wide.safetensors")
    own_models.load(folder)
    assert (
        own_models.PROBLEMS == []
        and load_checkpoint("r-cnn-wide").experiment == EXPERIMENTS["r-cnn-wide"]
    )
    assert loading.checkpoint_path(EXPERIMENTS["r-cnn"]) == folder / "r-cnn.safetensors"
    page = visited(models_r=["CNN", "CNN wide"])
    assert sum(trace["type"] == "bar" for trace in sent(page, "figure")["figure"]["data"]) == 2


MISTAKES = {
    "syntax": ("def tiny(:\n    pass", "syntax.py, line 1"),
    "crash": ("import torch\n\n1 / 0", "crash.py, line 3: ZeroDivisionError"),
    "exits": ("raise SystemExit(3)", "exits.py, line 1: SystemExit"),
    "absent": ("import no_such_package", "absent.py, line 1: ModuleNotFoundError"),
    "shape": (
        "from torch import nn\nfrom stn_core import add_localisation\n"
        "add_localisation('flat', lambda size, transform: nn.Sequential(nn.Flatten(), "
        "nn.Linear(size[0] * size[1], 4)))",
        "'flat' must take images (2, 1, 28, 28) to finite numbers (2, 6); it gives (2, 4)",
    ),
    "taken": (
        "from stn_core import add_localisation\nadd_localisation('cnn', print)",
        "already a localisation network called 'cnn'",
    ),
    "word": (
        "from stn_core import add_localisation\nadd_localisation('my net', print)",
        "a word of small letters",
    ),
    "moves": (
        EXAMPLE.replace("torch.zeros(3)", "torch.ones(3)")
        .replace("rigid", "moves")
        .replace('"tiny"', '"small"'),
        "'moves' moves points at its own identity()",
    ),
    "nothing": (
        "from stn_core import Transform, add_transform\nclass N(Transform):\n    name, num_params "
        "= 'n', 2\nadd_transform(N())",
        "nothing.py, line 4: NotImplementedError",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_one_file_is_a_sentence_and_the_others_work(folder, name, run):
    code, expected = MISTAKES[name]
    (folder / f"{name}.py").write_text(code)
    own_models.load(folder)
    (problem,) = own_models.PROBLEMS
    assert problem.startswith(f"{name}.py") and expected in problem and "\n" not in problem
    assert "st-cnn-rigid" in list_models()
    assert f"{name}.py" in run("evaluate")[2]


def test_the_pages_say_which_file_has_a_mistake(folder):
    (folder / "crash.py").write_text("1 / 0")
    own_models.load(folder)
    assert "crash.py, line 1: ZeroDivisionError" in visited(models_r="CNN").warning[0].value


def test_a_file_that_fails_halfway_leaves_nothing_behind(folder):
    (folder / "half.py").write_text(
        EXAMPLE.replace("rigid", "half").replace('"tiny"', '"halved"') + "\n1 / 0"
    )
    own_models.load(folder)
    assert (
        "half.py" in own_models.PROBLEMS[0]
        and "half" not in TRANSFORMS
        and not list_models("*half*")
    )
    with pytest.raises(ValueError, match="no digit model"):
        create_model("st-halved-affine")


class Bomb:
    def __reduce__(self):
        return (os.mkdir, ("exploded",))


@pytest.mark.parametrize(
    "content",
    [b"", b"no checkpoint", pickle.dumps(Bomb()), b"\xff" * 64],
    ids=["empty", "text", "pickle", "noise"],
)
def test_a_checkpoint_that_is_none_is_a_sentence_and_runs_nothing(
    folder, content, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    (folder / "r-cnn-mine.safetensors").write_bytes(content)
    own_models.load(folder)
    assert (
        "r-cnn-mine.safetensors" in own_models.PROBLEMS[0]
        and "safetensors file" in own_models.PROBLEMS[0]
    )
    assert not (tmp_path / "exploded").exists() and "st-cnn-rigid" in list_models()


def test_a_checkpoint_with_a_name_of_its_own_is_told_how_to_be_called(folder):
    own_models.load(folder)
    saved(folder, "r-st-tiny-affine", "best.safetensors")
    own_models.load(folder)
    assert any(
        "best.safetensors: name it r-st-tiny-affine-<word>.safetensors" in problem
        for problem in own_models.PROBLEMS
    )


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    own_models.load(tmp_path / "nowhere")
    assert "which is no folder" in own_models.PROBLEMS[0]
    own_models.load(None)
    assert own_models.PROBLEMS == []


def test_a_recording_of_an_own_family_is_played_as_the_matrix_it_is(folder):
    own_models.load(folder)
    images, labels = recorded_digits("r")
    theta = 0.3 * torch.randn(3, 64, 3, generator=torch.Generator().manual_seed(0))
    recording = Recording(
        EXPERIMENTS["r-st-cnn-rigid"],
        256,
        torch.arange(3),
        torch.zeros(3, 64, 10).half(),
        theta.half(),
        images,
        labels,
    )
    transform, matrix = as_matrix(recording.transform, recording.theta)
    assert transform is TRANSFORMS["affine"]
    expected = TRANSFORMS["rigid"].grid(theta[1], (5, 5))
    assert torch.allclose(transform.grid(matrix[1].float(), (5, 5)), expected, atol=5e-3)


def test_importing_the_library_runs_nothing_of_the_folder(folder):
    (folder / "mine.py").write_text("print('it ran')")
    for code, said in (
        ("import stn_core", ""),
        ("import stn_core; stn_core.load_plugins(); stn_core.load_plugins()", "it ran\n"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout == said


def test_a_program_asks_for_what_is_in_the_folder(folder):
    program = (
        "import stn_core; stn_core.load_plugins(); "
        "print(stn_core.list_models('st-*rigid'), list(stn_core.EXPERIMENTS)[-1])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["['st-fcn-rigid',", "'st-cnn-rigid']", "tc-st-tiny-affine"]


@pytest.mark.parametrize("word", ["käse", "Mine", "2", "a-b", "a b"])
def test_a_refused_name_says_what_a_word_is(tmp_path, word):
    path = save_checkpoint(
        tmp_path / f"r-fcn-{word}.safetensors",
        EXPERIMENTS["r-fcn"].create_model(),
        EXPERIMENTS["r-fcn"],
        {},
        {},
    )
    path.with_name("r-fcn (1).safetensors").write_bytes(path.read_bytes())
    try:
        own_models.load(tmp_path)
        assert len(own_models.PROBLEMS) == 2
        for problem in own_models.PROBLEMS:
            assert "r-fcn-<word>.safetensors" in problem and "small letters from a to z" in problem
    finally:
        own_models.load(None)


def test_hidden_files_are_left_alone_and_what_is_no_file_is_said(tmp_path):
    for name in (".hidden.py", "._mine.py", ".#mine.py", "._r-fcn-a.safetensors", "~$mine.py"):
        (tmp_path / name).write_bytes(b"\0nonsense")
    (tmp_path / ".#other.py").symlink_to("somebody@somewhere.1")
    try:
        own_models.load(tmp_path)
        assert own_models.PROBLEMS == []
        (tmp_path / "folder.py").mkdir()
        os.mkfifo(tmp_path / "pipe.py")
        (tmp_path / "gone.py").symlink_to(tmp_path / "nothing")
        os.mkfifo(tmp_path / "r-fcn-pipe.safetensors")
        own_models.load(tmp_path)
        assert [problem.partition(":")[0] for problem in own_models.PROBLEMS[:3]] == [
            "folder.py",
            "gone.py",
            "pipe.py",
        ]
        assert len(own_models.PROBLEMS) == 4 and "no ordinary file" in own_models.PROBLEMS[3]
    finally:
        own_models.load(None)
