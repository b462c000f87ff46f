#!/usr/bin/env bash
# DM-PIX 0.4.5 interpolates between the pixels at floor(x) and ceil(x). At a whole pixel the two are one, so
# the value is right and its slope is 0, where jax.scipy.ndimage.map_coordinates has the right-hand one. A
# transformer that starts at the identity, as they are meant to, reads at whole pixels alone: every number of
# its matrix has the gradient 0, and training leaves it there for good. A thousandth of a pixel beside the
# identity, it learns. An open pull request of google-deepmind/dm_pix (126) tells the cause and mends it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile dm-pix==0.4.5 jax==0.10.2 jaxlib==0.10.2
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import dm_pix
import jax
import jax.numpy as jnp

SIDE, SHIFT = 28, 2.0
print(", ".join(f"{name} {version(name)}" for name in ("dm-pix", "jax")))
rows, columns = jnp.meshgrid(jnp.arange(SIDE), jnp.arange(SIDE), indexing="ij")


def hill(row, column):
    return jnp.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 18)[:, :, None]


def by_dm_pix(image, matrix):
    return dm_pix.affine_transform(image, matrix, mode="nearest")


def by_jax(image, matrix):
    """The same warp of rows and columns, output to input, by map_coordinates."""
    places = [matrix[i, 0] * rows + matrix[i, 1] * columns + matrix[i, 3] for i in (0, 1)]
    return jax.scipy.ndimage.map_coordinates(image[:, :, 0], places, 1, mode="nearest")[:, :, None]


def shifted(shift):
    return jnp.eye(3, 4).at[1, 3].set(shift)


def slope(warp, shift):
    """Of a ramp whose step is 1, in its middle, as it is read further to the right."""
    ramp = jnp.float32(columns)[:, :, None]
    return float(jax.grad(lambda s: warp(ramp, shifted(s))[9, 9, 0])(shift))


def trained(warp, start):
    """Where a column shift ends that is to lay one hill over another."""
    image, target = hill(13.3, 15.6), hill(13.3, 15.6 - SHIFT)
    step = jax.jit(jax.grad(lambda s: jnp.mean((warp(image, shifted(s)) - target) ** 2)))
    shift = jnp.float32(start)
    for _ in range(300):
        shift -= 20 * step(shift)
    return float(shift)


PLACES = (-1.0, 0.0, 0.5, 1.0, 1.25)
for warp, wanted in ((by_jax, [1, 1, 1, 1, 1]), (by_dm_pix, [0, 0, 1, 0, 1])):
    image, target = hill(13.3, 15.6), hill(12.3, 13.6)
    loss = lambda matrix: jnp.mean((warp(image, matrix) - target) ** 2)
    same = bool(jnp.array_equal(warp(image, jnp.eye(3, 4)), image))
    slopes = [slope(warp, place) for place in PLACES]
    numbers = jax.grad(loss)(jnp.eye(3, 4))[:2, jnp.array([0, 1, 3])]
    moving = int(jnp.sum(jnp.abs(numbers) > 1e-6))
    ends = [round(trained(warp, start), 2) for start in (0.0, 0.001)]
    print(
        f"{warp.__name__}: the identity changes nothing: {same}; slopes of a ramp shifted by {PLACES}, "
        f"expected {[1.0] * 5}, seen {slopes}; of the 6 numbers of an identity, expected 6 with a "
        f"gradient, seen {moving}; a shift of {SHIFT}, learned from 0 and from 0.001: seen {ends}"
    )
    assert same and slopes == wanted, slopes
    assert moving == (6 if warp is by_jax else 0), numbers
    assert ends == [SHIFT if warp is by_jax else 0, SHIFT], ends
PYTHON
