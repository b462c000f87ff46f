"""Tensors that are computed once and shared."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import torch

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def is_recorded() -> bool:
    """Whether what runs now becomes a program: torch.export, torch.compile, torch.jit.trace."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]


def is_faked() -> bool:
    """Whether tensors hold no numbers, as in a fake tensor mode, unless it serves a recording."""
    return not is_recorded() and type(torch.empty(0)) is not torch.Tensor


def tensor_cache(
    maxsize: int,
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Keeps what functions make, as ``functools.cache`` does, and forgets all of it beyond
    ``maxsize``. What they make while a program is recorded belongs to that program and is never
    kept; what was kept before is a constant of it."""

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        kept: dict[Any, Result] = {}

        @wraps(function)
        def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            if is_faked():
                return function(*args, **kwargs)
            key = (args, *kwargs.items())
            found = kept.get(key)  # in one go: another thread may empty the cache at any moment
            if found is not None:
                return found
            if is_recorded():
                return function(*args, **kwargs)
            # whoever asks first may not want gradients, a later one may
            with torch.inference_mode(False):
                made = function(*args, **kwargs)
            if len(kept) >= maxsize:
                kept.clear()
            return kept.setdefault(key, made)

        return call

    return decorate


def at_least_float32(tensor: torch.Tensor) -> torch.Tensor:
    """Integers and half precision as float32, float64 as it is."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
