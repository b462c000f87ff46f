#!/usr/bin/env bash
# jax.image.scale_and_translate writes a warp the other way round than T_theta: input to output, with
# 0 at the image's edge. Shrinking, it smooths by default, and at the border it spreads the weights of
# what is missing over the pixels that are there: no torch padding mode does either.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile jax==0.10.2 torch==2.13.0
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F

ramp = np.arange(8, dtype=np.float32)


def scaled(scale, shift, size, **options):
    numbers = jnp.array([scale]), jnp.array([shift])
    return np.asarray(
        jax.image.scale_and_translate(jnp.asarray(ramp), (size,), (0,), *numbers, "linear", **options)
    )


def sampled(scale, shift, size, padding="border"):
    """Output pixel i, centre i + 0.5, reads the input at (i + 0.5 - shift) / scale from its edge."""
    x = 2 * (torch.arange(size) + 0.5 - shift) / scale / 8 - 1
    grid = torch.stack((x, torch.zeros(size)), dim=-1).view(1, 1, size, 2)
    image = torch.from_numpy(ramp).expand(1, 1, 8, 8)
    return F.grid_sample(image, grid, padding_mode=padding, align_corners=False)[0, 0, 0].numpy()


print(f"jax {jax.__version__}, torch {torch.__version__}")
inner = slice(2, 14)
off = np.abs(scaled(2.0, 0.5, 16)[inner] - sampled(2.0, 0.5, 16)[inner]).max()
print(f"magnified twice, shifted: expected as torch, seen a difference of {off:.1e}")
assert off < 1e-5
off = np.abs(scaled(0.5, 0.0, 4, antialias=False) - sampled(0.5, 0.0, 4)).max()
print(f"shrunk by half with antialias=False: expected as torch, seen a difference of {off:.1e}")
assert off < 1e-5
smooth, plain = scaled(0.5, 0.0, 4).round(3).tolist(), sampled(0.5, 0.0, 4).round(3).tolist()
print(f"shrunk by half: torch reads {plain}, jax expected [0.714, 2.5, 4.5, 6.286], seen {smooth}")
assert np.allclose(smooth, [0.714, 2.5, 4.5, 6.286]) and plain == [0.5, 2.5, 4.5, 6.5]
last = [round(float(each[-1]), 3) for each in
        (scaled(1.0, -0.4, 8), sampled(1.0, -0.4, 8), sampled(1.0, -0.4, 8, "zeros"))]
print(f"the last pixel read 0.4 pixels outside: jax expected 7.0 as border, seen {last[0]}; torch "
      f"border {last[1]}, zeros {last[2]}")
assert last == [7.0, 7.0, 4.2]
beyond = [round(float(each[-1]), 3) for each in (scaled(1.0, -0.6, 8), sampled(1.0, -0.6, 8))]
print(f"and 0.6 pixels outside: jax expected 0.0, seen {beyond[0]}; torch border {beyond[1]}")
assert beyond == [0.0, 7.0]
PYTHON
