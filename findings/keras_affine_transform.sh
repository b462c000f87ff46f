#!/usr/bin/env bash
# keras.ops.image.affine_transform on the torch backend writes into the tensor that holds the
# transform, so the same call twice gives two results. On JAX it does not, and a gradient reaches the
# transform, though the documentation says that none does. The two perspective numbers count for
# nothing on either; that is documented.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --no-compile keras==3.15.1 torch==2.13.0 jax==0.10.2
export CUDA_VISIBLE_DEVICES=
KERAS_BACKEND=torch "$folder/env/bin/python" -W ignore - <<'PYTHON'
import keras
import torch

image = torch.arange(16.0).reshape(1, 4, 4, 1)
transform = torch.tensor([[0.0, -1, 3, 1, 0, 0, 0, 0]])  # a quarter turn
before = transform.clone()


def warped(numbers):
    return keras.ops.image.affine_transform(image, numbers, data_format="channels_last").clone()


first = warped(transform)
name = f"keras {keras.__version__}, torch {torch.__version__}"
was, now = before.tolist()[0], transform.tolist()[0]
print(f"{name}: the transform {was} after a call, expected unchanged, seen {now}")
assert was != now
second = warped(transform)
difference = (first - second).abs().max().item()
print(f"{name}: the same call again, expected a difference of 0, seen {difference}")
assert difference > 1
tilted = torch.tensor([[1.0, 0, 0, 0, 1, 0, 0.2, 0]])
assert torch.equal(warped(tilted), image)
print(f"{name}: perspective 0.2, documented to count as 0, seen the image unchanged")
PYTHON
KERAS_BACKEND=jax "$folder/env/bin/python" -W ignore - <<'PYTHON'
import jax
import jax.numpy as jnp
import keras

image = jnp.arange(16.0).reshape(1, 4, 4, 1) ** 2
warped = lambda numbers: keras.ops.image.affine_transform(image, numbers[None], data_format="channels_last")
name = f"keras {keras.__version__}, jax {jax.__version__}"
documented = "gradients are not backpropagated into transformation parameters"
assert documented in " ".join(keras.ops.image.affine_transform.__doc__.split())
gradient = jax.grad(lambda numbers: warped(numbers).sum())(jnp.array([1.0, 0, 0.3, 0, 1, 0.2, 0, 0]))
print(f"{name}: gradient of the transform, documented as none, seen {gradient.tolist()}")
assert jnp.abs(gradient[:6]).min() > 1
transform = jnp.array([0.0, -1, 3, 1, 0, 0, 0, 0])
assert (warped(transform) == warped(transform)).all()
print(f"{name}: the same call again, expected a difference of 0, seen 0")
PYTHON
