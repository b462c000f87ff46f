"""In which precision convolutions and linear layers run."""

from pathlib import Path

import torch
from torch import nn


def mixed_precision(precision: str, device: str) -> str:
    """The precision of convolutions and linear layers: "bf16", or "no" mixed one."""
    if precision == "auto":
        on_gpu = device != "cpu" and torch.cuda.is_available()
        return (
            "bf16" if (torch.cuda.is_bf16_supported() if on_gpu else cpu_has_bfloat16()) else "no"
        )
    if precision not in ("float32", "bfloat16"):
        raise ValueError(f"precision must be auto, float32 or bfloat16; got {precision!r}")
    return "bf16" if precision == "bfloat16" else "no"


def round_weights(model: nn.Module, dtype: torch.dtype) -> None:
    """Let a model in float32 have what a checkpoint of precision ``dtype`` keeps of it."""
    model.load_state_dict({name: value.to(dtype) for name, value in model.state_dict().items()})


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies in bfloat16 (AVX-512 BF16, AMX); else float32 is faster."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
