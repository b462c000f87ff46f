"""A trained model as a file for other programs: ONNX, torch.export, the browser's engine.

Each is read back as others would read it and asked about pictures that everybody has, before it is
written: what differs from PyTorch's answer is never left on the disk.
"""

import base64
import io
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor, nn

from stn_core.data.distortions import distort
from stn_core.data.mnist import Digits, gallery
from stn_core.data.pairs import draw_pairs
from stn_core.data.uploads import square
from stn_core.experiments.checkpoints import Checkpoint
from stn_core.experiments.registry import Experiment
from stn_core.files import check_writable, write_file
from stn_core.interchange import browser_format
from stn_core.interchange.errors import ExportError
from stn_core.models.backbone import SIDE
from stn_core.places import ASSETS
from stn_core.transformer.spatial_transformer import ExplainableModel

OPSET = 18  # has GridSample and everything else here, and browsers run it on their GPU
TOLERANCE = 1e-3  # of a logit, on the pictures below


class Exported(NamedTuple):
    """A file that was written, and how its answers compare with PyTorch's."""

    path: Path
    pictures: int  # how many it was asked about
    difference: float  # the largest, of all their logits
    agreeing: int  # on how many of them it names the same class


class Answers(nn.Module):
    """images -> logits, then the thetas and the outputs of the transformers (``output_names``)."""

    def __init__(self, model: ExplainableModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        logits, transformers = self.model.explain(images)
        thetas = (trace.theta for trace in transformers)
        return (logits, *thetas, *(trace.output for trace in transformers))


def output_names(model: ExplainableModel) -> list[str]:
    """logits; theta and output of a transformer; of several theta_1, theta_2 ..., output_1 ..."""
    count = len(model.transforms)
    numbers = [""] if count == 1 else [f"_{i}" for i in range(1, count + 1)]
    return ["logits", *(f"{name}{number}" for name in ("theta", "output") for number in numbers)]


def export_model(checkpoint: Checkpoint, path: str | Path) -> Exported:
    """Write a model in the format that the path's ending names, and compare it with PyTorch.

    .onnx: opset 18, float32, any batch size; input ``images`` (batch, C, H, W) in [0, 1], outputs
    as ``output_names`` has them. .pt2: the same, for ``torch.export.load``, its outputs a tuple.
    .json: for ``ui/browser/network.js``, digit models only (``browser_format``). Each carries the
    experiment's name, its classes and the names of the outputs. The file is asked about 100
    distorted digits of the gallery, or about the pictures of birds that come with the app.

    Raises:
        ExportError: and no file is left, if the model has a part without a counterpart there, if a
            package is missing, or if the file's logits differ from PyTorch's by more than 0.001.
        FileError: the file can't be written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     written = export_model(load_checkpoint("r-st-cnn-affine"), folder + "/model.json")
    >>> written.pictures, written.agreeing, written.difference < 1e-4
    (100, 100, True)
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise ExportError(
            "no_such_format",
            "{path}: a model can be written as {known}; end the name with one of them",
            path=path,
            known=", ".join(FORMATS),
        )
    write, ask, packages = FORMATS[path.suffix]
    if missing := [name for name in packages if find_spec(name) is None]:
        raise ExportError(
            "no_exporter",
            "{path}: ONNX needs {missing}; install what is missing with: pip install "
            "'stn-laboratory[export]', or in a clone: pip install '.[export]'",
            path=path,
            missing=", ".join(missing),
        )
    images = pictures_for(checkpoint.experiment)
    with torch.inference_mode():
        logits = checkpoint.model(images)
    check_writable(path)
    with refusing(path):
        content = write(checkpoint, images[:2])
    answer = ask(content, images)
    difference = float((answer - logits).abs().max())
    if not difference <= TOLERANCE:  # also where it is not a number
        raise ExportError(
            "differs",
            "{path}: the file's logits differ from PyTorch's by {difference:.2g}, more than "
            "{most:g}; it was not kept",
            path=path,
            difference=difference,
            most=TOLERANCE,
        )
    write_file(path, content)
    agreeing = int((answer.argmax(1) == logits.argmax(1)).sum())
    return Exported(path, len(images), difference, agreeing)


def pictures_for(experiment: Experiment) -> Tensor:
    """What a file is asked about, float32 (N, C, H, W).

    100 digits of the gallery, ten of each class, distorted as the experiment's are, or 100 pairs of
    them; or the birds that come with the app.
    """
    if experiment.birds:
        birds = sorted((ASSETS / "birds").glob("*.webp"))
        return torch.stack([square(Image.open(bird), SIDE) for bird in birds])
    images, labels = gallery()
    shown = Digits(images[::50], labels[::50])
    if experiment.pairs:
        return draw_pairs(shown, experiment.data, seed=0).images
    return distort(shown.images, experiment.data, seed=0)


def about(checkpoint: Checkpoint) -> dict[str, Any]:
    """What every file says of itself."""
    experiment = checkpoint.experiment
    return {
        "experiment": experiment.name,
        "classes": list(experiment.classes),
        "outputs": output_names(checkpoint.model),
    }


# ONNX


def as_onnx(checkpoint: Checkpoint, images: Tensor) -> bytes:
    file = torch.onnx.export(
        exported(checkpoint.model, images),
        dynamo=True,
        opset_version=OPSET,
        input_names=["images"],
        dynamic_shapes={"images": {0: "batch"}},  # its name in the file
        output_names=output_names(checkpoint.model),
        verbose=False,
    )
    assert file is not None
    leave_out_pools_of_one(file.model.graph)
    file.model.metadata_props["stn"] = json.dumps(about(checkpoint))
    return file.model_proto.SerializeToString()


def leave_out_pools_of_one(graph: Any) -> None:
    """Take the max-pools over 1x1 maps, as localisation networks have them, out of an ``onnx_ir``
    graph: they give back what they read, and OpenVINO refuses a window that is larger than its map.
    """
    for node in list(graph):
        read = node.inputs[0] if node.op_type == "MaxPool" else None
        if read is not None and read.shape is not None and list(read.shape[2:]) == [1, 1]:
            node.outputs[0].replace_all_uses_with(read)
            graph.remove(node, safe=True)


def ask_onnx(content: bytes, images: Tensor) -> Tensor:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0])


# torch.export


def as_program(checkpoint: Checkpoint, images: Tensor) -> bytes:
    program, buffer = exported(checkpoint.model, images), io.BytesIO()
    torch.export.save(program, buffer, extra_files={"stn.json": json.dumps(about(checkpoint))})
    return buffer.getvalue()


def ask_program(content: bytes, images: Tensor) -> Tensor:
    with torch.inference_mode():
        return torch.export.load(io.BytesIO(content)).module()(images)[0]


# The browser's engine


def as_browser_model(checkpoint: Checkpoint, images: Tensor) -> bytes:
    height, width = images.shape[2:]
    description, block = browser_format.browser_model(checkpoint.model, (height, width))
    numbers = {"numbers": base64.b64encode(block).decode()}
    return json.dumps(about(checkpoint) | description | numbers).encode()


def ask_browser_model(content: bytes, images: Tensor) -> Tensor:
    description = json.loads(content)
    with torch.inference_mode():
        return browser_format.answer(description, base64.b64decode(description["numbers"]), images)


class Format(NamedTuple):
    """What makes a file of a trained model for pictures like two given, and what answers from it;
    the packages that both need."""

    write: Callable[[Checkpoint, Tensor], bytes]
    ask: Callable[[bytes, Tensor], Tensor]
    packages: tuple[str, ...] = ()


FORMATS: dict[str, Format] = {
    ".onnx": Format(as_onnx, ask_onnx, ("onnx", "onnxscript", "onnxruntime")),
    ".pt2": Format(as_program, ask_program),
    ".json": Format(as_browser_model, ask_browser_model),
}


def exported(model: ExplainableModel, images: Tensor) -> torch.export.ExportedProgram:
    """The model as torch.export sees it, for any number of images like these."""
    batch = torch.export.Dim("batch")
    return torch.export.export(Answers(model).eval(), (images,), dynamic_shapes=({0: batch},))


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """An exporter's own errors, of many types and pages long, as one ExportError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ExportError:
        raise
    except Exception as error:
        raise ExportError(
            "not_exportable",
            "{path}: PyTorch can't write this model so ({why}): a part of it has no counterpart",
            path=path,
            why=" ".join(str(error).split())[:200],
        ) from error
