"""Several training seeds: each has its place, the validation error chooses among them, and the
queue can be stopped at any time."""

import errno
import json
import os
import tarfile
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.gpu_table import PACK, pack, train_for
from stn_core import EXPERIMENTS, load_checkpoint
from stn_core.experiments.checkpoints import save_checkpoint
from stn_core.experiments.recipes import RECIPES
from stn_core.experiments.seeds import (
    SeedErrors,
    collect_seeds,
    parse_seeds,
    read_seeds,
    seed_folder,
)
from stn_core.files import FileError, write_file
from stn_core.training import run_queue

SHORT = ("--epochs", 1, "--limit", 256, "--device", "cpu", "--precision", "float32")


def write(out, name, seed, **changed):
    """A checkpoint of a training seed whose weights say which it is."""
    experiment = EXPERIMENTS[name]
    model = experiment.create_model()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(seed)
    metrics = {"validation_error": 1.0, "test_error": 2.0, **changed}
    about = {"seed": seed, "device": "a GPU", "samples": 100, **changed}
    return save_checkpoint(
        seed_folder(out, seed) / experiment.path, model, experiment, metrics, about
    )


def test_every_cell_has_a_recipe_of_its_own():
    def recipe(name):
        return EXPERIMENTS[name].recipe("ours")

    assert (recipe("r-st-cnn-tps").epochs, recipe("r-st-cnn-tps").elastic_sigma_px) == (80, 0.7)
    assert (
        recipe("r-st-fcn-affine").epochs,
        recipe("r-st-fcn-tps").epochs,
        recipe("r-st-fcn-tps").elastic_sigma_px,
    ) == (
        240,
        800,
        1.0,
    )
    assert (
        recipe("rts-st-fcn-projective").epochs,
        recipe("rts-st-fcn-projective").elastic_sigma_px,
    ) == (800, 1.0)
    assert [recipe(f"{kind}-fcn").epochs for kind in ("r", "rts", "p", "e", "tc")] == 5 * [320]
    assert [recipe(f"{kind}-st-fcn-affine").epochs for kind in ("p", "e", "tc")] == [320, 160, 160]
    same = {"epochs": 80, "elastic_sigma_px": 0.7}  # in nothing else do they differ
    assert all(
        replace(e.recipe("ours"), **same) == RECIPES["ours"]
        for e in EXPERIMENTS.values()
        if not e.birds
    )
    assert EXPERIMENTS["r-fcn"].recipe("paper") == RECIPES["paper"]


def test_what_is_named_on_the_command_line_wins(run, tiny_mnist, tmp_path):
    command = (
        "train",
        "r-st-fcn-tps",
        *SHORT,
        "--set",
        "elastic_sigma_px=0.5",
        "--data",
        tiny_mnist,
        "--out",
        tmp_path,
    )
    assert run(*command)[0] == 0
    recipe = load_checkpoint(tmp_path / EXPERIMENTS["r-st-fcn-tps"].path).provenance["recipe"]
    assert (recipe["epochs"], recipe["elastic_sigma_px"], recipe["label_smoothing"]) == (
        1,
        0.5,
        0.1,
    )


def test_seeds_train_each_in_its_place(run, tiny_mnist, tmp_path):
    command = (
        "train",
        "r-fcn",
        *SHORT,
        "--data",
        tiny_mnist,
        "--out",
        tmp_path,
        "--record",
        tmp_path / "recordings",
    )
    code, _, said = run(*command, "--seeds", "0,2", "--jobs", 2)
    assert code == 0, said
    paths = [seed_folder(tmp_path, seed) / "digits" / "r-fcn.safetensors" for seed in (0, 2)]
    assert paths == [
        tmp_path / "digits" / "r-fcn.safetensors",
        tmp_path / "seeds" / "2" / "digits" / "r-fcn.safetensors",
    ]
    assert [load_checkpoint(path).provenance["seed"] for path in paths] == [0, 2]
    assert all(
        (seed_folder(tmp_path / "recordings", seed) / "r-fcn.safetensors").is_file()
        for seed in (0, 2)
    )
    alone = run(*command[:-1], tmp_path / "more", "--out", tmp_path / "alone", "--seeds", "2")
    assert alone[0] == 0
    first, second = (
        load_file(paths[1]),
        load_file(tmp_path / "alone" / "seeds" / "2" / "digits" / "r-fcn.safetensors"),
    )
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("text", ["", "0,", "one", "0;1", "-1", "1.5", "9" * 20, "9" * 5000])
def test_seeds_that_are_none_end_in_one_sentence(run, tmp_path, text):
    code, _, said = run("train", "r-fcn", "--seeds", text, "--out", tmp_path)
    assert (
        code == 1
        and said.startswith("Error: ")
        and len(said.strip().splitlines()) == 1
        and "0,1,2" in said
    )


def test_a_seed_beyond_the_largest_is_said_at_once(run, tmp_path):
    for command in (("train", "r-fcn", "--out", tmp_path), ("evaluate", "--all")):
        code, _, said = run(*command, "--seed", 10**30)
        assert code == 2 and "2147483647" in said and "Traceback" not in said


@pytest.mark.parametrize("setting", ["lr=nan", "lr=inf", "muon_lr=-1", "max_grad_norm=-0.5"])
def test_a_setting_that_is_no_finite_number_is_said_before_training(run, tmp_path, setting):
    code, _, said = run("train", "r-fcn", "--set", setting, "--out", tmp_path / "new")
    assert code == 1 and f"{setting.partition('=')[0]} must be a finite number" in said
    assert not (tmp_path / "new").exists()


def test_seeds_are_not_for_a_cluster(run):
    code, _, said = run("train", "r-fcn", "--seeds", "0,1", "--ray", "auto")
    assert code == 1 and said.startswith("Error: ") and "--out checkpoints/seeds/1" in said


def test_a_seed_named_twice_counts_once():
    assert parse_seeds("2, 0,2") == [2, 0]


def test_the_validation_error_chooses_what_ships(run, tmp_path):
    for seed, validation, test in ((0, 0.9, 0.5), (1, 0.7, 0.8), (12, 0.7, 0.6)):
        write(tmp_path / "all", "r-fcn", seed, validation_error=validation, test_error=test)
    write(tmp_path / "all", "tc-cnn", 1, device="CPU")
    code, output, _ = run(
        "seeds",
        "--out",
        tmp_path / "all",
        "--to",
        tmp_path / "seeds.json",
        "--ship",
        tmp_path / "shipped",
    )
    assert code == 0 and "r-fcn" in output
    table = read_seeds(tmp_path / "seeds.json")
    assert table["r-fcn"] == SeedErrors(
        (0, 1, 12), (0.9, 0.7, 0.7), (0.5, 0.8, 0.6), 3 * ("a GPU",), (100, 100, 100)
    )
    assert table["tc-cnn"] == SeedErrors((1,), (1.0,), (2.0,), ("CPU",), (100,))
    assert table["r-fcn"].best == 1
    for name in ("r-fcn", "tc-cnn"):
        assert all(
            (weight == 1).all()
            for weight in load_file(tmp_path / "shipped" / EXPERIMENTS[name].path).values()
        )


def test_experiments_trained_elsewhere_keep_their_row(tmp_path):
    to = tmp_path / "seeds.json"
    write(tmp_path / "here", "r-fcn", 0, test_error=0.5)
    write(tmp_path / "here", "r-cnn", 0)
    write(tmp_path / "there", "r-fcn", 0, test_error=0.4)
    before = collect_seeds(tmp_path / "here", to)
    assert list(collect_seeds(tmp_path / "there", to)) == ["r-fcn"]
    after = read_seeds(to)
    assert after["r-cnn"] == before["r-cnn"] and after["r-fcn"].test_errors == (0.4,)
    to.write_text("no table")
    with pytest.raises(ValueError, match="can't be read as a table of training seeds"):
        collect_seeds(tmp_path / "there", to)
    assert to.read_text() == "no table"


def test_the_table_stays_where_the_best_can_not_be_shipped(tmp_path):
    write(tmp_path / "all", "r-fcn", 0)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(FileError, match="a file lies where its folder should be"):
        collect_seeds(tmp_path / "all", tmp_path / "seeds.json", ship=tmp_path / "file")
    assert not (tmp_path / "seeds.json").exists()


def test_checkpoints_that_say_too_little_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"no digit checkpoints.*--seeds"):
        collect_seeds(tmp_path / "none", tmp_path / "seeds.json")
    path = write(tmp_path / "moved", "r-fcn", 1)
    path.rename(write(tmp_path / "moved", "r-fcn", 2))
    with pytest.raises(
        ValueError, match=r"seeds/2/digits/r-fcn.safetensors was trained with the seed 1"
    ):
        collect_seeds(tmp_path / "moved", tmp_path / "seeds.json")
    experiment = EXPERIMENTS["r-fcn"]
    save_checkpoint(
        tmp_path / "old" / experiment.path,
        experiment.create_model(),
        experiment,
        {"test_error": 1.0},
        {"seed": 0},
    )
    with pytest.raises(ValueError, match="does not say its validation_error"):
        collect_seeds(tmp_path / "old", tmp_path / "seeds.json")
    with pytest.raises(ValueError, match="another folder"):
        collect_seeds(tmp_path, tmp_path / "seeds.json", ship=tmp_path)
    assert not (tmp_path / "seeds.json").exists()


GOOD = {
    "seeds": [0],
    "validation_errors": [1.0],
    "test_errors": [2.0],
    "devices": ["CPU"],
    "samples": [10],
}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        json.dumps({"r-fcn": []}),
        json.dumps({"r-resnet": GOOD}),
        json.dumps({"r-fcn": {**GOOD, "seeds": []}}),
        json.dumps({"r-fcn": {**GOOD, "seeds": ["0"]}}),
        json.dumps({"r-fcn": {**GOOD, "seeds": [0, 1]}}),
        json.dumps({"r-fcn": {**GOOD, "test_errors": [101.0]}}),
        json.dumps({"r-fcn": {**GOOD, "test_errors": [float("nan")]}}),
        json.dumps({"r-fcn": {**GOOD, "test_errors": [10**400]}}),
        json.dumps({"r-fcn": {**GOOD, "test_errors": [True]}}),
        json.dumps({"r-fcn": {**GOOD, "devices": [1]}}),
        json.dumps({"r-fcn": {**GOOD, "more": [1]}}),
    ],
)
def test_a_table_that_is_none_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "seeds.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"seeds.json .*python -m stn_core seeds") as refused:
        read_seeds(path)
    assert "\n" not in str(refused.value)
    path.write_text(json.dumps({"r-fcn": GOOD}))
    assert read_seeds(path)["r-fcn"].best == 0


def test_a_gpu_is_shared_by_small_models_only(monkeypatch):
    monkeypatch.setattr(run_queue, "cores", lambda: 16)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert (
        run_queue.default_jobs(),
        run_queue.default_jobs(small=False),
        run_queue.default_jobs("cpu"),
    ) == (6, 1, 16)
    monkeypatch.setattr(run_queue, "cores", lambda: 4)
    assert run_queue.default_jobs() == 2
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert run_queue.default_jobs() == 4


def test_a_training_ends_with_its_budget(tmp_path):
    assert not train_for(0, tmp_path, ["r-fcn", *map(str, SHORT)])
    assert train_for(300, tmp_path, ["--help"])
    assert list(tmp_path.iterdir()) == []


def test_packed_files_hold_what_is_new_and_fit(tmp_path):
    sizes = {"digits/a": PACK // 2, "digits/b": PACK // 3, "seeds/1/digits/a": PACK // 2}
    for name, size in sizes.items():
        path = tmp_path / "table" / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    first = pack(tmp_path / "table", tmp_path / "home")
    assert len(first) == 2 and all(path.stat().st_size <= PACK for path in first)
    assert pack(tmp_path / "table", tmp_path / "home") == []
    (tmp_path / "table" / "digits" / "c.safetensors").write_bytes(b"new")
    (tmp_path / "table" / "digits" / "d.state.pt").write_bytes(b"unfinished")
    later = pack(tmp_path / "table", tmp_path / "home", states=True)
    for path in (*first, *later):
        with tarfile.open(path) as archive:
            archive.extractall(tmp_path / "unpacked", filter="data")
    assert {
        str(path.relative_to(tmp_path / "unpacked"))
        for path in (tmp_path / "unpacked").rglob("*.*")
    } == {
        *(f"{name}.safetensors" for name in sizes),
        "digits/c.safetensors",
        "digits/d.state.pt",
    }


def test_of_a_full_disk_no_cut_tar_is_left_and_it_is_packed_the_next_time(tmp_path, monkeypatch):
    def no_space(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_file(tmp_path / "table" / "digits" / "a.safetensors", b"weights")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        with pytest.raises(FileError, match="the disk is full"):
            pack(tmp_path / "table", tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []
    assert len(pack(tmp_path / "table", tmp_path / "home")) == 1
