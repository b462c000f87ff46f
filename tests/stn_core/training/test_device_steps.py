"""Steps on one device are those of the loop on accelerate: the same weights, the same files,
whatever comes in between.

They run on the CPU here, the same function without the capture; tests that need a GPU are skipped
where there is none.
"""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from stn_core import EXPERIMENTS, load_checkpoint
from stn_core.experiments.recipes import RECIPES
from stn_core.training import loop as training
from stn_core.training.device_steps import DeviceSteps
from stn_core.training.loop import train

OPTIONS = {"device": "cpu", "precision": "float32"}
SHORT = replace(RECIPES["ours"], epochs=2, batch_size=32)


@pytest.fixture
def steps_on_device(monkeypatch):
    """Whether train() takes them: steps_on_device(True) before a run."""
    return lambda wanted: monkeypatch.setattr(training, "on_one_gpu", lambda accelerator: wanted)


def close(first, second, atol=1e-4):
    assert first.keys() == second.keys()
    for key, value in first.items():
        torch.testing.assert_close(
            value, second[key], atol=atol, rtol=1e-4, msg=lambda text, key=key: f"{key}: {text}"
        )


@pytest.mark.parametrize(
    ("name", "optimiser"),
    [
        # Muon's own steps, in bfloat16, make much of how a sum was rounded
        ("r-st-cnn-affine", "adamw"),
        ("rts-st-fcn-tps", "muon"),
        ("p-st-fcn-projective", "muon"),
        ("e-fcn", "muon"),
        ("tc-st-fcn-affine", "muon"),
    ],
)
def test_they_lead_to_the_weights_of_the_loop(
    tiny_mnist, tmp_path, steps_on_device, monkeypatch, name, optimiser
):
    finals = []
    for wanted in (False, True):
        steps_on_device(wanted)
        saved = []
        monkeypatch.setattr(
            training, "save_state", lambda state, path, saved=saved: saved.append(state)
        )
        path = train(
            EXPERIMENTS[name],
            replace(SHORT, optimiser=optimiser),
            data=tiny_mnist,
            out=tmp_path / str(wanted),
            limit=128,
            **OPTIONS,
        )
        finals.append((load_checkpoint(path), saved[-1]))
    (plain, plain_state), (ours, our_state) = finals
    assert ours.provenance["samples"] == plain.provenance["samples"]
    for part in ("model", "average"):
        close(plain_state[part], our_state[part])
    assert our_state["average"]["n_averaged"] == our_state["step"]


@pytest.mark.parametrize(
    "settings",
    [
        [
            "optimiser=sgd",
            *(f"{name}=0" for name in ("ema_decay", "max_grad_norm", "elastic_sigma_px")),
        ],
        ["optimiser=adamw", "ema_decay=0.5"],
    ],
)
def test_they_follow_the_recipe(tiny_mnist, tmp_path, steps_on_device, settings):
    recipe, weights = SHORT.changed([*settings, "lr=0.01"]), []
    for wanted in (False, True):
        steps_on_device(wanted)
        path = train(
            EXPERIMENTS["r-st-fcn-affine"],
            recipe,
            data=tiny_mnist,
            out=tmp_path / str(wanted),
            limit=128,
            **OPTIONS,
        )
        weights.append(load_checkpoint(path).model.state_dict())
    close(*weights, atol=2e-3)  # half precision on disk


@pytest.mark.parametrize(
    "ways",
    [(True, True), (True, False), (False, True)],
    ids=lambda ways: "-then-".join(map(str, ways)),
)
def test_either_way_goes_on_from_the_state_of_the_other(
    tiny_mnist, tmp_path, steps_on_device, monkeypatch, ways
):
    run = {
        "experiment": EXPERIMENTS["r-cnn"],
        "recipe": replace(SHORT, epochs=3),
        "data": tiny_mnist,
        "limit": 96,
        **OPTIONS,
    }

    def stopping(state, path):
        save(state, path)
        raise KeyboardInterrupt

    save = training.save_state
    steps_on_device(ways[0])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "save_state", stopping)
        train(**run, out=tmp_path / "stopped")
    assert (
        torch.load(tmp_path / "stopped" / "digits" / "r-cnn.state.pt", weights_only=True)["step"]
        == 3
    )
    steps_on_device(ways[1])
    resumed = train(**run, out=tmp_path / "stopped", resume=True, record=tmp_path)
    steps_on_device(False)
    whole = train(**run, out=tmp_path / "whole")
    close(load_file(whole), load_file(resumed), atol=2e-3)
    assert load_file(tmp_path / "r-cnn.safetensors")["step"].tolist() == list(range(3, 10))


def test_a_block_ends_with_the_run(tiny_mnist, tmp_path, steps_on_device, monkeypatch):
    """Blocks of another length than an epoch's give the same steps: the last is shorter."""
    results = []
    for size in (4, 3):
        taken = []

        class Blocks(DeviceSteps):
            def __init__(self, size=size, **arguments):
                super().__init__(**arguments | {"block": size})

            def take(self, step, taken=taken):
                taken.append(super().take(step))
                return taken[-1]

        steps_on_device(True)
        monkeypatch.setattr(training, "DeviceSteps", Blocks)
        train(
            EXPERIMENTS["r-fcn"],
            SHORT,
            data=tiny_mnist,
            out=tmp_path / str(size),
            limit=128,
            **OPTIONS,
        )
        results.append(taken)
    assert len(results[0]) == 8
    for first, second in zip(*results, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(
    "name",
    [
        "r-st-cnn-affine",
        "rts-st-fcn-tps",
        "p-st-cnn-projective",
        "e-st-cnn-tps",
        "tc-st-cnn-affine",
    ],
)
def test_a_gpu_replays_the_steps_of_a_cpu(tiny_mnist, tmp_path, capsys, name):
    run = {
        "recipe": replace(SHORT, epochs=4),
        "data": tiny_mnist,
        "limit": 128,
        "precision": "float32",
    }
    weights = [
        load_file(train(EXPERIMENTS[name], device=where, out=tmp_path / where, **run))
        for where in ("cpu", "cuda")
    ]
    assert "could not be captured" not in capsys.readouterr().err
    close(*weights, atol=5e-3)
