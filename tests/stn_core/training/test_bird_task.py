"""Training the models for birds."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from birds import SMALL, new, photographs

from stn_core import EXPERIMENTS, CheckpointError, create_model, load_checkpoint
from stn_core.data.cub import cub
from stn_core.evaluation.bird_metrics import attention, bird_answers
from stn_core.experiments.checkpoints import save_checkpoint
from stn_core.models.birds import starts
from stn_core.training import loop
from stn_core.training.bird_recording import trajectory
from stn_core.training.bird_task import BirdTask, read_lattice, start_streams
from stn_core.training.loop import train

ROOT = Path(__file__).parents[3]

OPTIONS = {"device": "cpu", "precision": "float32"}


def small(name):
    experiment = EXPERIMENTS[name].changed(["backbone=test_efficientnet"])
    return experiment, experiment.recipe("ours").changed(
        [
            "init_from=random",
            "frozen_blocks=0",
            "window_search_epochs=1",
            "joint_epochs=1",
            "batch_size=8",
            "val_every=3",
            "epochs=2",
        ]
    )


def test_a_run_looks_trains_records_and_resumes(tiny_cub, tmp_path, monkeypatch, train_until_saved):
    experiment, recipe = small("cub50-2st-cnn")
    options = {
        "data": tiny_cub,
        "out": tmp_path,
        "record": tmp_path / "recording",
        "limit": 24,
        **OPTIONS,
    }
    path = train(experiment, recipe, **options)
    trained = load_checkpoint(path)
    assert len(trained.experiment.classes) == 50 and trained.provenance["photographs"] == 16
    assert len(trained.metrics["attention"]) == 2
    assert {"validation_error", "test_error", "unsure"} <= trained.metrics.keys()
    answers = bird_answers(trained.model, cub("test", tiny_cub, 50))
    assert trained.metrics["attention"] == [
        {k: list(v) for k, v in each.items()}
        for each in attention(cub("test", tiny_cub, 50), answers)
    ]
    thetas, moments = trajectory(
        tmp_path / "recording" / f"{experiment.name}.safetensors", trained.model, photographs(2)
    )
    assert (
        thetas.shape == (len(moments), 2, 2, 3)
        and moments[0].tolist() == [0, 0]
        and moments[-1].tolist() == [1, 4]
    )
    assert torch.allclose(thetas[0, :, :, 1:], starts("stacked", 2), atol=1e-3) and not torch.equal(
        thetas[0], thetas[-1]
    )
    train_until_saved(experiment, recipe, **options)
    content = train(experiment, recipe, resume=True, **options).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(loop.Run, "train", None)  # no step of a finished run is taken again
        assert train(experiment, recipe, resume=True, **options).read_bytes() == content
    again = load_checkpoint(path)
    assert again.metrics == trained.metrics
    seconds = {"seconds": trained.provenance["seconds"]}
    assert again.provenance | seconds == trained.provenance
    weights = again.model.state_dict()
    assert all(torch.equal(weights[k], w) for k, w in trained.model.state_dict().items())


def test_held_out_photographs_judge_a_last_layer_without_them_and_then_teach_it(tiny_cub, tmp_path):
    experiment, recipe = small("cub50-cnn")
    models = {}
    for decay in (0.0, 1e-5):
        torch.manual_seed(0)
        task = BirdTask(
            experiment, replace(recipe, last_layer=decay), 0, tiny_cub, tmp_path, limit=24
        )
        models[decay] = task.create_model(fresh=True).eval()
        said = task.calibrate(models[decay], torch.device("cpu"))["validation_error"]
        known = task.validation_error(models[decay], torch.device("cpu"))
        assert (said == known) if not decay else (said > 0 and known == 0)
    streams = [model.streams.state_dict() for model in models.values()]
    assert all(torch.equal(one, streams[1][key]) for key, one in streams[0].items())


def test_streams_start_from_the_plain_network_s_checkpoint(tiny_cub, tmp_path):
    experiment, recipe = small("cub50-cnn")
    (tmp_path / "birds").mkdir()
    stem = experiment.create_model()
    save_checkpoint(
        tmp_path / experiment.path, stem, replace(experiment, classes=tuple("b" * 50)), {}, {}
    )
    other, recipe = small("cub50-cnn-448")
    model = BirdTask(other, replace(recipe, init_from="cnn"), 0, tiny_cub, tmp_path).create_model(
        fresh=True
    )
    assert all(
        torch.equal(value, stem.streams[0].state_dict()[key])
        for key, value in model.streams[0].state_dict().items()
    )
    with pytest.raises(CheckpointError, match="train cub50-cnn"):
        BirdTask(
            other, replace(recipe, init_from="cnn"), 0, tiny_cub, tmp_path / "nothing"
        ).create_model(fresh=True)


def test_streams_start_from_their_own_and_further_ones_from_the_last():
    one, two, other = new("cnn"), new("2st-cnn"), create_model("2st-cnn", "cub50", **SMALL)
    start_streams(other, two)
    for mine, theirs in zip(other.streams, two.streams, strict=True):
        assert all(
            torch.equal(value, theirs.state_dict()[key]) for key, value in mine.state_dict().items()
        )
    four = new("4st-cnn")
    start_streams(four, two)
    for mine, theirs in zip(four.streams, [0, 1, 1, 1], strict=True):
        assert all(
            torch.equal(value, two.streams[theirs].state_dict()[key])
            for key, value in mine.state_dict().items()
        )
    start_streams(other, one)
    for mine in other.streams:
        assert all(
            torch.equal(value, one.streams[0].state_dict()[key])
            for key, value in mine.state_dict().items()
        )


def test_without_epochs_windows_are_sought_and_the_last_layer_is_fitted(tiny_cub, tmp_path):
    experiment, recipe = small("cub50-2st-cnn")
    recipe = replace(recipe, epochs=0, joint_epochs=0)
    found = load_checkpoint(
        train(experiment, recipe, data=tiny_cub, out=tmp_path, limit=24, **OPTIONS)
    )
    assert found.provenance["samples"] == 0
    assert found.model.classifier.weight.std() > 0
    with pytest.raises(ValueError, match="epochs must be at least 1"):
        EXPERIMENTS["r-cnn"].recipe("ours").changed(["epochs=0"])


def test_windows_are_not_sought_on_what_another_backbone_saw(tiny_cub, tmp_path):
    """Of two backbones whose features are as many."""
    experiment, recipe = small("cub50-2st-cnn")
    for backbone in ("test_efficientnet", "test_byobnet"):
        other = experiment.changed([f"backbone={backbone}"])
        BirdTask(other, recipe, 0, tiny_cub, tmp_path, limit=24).create_model(fresh=True)
    one, other = (read_lattice(path) for path in tmp_path.glob("birds/*-windows-*"))
    assert one.maps.shape[:2] == other.maps.shape[:2] and not torch.equal(one.maps, other.maps)


def test_batches_are_functions_of_seed_and_step(tiny_cub, tmp_path):
    experiment, recipe = small("cub50-2st-cnn")
    task, again = (BirdTask(experiment, recipe, 3, tiny_cub, tmp_path) for _ in range(2))
    (images, shifts, learns), labels = task.batch(5)
    (same, *_), _ = again.batch(5)
    assert (
        images.shape == (8, 3, 448, 448)
        and shifts.shape == (8, 2, 2)
        and labels.shape == learns.shape == (8,)
    )
    assert torch.equal(images, same) and not torch.equal(images, task.batch(6)[0][0])
    steps = task.count // 8
    # theta learns in the last epoch
    assert not task.batch(0)[0][2].any() and task.batch(steps)[0][2].all()


def test_the_paper_s_experiment_runs_in_two_processes(tiny_cub, tmp_path, run):
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
        "stn_core",
        "train",
    ]
    command += [
        "cub200-2st-cnn",
        "--recipe",
        "paper",
        "--option",
        "backbone=test_efficientnet",
        "--set",
        "init_from=random",
    ]
    command += [
        "--epochs",
        "1",
        "--set",
        "batch_size=16",
        "--limit",
        "32",
        "--device",
        "cpu",
        "--precision",
        "float32",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--data", tiny_cub, "--out", tmp_path],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    path = tmp_path / "birds" / "cub200-2st-cnn.safetensors"
    trained = load_checkpoint(path)
    assert (
        trained.provenance["processes"] == 2
        and trained.provenance["samples"] == 32
        and len(trained.experiment.classes) == 200
    )

    code, output, _ = run(
        "evaluate", path, path, "--data", tiny_cub, "--json", tmp_path / "figures.json"
    )
    rows = json.loads((tmp_path / "figures.json").read_text())
    own = "cub200-2st-cnn, backbone=test_efficientnet"
    annotated = f"{own}, windows as annotated"
    assert code == 0 and [row.get("window", row.get("experiment")) for row in rows] == [
        "fixed",
        "centred",
        "random",
        *[own, annotated] * 2,
    ]
    assert (
        "compared with" in output and rows[3]["gains"] == {} and rows[5]["gains"][own] == [0, 0, 0]
    )
    assert rows[4]["gains"][own][0] == pytest.approx(
        rows[4]["accuracy"][0] - rows[3]["accuracy"][0]
    )
    assert (
        "transformer 2" in output
        and "83.9" in output
        and f"{rows[3]['accuracy'][0]:.1f} (" in output
    )
    assert rows[3]["test_error"] == pytest.approx(trained.metrics["test_error"])
