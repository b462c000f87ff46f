"""Training and evaluation: they learn, survive a kill, and say what is wrong in one sentence."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file

from stn_core import EXPERIMENTS, distort, load_checkpoint
from stn_core.data.mnist import Digits, gallery, mnist, training_digits
from stn_core.data.root import DataError
from stn_core.evaluation.digit_metrics import error
from stn_core.experiments import checkpoints
from stn_core.experiments.checkpoints import save_checkpoint
from stn_core.experiments.recipes import RECIPES
from stn_core.files import locked
from stn_core.training import loop as training
from stn_core.training.digit_batches import digit_batch
from stn_core.training.loop import Run, train
from stn_core.training.schedule import rate_factor

ROOT = Path(__file__).parents[3]
OPTIONS = {"device": "cpu", "precision": "float32"}
SHORT = replace(RECIPES["ours"], epochs=2, batch_size=256)


def start(tmp_path, *command):
    """A process of one thread with its output in a file."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with (tmp_path / "output").open("a") as output:
        command = [sys.executable, "-m", *map(str, command)]
        return subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, cwd=tmp_path
        )


def finished(process, tmp_path):
    assert process.wait(timeout=300) == 0, (tmp_path / "output").read_text()


def weights(folder, name):
    return load_file(folder / EXPERIMENTS[name].path)


@pytest.fixture
def interrupted(tiny_mnist, tmp_path, monkeypatch):
    """A run of r-fcn stopped before its checkpoint; train(**interrupted) starts it anew."""
    run = {
        "experiment": EXPERIMENTS["r-fcn"],
        "recipe": SHORT,
        "data": tiny_mnist,
        "out": tmp_path,
        **OPTIONS,
    }

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "save_checkpoint", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(**run)
    assert (tmp_path / "digits" / "r-fcn.state.pt").is_file()
    return run


# Runs


def test_a_short_run_learns(tiny_mnist, tmp_path):
    experiment = EXPERIMENTS["r-st-fcn-affine"]
    recipe = replace(RECIPES["ours"], epochs=8, batch_size=64, ema_decay=0.9)
    path = train(experiment, recipe, data=tiny_mnist, out=tmp_path, **OPTIONS)
    trained = load_checkpoint(path)
    assert path == tmp_path / experiment.path and list(path.parent.iterdir()) == [path]
    # guessing gets 90
    assert trained.metrics["validation_error"] < 60 and trained.metrics["test_error"] < 60
    assert trained.metrics["test_error"] == pytest.approx(
        error(trained.model, mnist("test", tiny_mnist), "r", 0)
    )
    assert trained.provenance["samples"] == 8 * 1024 and trained.provenance["recipe"]["epochs"] == 8
    images, labels = distort(gallery().images[::10], "r", 1), gallery().labels[::10]
    losses = [
        F.cross_entropy(model(images), labels).item()
        for model in (trained.model, experiment.create_model())
    ]
    assert losses[0] < 0.7 * losses[1]


def test_the_seed_decides_the_weights(tiny_mnist, tmp_path):
    def result(folder, seed):
        options = {
            "data": tiny_mnist,
            "out": tmp_path / folder,
            "seed": seed,
            "limit": 512,
            **OPTIONS,
        }
        return load_file(train(EXPERIMENTS["r-fcn"], replace(SHORT, epochs=1), **options))

    first, again, other = result("a", 1), result("b", 1), result("c", 2)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_runs_of_one_process_may_differ_in_precision(run, tiny_mnist, tmp_path):
    for precision in ("float32", "bfloat16"):
        command = (
            "train",
            "r-cnn",
            "--device",
            "cpu",
            "--data",
            tiny_mnist,
            "--limit",
            256,
            "--epochs",
            1,
            "--precision",
            precision,
        )
        code, _, said = run(*command, "--out", tmp_path / precision)
        assert code == 0, said
        assert load_checkpoint(tmp_path / precision / "digits" / "r-cnn.safetensors").provenance[
            "precision"
        ] == ("bf16" if precision == "bfloat16" else "no")


def test_a_killed_run_resumes_to_the_same_weights_bit_by_bit(run, tiny_mnist, tmp_path):
    name = "r-st-cnn-affine"

    def command(folder):
        return (
            "train",
            name,
            "--device",
            "cpu",
            "--data",
            tiny_mnist,
            "--limit",
            768,
            "--epochs",
            3,
            "--out",
            tmp_path / folder,
        )

    killed = start(tmp_path, "stn_core", *command("killed"))
    state, deadline = tmp_path / "killed" / "digits" / f"{name}.state.pt", time.monotonic() + 200
    while not state.exists():
        assert killed.poll() is None and time.monotonic() < deadline, (
            tmp_path / "output"
        ).read_text()
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(timeout=60) == -signal.SIGKILL
    assert not (tmp_path / "killed" / EXPERIMENTS[name].path).exists()
    assert 0 < torch.load(state, weights_only=True)["step"] < 9

    for arguments in ((*command("killed"), "--resume"), command("whole")):
        code, _, said = run(*arguments)
        assert code == 0, said
    expected, actual = weights(tmp_path / "whole", name), weights(tmp_path / "killed", name)
    assert expected.keys() == actual.keys()
    assert all(torch.equal(expected[key], actual[key]) for key in expected)
    assert not state.exists()


def test_two_processes_go_on_where_one_stopped_and_learn_the_weights_of_one(
    tiny_mnist, tmp_path, train_until_saved
):
    name = "r-st-fcn-affine"
    launch = ("torch.distributed.run", "--standalone", "--nproc_per_node", 2, "-m", "stn_core")
    settings = ["lr=0.1", "max_grad_norm=0.5", "ema_decay=0.5", "epochs=2"]
    options = ("--recipe", "paper", *(word for setting in settings for word in ("--set", setting)))
    options += (
        "--device",
        "cpu",
        "--precision",
        "float32",
        "--data",
        tiny_mnist,
        "--limit",
        768,
        "--out",
        tmp_path / "two",
    )
    run = {"data": tiny_mnist, "limit": 768, **OPTIONS}
    recipe = RECIPES["paper"].changed(settings)
    train_until_saved(EXPERIMENTS[name], recipe, out=tmp_path / "two", **run)
    two = start(tmp_path, *launch, "train", name, *options, "--resume")
    one = load_file(train(EXPERIMENTS[name], recipe, out=tmp_path / "one", **run))
    finished(two, tmp_path)
    path = tmp_path / "two" / EXPERIMENTS[name].path
    assert load_checkpoint(path).provenance["processes"] == 2
    for key, value in load_file(path).items():
        torch.testing.assert_close(
            value, one[key], atol=1e-6, rtol=0, msg=lambda text, key=key: f"{key}: {text}"
        )


# Resuming


OTHER = {"seed": {"seed": 1}, "digits": {"limit": 512}, "rate": {"recipe": replace(SHORT, lr=1e-4)}}


@pytest.mark.parametrize("other", OTHER)
def test_the_state_of_another_run_is_refused(interrupted, other):
    with pytest.raises(ValueError, match=r"r-fcn\.state\.pt belongs to another run.*--resume"):
        train(**{**interrupted, **OTHER[other]}, resume=True)


def test_a_state_of_another_optimiser_is_refused(interrupted, tmp_path):
    path = tmp_path / "digits" / "r-fcn.state.pt"
    state = torch.load(path, weights_only=True)
    for group in state["optimiser"]["param_groups"]:  # as of a version that had its own Muon
        del group["use_muon"]
    torch.save(state, path)
    with pytest.raises(ValueError, match=r"r-fcn\.state\.pt can't be read as the state.*delete it"):
        train(**interrupted, resume=True)


def test_an_interrupted_run_can_be_resumed_with_a_recording(interrupted, tmp_path):
    train(**interrupted, resume=True, record=tmp_path / "recording")
    assert (tmp_path / "recording" / "r-fcn.safetensors").is_file()


def test_a_finished_run_is_not_repeated(tiny_mnist, tmp_path, monkeypatch):
    run = {
        "experiment": EXPERIMENTS["r-fcn"],
        "recipe": SHORT,
        "data": tiny_mnist,
        "out": tmp_path,
        **OPTIONS,
    }
    content = train(**run).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Run, "train", None)  # no step is taken
        assert train(**run, resume=True).read_bytes() == content
    # another run than the finished one
    assert train(**run, resume=True, seed=1).read_bytes() != content


def test_without_resume_a_run_starts_anew(interrupted, tmp_path):
    path = train(**interrupted)
    expected = train(**{**interrupted, "out": tmp_path / "fresh"})
    assert all(
        torch.equal(value, load_file(expected)[key]) for key, value in load_file(path).items()
    )
    assert not (tmp_path / "digits" / "r-fcn.state.pt").exists()


# What a step sees


def test_batches_are_functions_of_seed_and_step(tiny_mnist):
    digits = training_digits(tiny_mnist)
    torch.manual_seed(0)
    first = digit_batch(digits, "rts", replace(SHORT, batch_size=64), seed=3, step=5)
    torch.manual_seed(1)
    again = digit_batch(digits, "rts", replace(SHORT, batch_size=64), seed=3, step=5)
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert first[0].shape == (64, 1, 42, 42) and first[1].shape == (64,)
    # another step, another seed, the same place one epoch on
    for seed, step in ((3, 6), (4, 5), (3, 5 + 1024 // 64)):
        assert not torch.equal(
            first[0], digit_batch(digits, "rts", replace(SHORT, batch_size=64), seed, step)[0]
        )


def test_every_step_distorts_afresh():
    """With one digit only, the same place of the next epoch has its own distortions."""
    digits = Digits(gallery().images[:1].expand(128, 28, 28), torch.zeros(128, dtype=torch.int64))
    first, *others = (
        digit_batch(digits, "r", replace(SHORT, batch_size=64), seed=0, step=step)[0]
        for step in range(4)
    )
    assert not any(torch.equal(first, other) for other in others)


def test_an_epoch_sees_every_digit_once_in_an_order_of_its_own(tiny_mnist):
    digits = training_digits(tiny_mnist)._replace(labels=torch.arange(1024))
    epochs = [
        torch.cat(
            [
                digit_batch(
                    digits, "r", replace(SHORT, batch_size=128), seed=0, step=8 * epoch + i
                )[1]
                for i in range(8)
            ]
        )
        for epoch in range(2)
    ]
    assert all(sorted(seen.tolist()) == list(range(1024)) for seen in epochs)
    assert not torch.equal(*epochs)


def test_gallery_digits_are_left_out_of_training(tiny_mnist, tmp_path):
    assert len(training_digits(tiny_mnist).labels) == 1024
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in (tiny_mnist / "MNIST" / "raw").iterdir():
        (raw / file.name).write_bytes(file.read_bytes())
    file = raw / "train-images-idx3-ubyte"
    content = file.read_bytes()
    file.write_bytes(
        content[:16] + gallery().images[[7, 4321]].numpy().tobytes() + content[16 + 2 * 784 :]
    )
    assert torch.equal(training_digits(tmp_path).images, training_digits(tiny_mnist).images[2:])


def test_the_learning_rate_follows_its_schedule():
    steps = RECIPES["paper"]  # a tenth after each third
    assert [rate_factor(steps, at) for at in (0, 0.33, 0.34, 0.66, 0.67, 0.999)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )
    cycle = replace(RECIPES["ours"], warmup_fraction=0.2)
    assert [rate_factor(cycle, at) for at in (0, 0.1, 0.2, 0.6, 1)] == pytest.approx(
        [0.04, 0.52, 1, 0.5, 0]
    )
    falling = [rate_factor(cycle, 0.2 + 0.01 * i) for i in range(80)]
    assert all(before > after for before, after in pairwise(falling))
    assert rate_factor(replace(cycle, warmup_fraction=0.0), 0) == 1


def test_a_recording_has_steps_logits_and_theta(tiny_mnist, tmp_path):
    train(
        EXPERIMENTS["r-st-fcn-tps"],
        SHORT,
        data=tiny_mnist,
        out=tmp_path,
        record=tmp_path / "recording",
        **OPTIONS,
    )
    with safe_open(tmp_path / "recording" / "r-st-fcn-tps.safetensors", framework="pt") as file:
        assert json.loads(file.metadata()["stn"])["experiment"] == "r-st-fcn-tps"
        step, logits, theta = (file.get_tensor(name) for name in ("step", "logits", "theta"))
    assert step.tolist() == list(range(9))  # 2 epochs of 4 steps: every one, and the end
    assert logits.shape == (9, 64, 10) and theta.shape == (9, 64, 32)
    assert logits.isfinite().all() and theta.isfinite().all()
    assert (theta[0] == theta[0, 0]).all()  # the identity for every digit
    assert not torch.equal(theta[0], theta[-1]) and not torch.equal(logits[0], logits[-1])


# Evaluation


def evaluated(run, tiny_mnist, path, tmp_path):
    code, output, _ = run(
        "evaluate", path, "--data", tiny_mnist, "--json", tmp_path / "figures.json"
    )
    assert code == 0
    (row,) = json.loads((tmp_path / "figures.json").read_text())
    assert row["experiment"] in output and f"{row['test_error']:.2f}" in output
    return row


def test_evaluate_computes_the_error_and_does_not_quote_it(run, tiny_mnist, tmp_path):
    torch.manual_seed(3)
    experiment = EXPERIMENTS["r-cnn"]
    model = experiment.create_model().eval()
    path = tmp_path / "r-cnn.safetensors"
    save_checkpoint(path, model, experiment, {"test_error": 50.0}, {"samples": 1})
    row = evaluated(run, tiny_mnist, path, tmp_path)
    save_checkpoint(path, model, experiment, {"test_error": 0.01}, {"samples": 1})
    assert evaluated(run, tiny_mnist, path, tmp_path) == row

    images, labels = mnist("test", tiny_mnist)
    with torch.no_grad():
        wrong = (model(distort(images, "r", 0)).argmax(1) != labels).sum().item()
    assert row["test_error"] == pytest.approx(100 * wrong / 300)
    assert row["paper_error"] == 1.2 and row["test_seed"] == 0


def test_evaluate_takes_every_checkpoint_in_a_folder(run, tiny_mnist, tmp_path):
    for name in ("r-fcn", "rts-fcn"):
        save_checkpoint(
            tmp_path / EXPERIMENTS[name].path,
            EXPERIMENTS[name].create_model(),
            EXPERIMENTS[name],
            {},
            {"samples": 1},
        )
    code, output, _ = run("evaluate", "--all", "--out", tmp_path, "--data", tiny_mnist)
    assert code == 0 and "r-fcn" in output and "rts-fcn" in output


def test_evaluate_takes_a_checkpoint_that_says_nothing_of_its_training(run, tiny_mnist, tmp_path):
    path = save_checkpoint(
        tmp_path / "r-fcn.safetensors",
        EXPERIMENTS["r-fcn"].create_model(),
        EXPERIMENTS["r-fcn"],
        {},
        {},
    )
    assert evaluated(run, tiny_mnist, path, tmp_path)["experiment"] == "r-fcn"


# What the user can mend


def one_sentence(result, *words):
    """Exit code 1, and on the standard error one line of words without a traceback."""
    code, _, message = result
    assert code == 1 and "Traceback" not in message
    assert len(message.strip().splitlines()) == 1 and message.startswith("Error: ")
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "r-resnet"], ["'r-resnet'", "r-st-cnn-affine"]),
        (["train", "[/red]"], ["'[/red]'", "r-st-cnn-affine"]),
        (["train", "r-fcn", "--recipe", "theirs"], ["'theirs'", "ours", "paper"]),
        (["train", "r-fcn", "--set", "speed=3"], ["'speed=3'", "lr"]),
        (["train", "r-fcn", "--set", "lr=fast"], ["lr must be a number", "'lr=fast'"]),
        (["train", "r-fcn", "--set", "lr"], ["lr must be a number", "'lr'"]),
        (["train", "r-fcn", "--set", "epochs=1e3"], ["epochs must be a whole", "'epochs=1e3'"]),
        (["train", "r-fcn", "--set", "schedule=sideways"], ["sideways", "one-cycle"]),
        (["train", "r-fcn", "--set", "optimiser=guess"], ["guess", "adamw"]),
        (["train", "r-fcn", "--set", "batch_size=0"], ["batch_size"]),
        (["train", "r-fcn", "--set", "batch_size=2000"], ["2000", "1024"]),
        (["train", "r-fcn", "--precision", "float8"], ["'float8'", "bfloat16"]),
        (["train", "r-fcn", "--device", "gpu"], ["'gpu'", "auto, cpu or cuda"]),
        (["evaluate"], ["no checkpoint"]),
        (["evaluate", "missing.safetensors"], ["missing.safetensors", "python -m stn_core train"]),
    ],
)
def test_a_wrong_command_ends_in_one_sentence(run, tiny_mnist, tmp_path, arguments, words):
    options = (
        ["--device", "cpu", "--precision", "float32", "--epochs", 1]
        if arguments[0] == "train"
        else []
    )
    one_sentence(
        run(*arguments[:2], *options, *arguments[2:], "--data", tiny_mnist, "--out", tmp_path),
        *words,
    )
    assert list(tmp_path.rglob("*.safetensors")) == []


def test_a_gpu_that_is_not_there_ends_in_one_sentence(run, tiny_mnist, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    arguments = (
        "--device",
        "cuda",
        "--precision",
        "float32",
        "--data",
        tiny_mnist,
        "--out",
        tmp_path,
    )
    one_sentence(run("train", "r-fcn", *arguments), "CUDA", "cpu")


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_, **__):
        raise urllib.error.URLError("no connection")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", refuse)


@pytest.mark.parametrize(
    "command", ["train r-fcn --device cpu --precision float32", "evaluate r-fcn.safetensors"]
)
def test_missing_data_without_a_connection_ends_in_one_sentence(
    run, offline, tmp_path, monkeypatch, command
):
    monkeypatch.chdir(tmp_path)
    save_checkpoint(
        tmp_path / "r-fcn.safetensors",
        EXPERIMENTS["r-fcn"].create_model(),
        EXPERIMENTS["r-fcn"],
        {},
        {},
    )
    result = run(*command.split(), "--data", tmp_path / "nowhere", "--out", tmp_path)
    one_sentence(result, "MNIST/raw", "nowhere", "--data", "STN_DATA")


def test_missing_data_is_a_data_error(offline, tmp_path, monkeypatch):
    monkeypatch.setenv("STN_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match="elsewhere"):
        mnist("train")


@pytest.mark.parametrize("file", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_damaged_data_is_a_data_error(offline, tiny_mnist, tmp_path, file):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for whole in (tiny_mnist / "MNIST" / "raw").iterdir():
        content = whole.read_bytes()
        (raw / whole.name).write_bytes(
            content[: len(content) // 2] if whole.name == file else content
        )
    with pytest.raises(DataError, match="MNIST/raw"):
        mnist("train", tmp_path)


QUEUE = ("--epochs", 1, "--limit", 512, "--device", "cpu", "--precision", "float32")


def test_a_queue_trains_what_is_missing_and_skips_what_is_done(run, tmp_path, tiny_mnist):
    command = (
        "train",
        "r-fcn",
        "r-st-fcn-a*",
        *QUEUE,
        "--data",
        tiny_mnist,
        "--out",
        tmp_path,
        "--jobs",
        2,
    )
    paths = [tmp_path / EXPERIMENTS[name].path for name in ("r-fcn", "r-st-fcn-affine")]
    code, _, said = run(*command)
    assert code == 0 and all(f"{path}: validation error" in said for path in paths), said
    content = paths[0].read_bytes()
    paths[1].unlink()
    code, _, said = run(*command)
    assert (
        code == 0
        and said.count(f"{paths[0]}: done already") == 1
        and f"{paths[1]}: validation error" in said
    ), said
    assert (
        paths[0].read_bytes() == content
        and load_checkpoint(paths[1]).experiment.name == "r-st-fcn-affine"
    )


def test_a_queue_goes_on_after_a_failure_and_names_it(run, tmp_path, tiny_mnist):
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "r-fcn.state.pt").write_bytes(b"no state")
    code, _, said = run(
        "train", "r-fcn", "r-st-fcn-affine", *QUEUE, "--data", tiny_mnist, "--out", tmp_path
    )
    assert code == 1 and "1 of 2 experiments failed: r-fcn" in said, said
    assert (tmp_path / EXPERIMENTS["r-st-fcn-affine"].path).is_file()


# What ends a run before it replaces anything

TRIAL = ("--epochs", 1, "--limit", 256, "--device", "cpu", "--precision", "float32")


@pytest.fixture
def trained(tmp_path):
    """A good checkpoint of r-fcn, and its bytes."""
    experiment = EXPERIMENTS["r-fcn"]
    path = tmp_path / "out" / experiment.path
    save_checkpoint(path, experiment.create_model(), experiment, {}, {})
    return path, path.read_bytes()


@pytest.mark.parametrize("settings", [["lr=1e9"], ["optimiser=sgd", "lr=1e9"]])
def test_a_diverged_training_leaves_the_good_checkpoint(run, tiny_mnist, trained, settings):
    path, before = trained
    words = [word for setting in settings for word in ("--set", setting)]
    result = run("train", "r-fcn", *TRIAL, *words, "--data", tiny_mnist, "--out", path.parents[1])
    assert result[0] == 1 and "diverged" in result[2] and "Traceback" not in result[2]
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_two_runs_of_one_experiment_do_not_meet(run, tiny_mnist, trained):
    path, before = trained
    arguments = ("train", "r-fcn", *TRIAL, "--data", tiny_mnist, "--out", path.parents[1])
    with locked(path):
        one_sentence(run(*arguments), "r-fcn.safetensors", "another run")
        assert path.read_bytes() == before
    assert run(*arguments)[0] == 0 and list(path.parent.iterdir()) == [path]


def no_steps(*_):
    raise AssertionError("a step was taken before it was known where the result goes")


@pytest.mark.parametrize("option", ["--out", "--record"])
@pytest.mark.parametrize("place", ["a file", "below a file", "not writable", "a folder in place"])
def test_where_nothing_can_be_written_no_step_is_taken(
    run, tiny_mnist, tmp_path, monkeypatch, option, place
):
    monkeypatch.setattr(Run, "step", no_steps)
    (tmp_path / "file").touch()
    inside = "digits/r-fcn.safetensors" if option == "--out" else "r-fcn.safetensors"
    (tmp_path / "taken" / inside).mkdir(parents=True)
    target = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "folder",
        "not writable": Path("/proc/here"),
        "a folder in place": tmp_path / "taken",
    }[place]
    places = {"--out": tmp_path / "out", option: target}
    words = [word for pair in places.items() for word in pair]
    result = run("train", "r-fcn", *TRIAL, "--data", tiny_mnist, *words)
    one_sentence(result, "r-fcn.safetensors", "can't be written")


def test_a_disk_that_fills_up_ends_in_one_sentence_and_leaves_what_was(
    run, tiny_mnist, trained, monkeypatch
):
    path, before = trained

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    code, _, said = run("train", "r-fcn", *TRIAL, "--data", tiny_mnist, "--out", path.parents[1])
    assert code == 1 and "the disk is full" in said and "Traceback" not in said
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


STATES = {
    "text": lambda path: path.write_text("no state"),
    "empty": lambda path: path.write_bytes(b""),
    "a list": lambda path: torch.save([1, 2], path),
    "no keys": lambda path: torch.save({}, path),
    "no dict of the run": lambda path: torch.save({"run": 3}, path),
    "lacks the model": lambda path: torch.save(without(path, "model"), path),
    "lacks the step": lambda path: torch.save(without(path, "step"), path),
    "another model": lambda path: torch.save(without(path) | {"model": {}}, path),
    "a step beyond the end": lambda path: torch.save(without(path) | {"step": 10**6}, path),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-100]),
}


def without(path, *names):
    state = torch.load(path, weights_only=True)
    return {name: state[name] for name in state if name not in names}


@pytest.mark.parametrize("damage", STATES)
def test_a_damaged_state_ends_in_one_sentence(interrupted, tmp_path, damage):
    path = tmp_path / "digits" / "r-fcn.state.pt"
    STATES[damage](path)
    with pytest.raises(ValueError, match=r"r-fcn\.state\.pt can't be read.*delete it") as error:
        train(**interrupted, resume=True)
    assert "\n" not in str(error.value)


def test_a_folder_in_place_of_a_state_ends_in_one_sentence(interrupted, tmp_path):
    path = tmp_path / "digits" / "r-fcn.state.pt"
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match=r"r-fcn\.state\.pt can't be written.*take that away"):
        train(**interrupted, resume=True)


@pytest.mark.parametrize("target", ["folder", "file/below", "/proc/here.json"])
def test_figures_that_can_t_be_written_are_said_before_anything_is_computed(
    run, tiny_mnist, tmp_path, trained, target
):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    result = run("evaluate", trained[0], "--data", tiny_mnist, "--json", tmp_path / target)
    one_sentence(result, "can't be written")
    assert result[1] == ""
    one_sentence(
        run("report", "--out", tmp_path / "out", "--data", tiny_mnist, "--to", tmp_path / target),
        "can't be written",
    )


def test_damaged_digits_end_in_one_sentence(run, tiny_mnist, tmp_path):
    shutil.copytree(tiny_mnist / "MNIST", tmp_path / "MNIST")
    (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").write_text("<html></html>")
    result = run("train", "r-fcn", *TRIAL, "--data", tmp_path, "--out", tmp_path / "out")
    one_sentence(result, "t10k-labels-idx1-ubyte is damaged", "delete it")


def test_evaluate_finds_all_from_any_folder_and_says_where_it_looked(
    run, tiny_mnist, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path / "shipped")
    path = tmp_path / "shipped" / EXPERIMENTS["r-fcn"].path
    experiment = EXPERIMENTS["r-fcn"]
    save_checkpoint(path, experiment.create_model(), experiment, {}, {})
    path.with_name("._r-fcn.safetensors").write_bytes(b"\0")
    code, output, said = run("evaluate", "--all", "--data", tiny_mnist)
    assert code == 0 and "r-fcn" in output and said == ""
    one_sentence(run("evaluate", "--all", "--out", tmp_path / "none"), f"{tmp_path / 'none'}")


def test_the_report_is_written_where_the_app_looks_or_says_so(
    run, tiny_mnist, tmp_path, trained, monkeypatch
):
    monkeypatch.setenv("STN_REPORT", str(tmp_path / "app" / "report.json"))
    monkeypatch.chdir(tmp_path)
    arguments = ("report", "--out", tmp_path / "out", "--data", tiny_mnist)
    code, output, _ = run(*arguments)
    assert code == 0 and (tmp_path / "app" / "report.json").is_file()
    assert "STN_REPORT" not in output
    code, output, _ = run(*arguments, "--to", "other.json")
    assert code == 0 and f"STN_REPORT={tmp_path / 'other.json'}" in output
