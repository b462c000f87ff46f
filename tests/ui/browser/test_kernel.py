"""The kernel of the live engine: its text, its bytes, and what it computes.

python tests/ui/browser/test_kernel.py assembles the bytes again, after a change of the text.
"""

import ctypes
from pathlib import Path

import numpy as np
from wasmtime import Instance, Limits, Memory, MemoryType, Module, Store, wat2wasm

BROWSER = Path(__file__).parents[3] / "ui/browser"
TEXT, BYTES = BROWSER / "kernel.wat", BROWSER / "kernel.wasm"


def test_the_bytes_are_the_text_s():
    assert BYTES.read_bytes() == wat2wasm(TEXT.read_text()), (
        "run python tests/ui/browser/test_kernel.py"
    )


def test_eight_channels_of_four_places_are_summed():
    """A convolution's window of 3 x 5 floats in lines of 9, at four places, held against numpy."""
    rows, run, line = 3, 5, 9
    generator = np.random.default_rng(0)
    image = generator.standard_normal(200).astype("f4")
    weights = generator.standard_normal((rows, run, 8)).astype("f4")
    bias = generator.standard_normal(8).astype("f4")
    places = (0, 1, 7, 30)

    store = Store()
    memory = Memory(store, MemoryType(Limits(1, None)))
    floats = np.ctypeslib.as_array(
        ctypes.cast(memory.data_ptr(store), ctypes.POINTER(ctypes.c_float)), (1 << 14,)
    )
    at = {"image": 0, "weights": 1000, "bias": 2000, "out": 3000}
    for name, values in (("image", image), ("weights", weights.ravel()), ("bias", bias)):
        floats[at[name] : at[name] + values.size] = values
    kernel = Instance(store, Module(store.engine, BYTES.read_bytes()), [memory]).exports(store)["k"]
    inputs = [4 * (at["image"] + place) for place in places]
    outputs = [4 * (at["out"] + 8 * j) for j in range(4)]
    kernel(store, *inputs, rows, 4 * (line - run), run, 4 * at["weights"], 4 * at["bias"], *outputs)

    for place, output in zip(places, outputs, strict=True):
        window = np.array([image[place + line * row :][:run] for row in range(rows)])
        expected = bias + np.einsum("ri,ric->c", window, weights)
        assert np.allclose(floats[output // 4 :][:8], expected, atol=1e-5)


if __name__ == "__main__":
    BYTES.write_bytes(wat2wasm(TEXT.read_text()))
