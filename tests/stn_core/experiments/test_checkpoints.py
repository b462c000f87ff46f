"""Checkpoints: what goes in comes out, and nothing else gets in."""

import json
import os
import pickle
import random
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from stn_core import EXPERIMENTS, CheckpointError, load_checkpoint
from stn_core.experiments.checkpoints import save_checkpoint

EXPERIMENT = EXPERIMENTS["r-st-fcn-affine"]
METRICS = {"test_error": 1.25, "test_seed": 0}
PROVENANCE = {"samples": 1000, "seconds": 3, "seed": 0, "versions": {"torch": "2"}}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = EXPERIMENT.create_model().eval()
    torch.nn.init.normal_(model.transformer.localisation.regression.weight, std=0.1)
    return model


@pytest.fixture
def good(tmp_path, model):
    return save_checkpoint(tmp_path / EXPERIMENT.path, model, EXPERIMENT, METRICS, PROVENANCE)


def header(path):
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["stn"])


def rewritten(path, change_header=lambda about: about, change_tensors=lambda tensors: tensors):
    """The checkpoint with another header and other tensors."""
    about, tensors = change_header(header(path)), change_tensors(load_file(path))
    text = about if isinstance(about, str) else json.dumps(about)
    save_file(tensors, path, metadata={"stn": text})


def refused(path, *words):
    """Loading ends in a CheckpointError with the file and the command that makes a good one."""
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)
    message = str(error.value)
    assert str(path) in message and "python -m stn_core train" in message and "\n" not in message
    assert all(word in message for word in words)


def test_a_round_trip_keeps_the_model(good, model):
    images = torch.rand(5, 1, 28, 28)
    loaded = load_checkpoint(good)
    assert torch.equal(loaded.model(images), model(images))
    assert not loaded.model.training
    assert (loaded.experiment, loaded.metrics, loaded.provenance) == (
        EXPERIMENT,
        METRICS,
        PROVENANCE,
    )


@pytest.mark.parametrize("name", ["rts-fcn", "tc-cnn", "p-st-cnn-tps", "e-st-fcn-projective"])
def test_other_models_make_the_round_trip_too(tmp_path, name):
    experiment = EXPERIMENTS[name]
    saved = experiment.create_model()
    loaded = load_checkpoint(
        save_checkpoint(tmp_path / experiment.path, saved, experiment, {}, {})
    ).model
    assert all(
        torch.equal(value, loaded.state_dict()[key]) for key, value in saved.state_dict().items()
    )


def test_a_path_may_be_a_string_and_leaves_nothing_else_behind(good):
    assert load_checkpoint(str(good)).experiment == EXPERIMENT
    assert list(good.parent.iterdir()) == [good]


def test_the_header_says_what_the_file_holds(good):
    about = header(good)
    assert about["experiment"] == {
        "data": "r",
        "model": "st-fcn-affine",
        "classes": list("0123456789"),
    }
    assert (about["metrics"], about["provenance"]) == (METRICS, PROVENANCE)


def test_half_precision_on_disk_loads_as_float32(tmp_path, good, model):
    half = save_checkpoint(
        tmp_path / "half.safetensors", model, EXPERIMENT, METRICS, PROVENANCE, dtype=torch.float16
    )
    assert {value.dtype for value in load_file(half).values()} == {torch.float16}
    assert half.stat().st_size < 0.6 * good.stat().st_size
    loaded, images = load_checkpoint(half).model, torch.rand(5, 1, 28, 28)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    torch.testing.assert_close(loaded(images), model(images), atol=1e-2, rtol=1e-2)


# Weights that are the same


SPECIES = tuple(f"bird {i}" for i in range(50))
SHARING = replace(
    EXPERIMENTS["cub50-2st-cnn"].changed(["backbone=test_efficientnet"]), classes=SPECIES
)


@pytest.fixture(scope="module")
def sharing_model():
    """A bird model whose streams and trunk have the same weights, but for one layer."""
    torch.manual_seed(0)
    model = SHARING.create_model().eval()
    first, second = model.streams
    second.load_state_dict(first.state_dict())
    model.localisation.trunk.load_state_dict(first.state_dict())
    with torch.no_grad():
        second.network.conv_head.weight.mul_(1.1)
    return model


def test_weights_that_are_the_same_are_stored_once(tmp_path, sharing_model):
    path = save_checkpoint(tmp_path / SHARING.path, sharing_model, SHARING, {}, {}, torch.float16)
    stored, about = load_file(path), header(path)
    same = about["weights"]["same"]
    assert about["format"] == 2 and about["weights"]["precision"] == "float16"
    assert "streams.1.network.conv_head.weight" in stored
    assert same["localisation.trunk.network.conv_head.weight"] in stored
    assert stored.keys().isdisjoint(same) and set(same.values()) <= stored.keys()
    assert stored.keys() | same.keys() == sharing_model.state_dict().keys()
    loaded = load_checkpoint(path).model.state_dict()
    for name, value in sharing_model.state_dict().items():
        assert torch.equal(loaded[name], value.half().float())
    assert len({value.data_ptr() for value in loaded.values()}) == len(loaded)  # none moves another


def test_a_file_in_which_every_weight_is_stored_goes_on_being_read(tmp_path, sharing_model):
    path = save_checkpoint(tmp_path / SHARING.path, sharing_model, SHARING, {}, {})
    complete = {name: value.float().clone() for name, value in sharing_model.state_dict().items()}
    small, images = path.stat().st_size, torch.rand(1, 3, 448, 448)
    rewritten(
        path,
        lambda about: {k: v for k, v in about.items() if k != "weights"} | {"format": 1},
        lambda tensors: complete,
    )
    assert path.stat().st_size > 1.5 * small
    assert torch.equal(load_checkpoint(path).model(images), sharing_model(images))


def test_a_weight_said_to_be_one_that_is_not_there_is_refused(tmp_path, sharing_model):
    path = save_checkpoint(tmp_path / SHARING.path, sharing_model, SHARING, {}, {})
    name = "localisation.trunk.network.conv_head.weight"

    def lost(about):
        about["weights"]["same"][name] = "nowhere"
        return about

    rewritten(path, lost)
    refused(path, name, "nothing")


def test_species_whose_names_are_no_text_are_refused(tmp_path, sharing_model):
    path = save_checkpoint(tmp_path / SHARING.path, sharing_model, SHARING, {}, {})

    def half(about):
        about["experiment"]["classes"][7] = "\ud800"
        return about

    rewritten(path, half)
    refused(path, "expected the names of 50 species")


# Files that are no good


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    refused(tmp_path / "nothing.safetensors")
    refused(tmp_path)


def test_the_remedy_fits_the_file_s_name(tmp_path):
    refused(tmp_path / "rts-st-cnn-tps.safetensors", "python -m stn_core train rts-st-cnn-tps")


@pytest.mark.parametrize("length", [0, 5, 100, 10_000, -1])
def test_a_truncated_file_is_refused(good, length):
    good.write_bytes(good.read_bytes()[:length])
    refused(good)


def test_random_bytes_are_refused(good):
    good.write_bytes(random.Random(0).randbytes(5000))
    refused(good)


def test_a_file_of_torch_save_is_refused(good, model):
    torch.save(model.state_dict(), good)
    refused(good)


class Malicious:
    """Unpickling it makes a folder."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize(
    "dump", [torch.save, lambda what, path: path.write_bytes(pickle.dumps(what))]
)
def test_nothing_is_unpickled(good, tmp_path, dump):
    dump(Malicious(tmp_path / "made"), good)
    refused(good)
    assert not (tmp_path / "made").exists()
    pickle.loads(pickle.dumps(Malicious(tmp_path / "made")))
    assert (tmp_path / "made").exists()  # it would have


def test_a_safetensors_file_without_a_header_is_refused(good):
    save_file(load_file(good), good)
    refused(good)


NONSENSE = ["", "nonsense", "null", "3", "[]", "{}", '{"format": 1', '"stn"', "[" * 100_000]


@pytest.mark.parametrize("text", NONSENSE, ids=lambda text: text[:12])
def test_a_header_of_nonsense_is_refused(good, text):
    rewritten(good, lambda about: text)
    refused(good)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 3}, ["format 1 / 2", "3"]),
        ({"format": "1"}, ["format 1", "'1'"]),
        ({"weights": 3}, []),
        ({"weights": {"same": "all"}}, []),
        ({"weights": {"same": [1]}}, []),
        ({"format": None}, ["format 1"]),
        (
            {"experiment": {"data": "r", "model": "resnet", "classes": list("0123456789")}},
            ["resnet", "r-cnn"],
        ),
        (
            {"experiment": {"data": "cifar", "model": "cnn", "classes": list("0123456789")}},
            ["cifar", "r-cnn"],
        ),
        ({"experiment": {"data": ["r"], "model": {}, "classes": 3}}, []),
        (
            {"experiment": {"data": "r", "model": "st-fcn-affine", "classes": ["a", "b"]}},
            ["0, 1, 2", "'a', 'b'"],
        ),
        (
            {"experiment": {"data": "r", "model": "st-fcn-affine", "classes": None}},
            ["0, 1, 2", "None"],
        ),
        ({"experiment": {"data": "r", "model": "st-fcn-affine"}}, []),
        ({"experiment": "r-st-fcn-affine"}, []),
        ({"experiment": None}, []),
        ({"metrics": 3}, []),
        ({"metrics": "good"}, []),
        ({"provenance": None}, []),
    ],
)
def test_a_header_that_does_not_fit_is_refused(good, change, words):
    rewritten(good, lambda about: {**about, **change})
    refused(good, *words)


@pytest.mark.parametrize(
    "options",
    [{"filters": [10**9]}, {"width": 10**12}, {"pretrained": True}, {"classes": 3}, {"": None}],
)
def test_a_header_can_t_ask_for_what_no_option_sets(good, options):
    rewritten(
        good, lambda about: about | {"experiment": about["experiment"] | {"options": options}}
    )
    refused(good, next(iter(options)), "option")


@pytest.mark.parametrize(
    "options",
    [
        {"pretrained": True},  # which would be downloaded
        {"transformers": 10**6},
        {"backbone": 3},
        {"backbone": "no-such-backbone"},
        {"scale": "half"},
        {"heat": 1},
        {"layout": "../.."},
        {"fixed_at": "nan,0"},
    ],
)
def test_a_bird_s_header_can_t_ask_for_more_than_its_options(tmp_path, options):
    about = {"data": "cub50", "model": "2st-cnn", "classes": ["bird"] * 50, "options": options}
    whole = {"format": 1, "experiment": about, "metrics": {}, "provenance": {}}
    path = tmp_path / "cub50-2st-cnn.safetensors"
    save_file({"weight": torch.zeros(1)}, path, metadata={"stn": json.dumps(whole)})
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("field", ["format", "experiment", "metrics", "provenance"])
def test_a_header_without_a_field_is_refused(good, field):
    rewritten(good, lambda about: {key: value for key, value in about.items() if key != field})
    refused(good)


def test_the_weights_of_another_model_are_refused(good):
    rewritten(
        good, lambda about: about | {"experiment": about["experiment"] | {"model": "st-cnn-affine"}}
    )
    refused(good, "r-st-cnn-affine", "expected")


NAME = "transformer.localisation.regression.weight"


def test_a_tensor_of_another_shape_is_refused(good):
    rewritten(good, change_tensors=lambda tensors: tensors | {NAME: torch.zeros(8, 32)})
    refused(good, NAME, "(6, 32)", "(8, 32)")


def test_a_missing_tensor_and_one_too_many_are_refused(good):
    complete = load_file(good)
    rewritten(
        good,
        change_tensors=lambda tensors: {
            key: value for key, value in complete.items() if key != NAME
        },
    )
    refused(good, NAME, "(6, 32)", "nothing")
    rewritten(good, change_tensors=lambda tensors: complete | {"extra": torch.zeros(3)})
    refused(good, "extra", "(3,)", "nothing")


def filled(value, dtype=torch.float32):
    def change(tensors):
        return tensors | {NAME: torch.full((6, 32), value, dtype=dtype)}

    return change


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (float("nan"), torch.float32),
        (float("inf"), torch.float32),
        (float("-inf"), torch.float16),
        (1e300, torch.float64),  # no finite float32
        (1, torch.int64),
        (True, torch.bool),
        (float("nan"), torch.float8_e4m3fn),
    ],
)
def test_weights_that_are_no_finite_float32_numbers_are_refused(good, value, dtype):
    rewritten(good, change_tensors=filled(value, dtype))
    refused(good, NAME)


# What is no file, and weights that answer nothing


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The folder of your own models."""
    monkeypatch.setenv("STN_CHECKPOINTS", str(tmp_path / "own"))
    (tmp_path / "own" / "digits").mkdir(parents=True)
    return tmp_path / "own"


def make_folder(path):
    path.mkdir()


def make_dangling_link(path):
    path.symlink_to(path.parent / "nothing")


NO_FILES = [
    (make_folder, "it is a folder"),
    (make_dangling_link, "it is a link to what is not there"),
    (os.mkfifo, "it is no ordinary file"),
]


@pytest.mark.parametrize(("make", "why"), NO_FILES)
@pytest.mark.parametrize("place", ["digits", "."])
def test_what_is_no_file_among_your_own_is_said_and_not_passed_over(own, make, why, place):
    path = own / place / "r-st-fcn-affine.safetensors"
    make(path)
    with pytest.raises(CheckpointError, match=why):
        load_checkpoint("r-st-fcn-affine")


@pytest.mark.parametrize(("make", "why"), NO_FILES)
def test_what_is_no_file_is_refused_at_once(tmp_path, make, why):
    make(tmp_path / "r-fcn.safetensors")
    refused(tmp_path / "r-fcn.safetensors", why)


@pytest.mark.parametrize("value", [1e38, -1e38, 1e20, torch.inf, torch.nan])
@pytest.mark.parametrize("part", ["classifier.1.weight", "classifier.5.bias", "regression.weight"])
def test_weights_that_give_no_answer_are_refused(good, model, tmp_path, part, value):
    def spoiled(tensors):
        (name,) = (name for name in tensors if name.endswith(part))
        return tensors | {name: torch.full_like(tensors[name], value)}

    rewritten(good, change_tensors=spoiled)
    refused(good, "expected a model that answers")
    # and nothing good is replaced by them
    path = save_checkpoint(tmp_path / "kept.safetensors", model, EXPERIMENT, METRICS, PROVENANCE)
    before = path.read_bytes()
    spoilt = EXPERIMENT.create_model()
    spoilt.load_state_dict(load_file(good))
    with pytest.raises(CheckpointError, match=r"kept.safetensors is not written.*diverged"):
        save_checkpoint(path, spoilt, EXPERIMENT, METRICS, PROVENANCE)
    assert path.read_bytes() == before and sorted(tmp_path.rglob("*.safetensors")) == [good, path]


def test_weights_too_large_for_half_precision_are_not_written(tmp_path):
    spoilt = EXPERIMENTS["r-fcn"].create_model()
    with torch.no_grad():
        spoilt.classifier[1].weight[0, 0] = 70_000.0
    path = tmp_path / "r-fcn.safetensors"
    with pytest.raises(CheckpointError, match="not finite"):
        save_checkpoint(path, spoilt, EXPERIMENTS["r-fcn"], {}, {}, torch.float16)
    assert not path.exists()


def test_checkpoints_are_readable_by_all_whom_the_umask_lets(tmp_path, model):
    before = os.umask(0o022)
    try:
        path = save_checkpoint(tmp_path / "m.safetensors", model, EXPERIMENT, {}, {})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644
