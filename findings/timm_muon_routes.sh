#!/usr/bin/env bash
# timm's Muon with AdamW for the rest: a group with use_fallback=False still goes to AdamW where a
# filter has one input channel, as every first convolution on MNIST has, at Muon's rate and in
# silence; only use_muon=True moves it by Muon. And with nesterov=True, which is Muon's, the others
# move by NAdamW; the defaults of betas and eps are not those of torch's AdamW either.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile torch==2.14.1 torchvision==0.29.1 timm==1.0.31
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import torch
from timm.optim.muon import Muon

torch.manual_seed(0)


def moved(kind, shape, steps=1, **settings):
    """How weights of ones go under the same gradients."""
    generator = torch.Generator().manual_seed(1)
    weights = torch.nn.Parameter(torch.ones(shape))
    group = {"params": [weights], **settings}
    optimiser = kind([group], lr=0.02, weight_decay=0.0)
    for _ in range(steps):
        weights.grad = torch.randn(shape, generator=generator)
        optimiser.step()
    return (1 - weights.detach()) / 0.02


def is_sign(update):
    """AdamW's first step has the size of its rate in every number."""
    return bool(((update.abs() - 1).abs() < 1e-3).all())


print("torch", version("torch").split("+")[0], "timm", version("timm"))
for channels in (1, 3):
    shape = (16, channels, 9, 9)
    by_fallback = moved(Muon, shape, use_fallback=False)
    by_muon = moved(Muon, shape, use_muon=True)
    print(
        f"filters {shape}: use_fallback=False moves by {'AdamW' if is_sign(by_fallback) else 'Muon'}, "
        f"use_muon=True by {'AdamW' if is_sign(by_muon) else 'Muon'}"
    )
    assert is_sign(by_fallback) == (channels == 1) and not is_sign(by_muon)
plain = moved(torch.optim.AdamW, (50,), steps=5)
away = {}
for name, settings in (
    ("as they come", {}),
    ("betas, eps of torch", {"betas": (0.9, 0.999), "eps": 1e-8}),
    ("the same, nesterov", {"betas": (0.9, 0.999), "eps": 1e-8, "nesterov": True}),
):
    other = moved(Muon, (50,), steps=5, use_muon=False, **settings)
    away[name] = (other - plain).abs().max().item()
    print(f"five steps of the fallback, {name}: off torch's AdamW by {away[name]:.4f} rates")
assert [distance > 0.05 for distance in away.values()] == [True, False, True], away
PYTHON
