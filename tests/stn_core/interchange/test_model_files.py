"""Models as files for other programs: what goes out answers as PyTorch does, and nothing else goes
out."""

import json
import sys
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from stn_core import (
    EXPERIMENTS,
    TRANSFORMS,
    Checkpoint,
    ExportError,
    Transform,
    distort,
    export_model,
    load_checkpoint,
)
from stn_core.data.mnist import Digits, gallery
from stn_core.data.pairs import draw_pairs
from stn_core.interchange.model_files import OPSET
from stn_core.models.digits import DigitModel
from stn_core.transformer.localisation import fully_connected
from stn_core.transformer.spatial_transformer import SpatialTransformer

# every network and every family, one or two of them, and the canvases of 28, 42 and 60 pixels
IN_BROWSERS = (
    "r-fcn",
    "rts-cnn",
    "r-st-fcn-affine",
    "p-st-fcn-projective",
    "e-st-fcn-tps",
    "tc-st-cnn-affine",
    "p-st-cnn-projective",
    "rts-st-cnn-tps",
    "r2-cnn",
    "rts2-2st-cnn-affine",
)
MAP = "r-st-cnn-affine-map"  # which browsers' engine lacks
FAMILIES = (*IN_BROWSERS, MAP)


def digits_for(checkpoint, count):
    chosen, kind = torch.arange(count) * 5000 // count, checkpoint.experiment.data
    images, labels = (each[chosen] for each in gallery())
    if checkpoint.experiment.pairs:
        return draw_pairs(Digits(images, labels), kind, seed=7).images
    return distort(images, kind, seed=7)


def untrained(model, name="r-st-fcn-affine"):
    """A model that is no experiment's, as a checkpoint."""
    return Checkpoint(model.eval(), EXPERIMENTS[name], {}, {})


def last(*layers):
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(784, 10))


def behind(transform, classifier=None):
    """A transformer of a family of one's own."""
    part = SpatialTransformer(fully_connected((28, 28), transform), transform, (28, 28))
    return untrained(DigitModel(classifier or last(), part))


@pytest.fixture(scope="module", params=FAMILIES)
def as_onnx(request, tmp_path_factory):
    checkpoint = load_checkpoint(request.param)
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    return checkpoint, export_model(checkpoint, path)


def test_onnx_runtime_answers_as_torch_does(as_onnx):
    checkpoint, written = as_onnx
    session = onnxruntime.InferenceSession(written.path, providers=["CPUExecutionProvider"])
    images = digits_for(checkpoint, 1000)
    with torch.inference_mode():
        logits, traces = checkpoint.model.explain(images)
    numbers = [""] if len(traces) == 1 else [f"_{k}" for k in range(1, len(traces) + 1)]
    expected = {"logits": logits}
    expected |= {f"theta{k}": trace.theta for k, trace in zip(numbers, traces, strict=False)}
    expected |= {f"output{k}": trace.output for k, trace in zip(numbers, traces, strict=False)}
    assert [each.name for each in session.get_outputs()] == list(expected)
    for batch in (1, 7):
        answers = session.run(None, {"images": images[:batch].numpy()})
        for answer, (name, value) in zip(answers, expected.items(), strict=True):
            assert answer.shape == (batch, *value.shape[1:])
            assert np.abs(answer - value[:batch].numpy()).max() < 1e-4, name
    (all_logits,) = session.run(["logits"], {"images": images.numpy()})
    assert np.array_equal(all_logits.argmax(1), logits.argmax(1))


def test_the_comparison_that_is_made_at_once(as_onnx):
    _, written = as_onnx
    assert (written.pictures, written.agreeing) == (100, 100) and written.difference < 1e-4


def test_an_onnx_file_says_what_it_is(as_onnx):
    checkpoint, written = as_onnx
    model = onnx.load(written.path)
    onnx.checker.check_model(model, full_check=True)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)]
    about = json.loads({each.key: each.value for each in model.metadata_props}["stn"])
    assert about["experiment"] == checkpoint.experiment.name
    assert about["classes"] == list(checkpoint.experiment.classes)
    batch, *image = model.graph.input[0].type.tensor_type.shape.dim
    assert batch.dim_param == "batch" and [each.dim_value for each in image[1:]] == [
        *digits_for(checkpoint, 1).shape[2:]
    ]


def test_no_pool_of_an_onnx_file_is_larger_than_its_map(as_onnx):
    _, written = as_onnx
    graph = onnx.shape_inference.infer_shapes(onnx.load(written.path), strict_mode=True).graph
    sizes = {
        each.name: [side.dim_value for side in each.type.tensor_type.shape.dim[2:]]
        for each in graph.value_info
    }
    for node in graph.node:
        if node.op_type == "MaxPool" and node.input[0] in sizes:
            (kernel,) = (list(each.ints) for each in node.attribute if each.name == "kernel_shape")
            assert min(sizes[node.input[0]]) >= max(kernel)


@pytest.mark.parametrize("name", IN_BROWSERS)
def test_the_file_for_the_browser_answers_as_torch_does(name, tmp_path):
    """tests/ui/browser/test_engine.py asks the engine itself."""
    checkpoint = load_checkpoint(name)
    written = export_model(checkpoint, tmp_path / "model.json")
    assert (written.pictures, written.agreeing) == (100, 100) and written.difference < 1e-4
    about = json.loads(written.path.read_text())
    assert about["experiment"] == name
    assert about["classes"] == list(checkpoint.experiment.classes)


def test_the_program_of_torch_export_answers_as_torch_does(tmp_path):
    checkpoint = load_checkpoint("e-st-cnn-tps")
    written = export_model(checkpoint, tmp_path / "new" / "model.pt2")
    extra = {"stn.json": ""}
    program = torch.export.load(written.path, extra_files=extra).module()
    images = digits_for(checkpoint, 7)
    with torch.inference_mode():
        expected = checkpoint.model.explain(images)
        for batch in (1, 7):
            logits, theta, output = program(images[:batch])
            assert torch.allclose(logits, expected.logits[:batch], atol=1e-4)
            assert torch.allclose(theta, expected.transformers[0].theta[:batch], atol=1e-5)
            assert torch.allclose(output, expected.transformers[0].output[:batch], atol=1e-4)
    assert json.loads(extra["stn.json"])["outputs"] == ["logits", "theta", "output"]


def test_after_an_export_the_process_answers_as_before(tmp_path):
    checkpoint = load_checkpoint("p-st-fcn-affine")
    export_model(checkpoint, tmp_path / "model.pt2")
    images = digits_for(checkpoint, 3)
    with torch.inference_mode():
        answer = checkpoint.model(images)
        assert torch.equal(answer, load_checkpoint("p-st-fcn-affine").model(images))
    for size in ((28, 28), (5, 6)):
        transform = TRANSFORMS["affine"]
        grid = transform.grid(transform.identity()[None], size)
        assert type(grid) is torch.Tensor and grid.isfinite().all()


def test_bird_models_go_out_too(tmp_path):
    """Untrained: two transformers whose outputs are told apart by their numbers."""
    torch.manual_seed(0)
    experiment = replace(EXPERIMENTS["cub50-2st-cnn"], classes=tuple(map(str, range(50))))
    checkpoint = Checkpoint(experiment.create_model().eval(), experiment, {}, {})
    written = export_model(checkpoint, tmp_path / "model.pt2")
    extra = {"stn.json": ""}
    program = torch.export.load(written.path, extra_files=extra).module()
    about = json.loads(extra["stn.json"])
    assert about["outputs"] == ["logits", "theta_1", "theta_2", "output_1", "output_2"]
    shapes = [tuple(answer.shape) for answer in program(torch.rand(1, 3, 448, 448))]
    assert shapes == [(1, 50), (1, 3), (1, 3), (1, 3, 224, 224), (1, 3, 224, 224)]
    with pytest.raises(ExportError, match="only digit models"):
        export_model(checkpoint, tmp_path / "model.json")


class Bessel(Transform):
    """A family with a function that ONNX does not have."""

    name, num_params = "bessel", 2

    def identity(self):
        return torch.zeros(2)

    def coefficients(self, theta):
        one, zero = torch.ones_like(theta[:, 0]), torch.zeros_like(theta[:, 0])
        moved = torch.special.bessel_j1(theta)
        rows = (one, zero, moved[:, 0], zero, one, moved[:, 1])
        return torch.stack(rows, dim=1).unflatten(1, (2, 3))


class Noise(nn.Module):
    """What answers differently every time."""

    def forward(self, images):
        return images + torch.rand_like(images)


PLAIN, TANH = DigitModel(last()), DigitModel(last(nn.Tanh()))
REFUSED = {
    "a function that ONNX lacks": (behind(Bessel()), "model.onnx", "no counterpart"),
    "a family that the engine lacks": (behind(Bessel()), "model.json", "no bessel transform"),
    "a layer that the engine lacks": (untrained(TANH), "model.json", "no Tanh"),
    "a map that the engine can't warp": (load_checkpoint(MAP), "model.json", "warps images only"),
    "noise": (behind(TRANSFORMS["affine"], last(Noise())), "model.pt2", "differ from PyTorch's"),
    "an ending": (untrained(PLAIN), "model.h5", "end the name with one of them"),
}


@pytest.mark.parametrize("checkpoint, name, words", REFUSED.values(), ids=REFUSED)
def test_what_cannot_go_out_is_refused_in_a_sentence(checkpoint, name, words, tmp_path):
    with pytest.raises(ExportError, match=words) as error:
        export_model(checkpoint, tmp_path / name)
    assert "\n" not in str(error.value) and list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExportError, match=r"needs onnxruntime.*pip install '\.\[export\]'"):
        export_model(load_checkpoint("r-fcn"), tmp_path / "model.onnx")


def test_the_command_line_writes_and_says_how_the_answers_compare(run, tmp_path):
    path = tmp_path / "model.json"
    code, out, _ = run("export", "r-st-cnn-affine", "--to", path)
    assert code == 0 and path.exists() and "100 gallery digits" in out and "100 of them" in out
    for name, to, words in (
        ("r-st-cnn", "m.json", "nor an experiment, such as r"),
        ("r-fcn", "m.txt", ".onnx, .pt2, .json"),
        ("r-fcn", "model.json/m.json", "can't be written"),
    ):
        code, _, err = run("export", name, "--to", tmp_path / to)
        assert code == 1 and words in err and "Traceback" not in err
