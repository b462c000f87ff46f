"""A trained model as a file for the browser's engine."""

import json
from weakref import WeakKeyDictionary

from torch import nn

from stn_core import Checkpoint
from stn_core.interchange.browser_format import browser_model
from ui.app.static_files import serve

_served: WeakKeyDictionary[nn.Module, str] = WeakKeyDictionary()


def model_file(checkpoint: Checkpoint) -> str:
    """The served file with a model for the browser: the length of its description (4 bytes), the
    description as JSON, the numbers. ExportError if the browser's engine lacks a part of it."""
    model = checkpoint.model
    if model not in _served:
        _, height, width = checkpoint.experiment.input_shape
        about, block = browser_model(model, (height, width))
        head = json.dumps(about).encode()
        content = len(head).to_bytes(4, "little") + head + block
        _served[model] = serve("model-{}.bin", content)
    return _served[model]
