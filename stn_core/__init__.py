"""Spatial transformer networks (Jaderberg et al., NIPS 2015, arXiv 1506.02025)."""

from stn_core.data.distortions import DISTORTIONS, distort
from stn_core.experiments.checkpoints import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    own_folder,
)
from stn_core.experiments.plugins import add_localisation, add_transform, load_plugins
from stn_core.experiments.registry import EXPERIMENTS, Experiment, create_model, list_models
from stn_core.interchange.errors import ExportError
from stn_core.interchange.model_files import Exported, export_model
from stn_core.interchange.theta import convert_theta
from stn_core.transformer.localisation import Localisation
from stn_core.transformer.sampler import KernelWeights, kernel_weights, sample
from stn_core.transformer.spatial_transformer import Explanation, SpatialTransformer, Trace
from stn_core.transformer.transforms import TRANSFORMS, Transform

__all__ = [
    "DISTORTIONS",
    "EXPERIMENTS",
    "TRANSFORMS",
    "Checkpoint",
    "CheckpointError",
    "Experiment",
    "Explanation",
    "ExportError",
    "Exported",
    "KernelWeights",
    "Localisation",
    "SpatialTransformer",
    "Trace",
    "Transform",
    "add_localisation",
    "add_transform",
    "convert_theta",
    "create_model",
    "distort",
    "export_model",
    "kernel_weights",
    "list_models",
    "load_checkpoint",
    "load_plugins",
    "own_folder",
    "sample",
]
