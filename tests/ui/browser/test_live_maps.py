"""theta from quantities and back, the map used the wrong way round, and a kernel's curve, in the
browser and in PyTorch."""

import math

import pytest
import torch

from stn_core import TRANSFORMS
from stn_core.explain.compose import compose_theta
from stn_core.explain.resampling import forward_warp, kernel_profile
from stn_core.transformer.sampler import KERNELS

GIVEN = {
    "x": 0.2,
    "y": -0.35,
    "scale": 0.6,
    "angle": math.radians(-130),
    "stretch": 1.4,
    "shear": 0.3,
    "px": 0.25,
    "py": -0.1,
    "bulge": 0.3,
    "wave": -0.2,
    "moves": [round(0.02 * (i % 7) - 0.06, 2) for i in range(32)],
}
BACK = {  # what a theta of the family says
    "translation": ("x", "y"),
    "attention": ("x", "y", "scale"),
    "similarity": ("x", "y", "scale", "angle"),
    "affine": ("x", "y", "scale", "angle", "stretch", "shear"),
    "projective": ("x", "y", "scale", "angle", "stretch", "shear", "px", "py"),
}
CALL = """async ([file, name, ...values]) => {
  const found = (await import(`/browser/${file}.js`))[name](...values);
  return JSON.parse(JSON.stringify(found, (_, v) => (ArrayBuffer.isView(v) ? [...v] : v)));
}"""


@pytest.mark.parametrize("family", TRANSFORMS)
def test_the_same_quantities_give_the_same_theta(module_page, family):
    theta = module_page.evaluate(CALL, ["compose", "compose", family, GIVEN])
    assert theta == pytest.approx(compose_theta(family, **GIVEN).tolist(), abs=1e-6)


@pytest.mark.parametrize("family", BACK)
def test_a_theta_gives_its_quantities_back(module_page, family):
    theta = compose_theta(family, **GIVEN).tolist()
    found = module_page.evaluate(CALL, ["compose", "quantitiesOf", family, theta])
    expected = {name: GIVEN[name] for name in BACK[family]}
    assert {name: found[name] for name in BACK[family]} == pytest.approx(expected, abs=1e-5)


def test_pixels_are_pushed_to_where_pytorch_pushes_them(module_page):
    image = torch.rand(28, 28, generator=torch.Generator().manual_seed(3))
    grid = TRANSFORMS["affine"].grid(compose_theta("affine", **GIVEN)[None], (28, 28))[0]
    sent = [image.flatten().tolist(), 28, 28, grid.flatten().tolist()]
    found = module_page.evaluate(CALL, ["forward_warp", "forwardWarp", *sent])
    output, landed = forward_warp(image, grid)
    assert found["landed"] == landed.flatten().int().tolist()
    assert found["output"] == pytest.approx(output.flatten().tolist())


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_kernel_has_the_same_curve(module_page, kernel):
    distances = torch.linspace(-2.6, 2.6, 53) + 1e-3
    curve = """async ([kernel, all]) => {
      const { weightAt } = await import("/browser/sampler.js");
      return all.map((d) => weightAt(kernel, d));
    }"""
    found = module_page.evaluate(curve, [kernel, distances.tolist()])
    assert found == pytest.approx(kernel_profile(kernel, distances).tolist(), abs=1e-5)
