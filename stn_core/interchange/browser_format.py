"""A digit model for the browser's engine (ui/browser/network.js): its layers and its numbers.

Nothing about a model is known twice. Whatever its sizes, the layers are walked and run once on an
empty image, so that the description says what the modules do; a module that the browser could not
follow is refused by name.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stn_core.interchange.errors import ExportError
from stn_core.models.digits import DigitModel
from stn_core.models.pairs import PairModel
from stn_core.transformer.localisation import Localisation
from stn_core.transformer.sampler import sample
from stn_core.transformer.spatial_transformer import ExplainableModel, SpatialTransformer
from stn_core.transformer.transforms import TRANSFORMS, Size

Layer = dict[str, Any]
# transforms.js knows them
FAMILIES = ("translation", "attention", "similarity", "affine", "projective", "tps")


def browser_model(model: ExplainableModel, size: Size) -> tuple[dict[str, Any], bytes]:
    """A model for images of ``size`` (H, W): its description, and its numbers (little-endian; see
    ``precision``) in one block.

    description: ``input`` [H, W]; ``channels`` of it; ``transformer``, null or its family, size,
    kernel, padding and localisation (layers), and ``beside``, those in parallel with it, whose
    outputs are concatenated; ``classifier`` (layers); ``precision``, float16 where that keeps every
    number exactly, else float32. A layer maps a map of ``in`` [C, H, W] to ``out``: conv with
    ``kernel`` [h, w], the first of its ``weights`` (out, in, h, w) and of its ``bias`` in the
    block; maxpool and avgpool with ``kernel`` and ``stride`` [h, w]; relu. A linear layer is a
    convolution whose kernel is as large as the map. ExportError if the engine lacks a part.
    """
    if not isinstance(model, DigitModel | PairModel):
        raise ExportError(
            "no_digits",
            "only digit models run in the browser's engine; this is a {kind}",
            kind=type(model).__name__,
        )
    for transform in model.transforms:
        if transform.name not in FAMILIES:
            raise ExportError(
                "no_such_family",
                "the browser's engine has no {name} transform",
                name=transform.name,
            )
    if isinstance(model, DigitModel) and model.warps_maps:
        raise ExportError(
            "map_warped", "the browser's engine warps images only; this model warps feature maps"
        )
    try:
        return _export(model, size)
    except RuntimeError as error:  # a layer that does more than what is read off it
        raise ExportError(
            "not_in_turn",
            "the browser's engine can't follow its layers one by one ({why})",
            why=str(error),
        ) from error


def _export(model: DigitModel | PairModel, size: Size) -> tuple[dict[str, Any], bytes]:
    numbers: list[Tensor] = []
    parts = [part for part in model.modules() if isinstance(part, SpatialTransformer)]
    channels = 2 if isinstance(model, PairModel) else 1
    image = torch.zeros(1, channels, *size)
    about: dict[str, Any] = {
        "input": list(size),
        "channels": channels,
        "transformer": None,
        "beside": [],
    }
    with torch.inference_mode():
        if parts:
            about["transformer"], *about["beside"] = (
                _transformer(part, image, numbers) for part in parts
            )
            image = torch.zeros(1, channels * len(parts), *parts[0].size)
        pooling = [nn.AvgPool2d(model.pool)] if model.pool > 1 else []
        about["classifier"], _ = _walk(nn.Sequential(*pooling, model.classifier), image, numbers)
    block = torch.cat([tensor.detach().float().flatten() for tensor in numbers]).numpy()
    half = block.astype("<f2")
    exact = bool((half.astype("<f4") == block).all())
    return about | {"precision": "float16" if exact else "float32"}, (
        half if exact else block.astype("<f4")
    ).tobytes()


def _transformer(part: SpatialTransformer, image: Tensor, numbers: list[Tensor]) -> dict[str, Any]:
    localisation = part.localisation
    if isinstance(localisation, Localisation):
        localisation = nn.Sequential(localisation.features, localisation.regression)
    assert localisation is not None
    layers, _ = _walk(localisation, image, numbers)
    return {
        "family": part.transform.name,
        "size": list(part.size),
        "kernel": part.kernel,
        "padding": part.padding,
        "localisation": layers,
    }


def answer(about: dict[str, Any], block: bytes, images: Tensor) -> Tensor:
    """The logits (B, classes) for images (B, C, H, W), from what ``browser_model`` gives alone.

    To check a file with: it follows the description step by step, as the engine does.
    """
    kind = "<f2" if about["precision"] == "float16" else "<f4"
    numbers = torch.from_numpy(np.frombuffer(block, kind).astype(np.float32))
    outputs = []
    for part in filter(None, [about["transformer"], *about["beside"]]):
        theta = _run(part["localisation"], numbers, images).flatten(1)
        grid = TRANSFORMS[part["family"]].grid(theta, tuple(part["size"]))
        outputs.append(sample(images, grid, part["kernel"], part["padding"]))
    images = torch.cat(outputs, dim=1) if outputs else images
    return _run(about["classifier"], numbers, images).flatten(1)


def _run(layers: list[Layer], numbers: Tensor, x: Tensor) -> Tensor:
    for layer in layers:
        if layer["type"] == "relu":
            x = x.relu()
        elif layer["type"] == "conv":
            shape = (layer["out"][0], layer["in"][0], *layer["kernel"])
            weight = numbers[layer["weights"] :][: math.prod(shape)].view(shape)
            x = F.conv2d(x, weight, numbers[layer["bias"] :][: shape[0]])
        else:
            kernel, stride = layer["kernel"], layer["stride"]
            pool = F.max_pool2d if layer["type"] == "maxpool" else F.avg_pool2d
            fits = all(
                (side - k) // s + 1 == after
                for side, k, s, after in zip(
                    layer["in"][1:], kernel, stride, layer["out"][1:], strict=True
                )
            )
            x = pool(x, kernel, stride, ceil_mode=not fits)
    return x


def _walk(module: nn.Module, x: Tensor, numbers: list[Tensor]) -> tuple[list[Layer], Tensor]:
    """A module's layers, run on x (1, C, H, W), and its output; appends weights to ``numbers``."""
    layers = []
    for part in _leaves(module):
        before = x
        x = part(x) if not isinstance(part, nn.Linear) else part(x.flatten(1))
        if isinstance(part, nn.Flatten | nn.Dropout | nn.Identity):
            x = before  # the map keeps its shape for the linear layer that follows
            continue
        x = x if x.ndim == 4 else x[:, :, None, None]
        layers.append(
            _layer(part, before, numbers) | {"in": list(before.shape[1:]), "out": list(x.shape[1:])}
        )
    return layers, x


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    if isinstance(module, nn.Sequential):
        for child in module:
            yield from _leaves(child)
    else:
        yield module


def _layer(part: nn.Module, x: Tensor, numbers: list[Tensor]) -> Layer:
    if isinstance(part, nn.ReLU):
        return {"type": "relu"}
    if isinstance(part, nn.Linear | nn.Conv2d):
        kernel = part.kernel_size if isinstance(part, nn.Conv2d) else tuple(x.shape[2:])
        if isinstance(part, nn.Conv2d):
            plain = (
                part.stride == (1, 1)
                and part.padding == (0, 0)
                and part.dilation == (1, 1)
                and part.groups == 1
            )
            _only(plain, part)
        bias = part.bias if part.bias is not None else torch.zeros(part.weight.shape[0])
        first = sum(tensor.numel() for tensor in numbers)
        numbers += [part.weight, bias]
        return {
            "type": "conv",
            "kernel": list(kernel),
            "weights": first,
            "bias": first + part.weight.numel(),
        }
    if isinstance(part, nn.MaxPool2d | nn.AvgPool2d):
        plain = part.padding in (0, (0, 0)) and getattr(part, "dilation", 1) in (1, (1, 1))
        _only(plain and not (isinstance(part, nn.AvgPool2d) and part.ceil_mode), part)
        kind = "maxpool" if isinstance(part, nn.MaxPool2d) else "avgpool"
        return {"type": kind, "kernel": _pair(part.kernel_size), "stride": _pair(part.stride)}
    name = type(part).__name__
    raise ExportError(
        "no_such_part",
        "the browser's engine has no {name}; add it to stn_core/interchange/browser_format.py and "
        "ui/browser/network.js",
        name=name,
    )


def _only(plain: bool, part: nn.Module) -> None:
    if not plain:
        raise ExportError(
            "no_such_layer",
            "the browser's engine has no layer like {part}; add it to "
            "stn_core/interchange/browser_format.py and ui/browser/network.js",
            part=str(part),
        )


def _pair(value: Any) -> list[int]:
    return list(np.broadcast_to(np.asarray(value), 2).tolist())
