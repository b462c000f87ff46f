"""The former place of ``stn_core.transformer.transforms``, for programs that import from here."""

from stn_core.transformer.transforms import (
    TRANSFORMS,
    Affine,
    Attention,
    Projective,
    Similarity,
    ThinPlateSpline,
    Transform,
    Translation,
)

__all__ = [
    "TRANSFORMS",
    "Affine",
    "Attention",
    "Projective",
    "Similarity",
    "ThinPlateSpline",
    "Transform",
    "Translation",
]
