"""Models leave torch: exported, traced, in half and in double precision; and what an export does
stays inside it."""

import copy
import io

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from stn_core import TRANSFORMS, create_model, load_checkpoint, sample
from stn_core.explain.gradient_chain import loss_gradient
from stn_core.transformer.transforms import Affine, Projective, ThinPlateSpline

# on each canvas, each family, each network
NAMES = ("r-fcn", "r-cnn", "r-st-cnn-affine", "p-st-fcn-projective", "rts-st-cnn-tps")
TRANSFORMERS = NAMES[2:]


def loaded(name):
    checkpoint = load_checkpoint(name)
    images = torch.rand(3, *checkpoint.experiment.input_shape, generator=torch.manual_seed(0))
    return checkpoint.model, images


@pytest.mark.parametrize("family", [Affine, Projective, ThinPlateSpline])
@pytest.mark.parametrize("way", ["export", "fake"])
def test_an_export_leaves_the_process_as_it_was(family, way):
    transform = family()  # of which nothing is known yet
    theta = transform.identity()[None]

    class Warped(torch.nn.Module):
        def forward(self, theta):
            return transform.grid(theta, (5, 7))

    if way == "export":
        torch.export.export(Warped(), (theta,))
    else:
        with FakeTensorMode(allow_non_fake_inputs=True):
            Warped()(theta)
    grid = transform.grid(theta, (5, 7))
    assert type(grid) is torch.Tensor
    columns = (2 * torch.arange(7) + 1) / 7 - 1
    torch.testing.assert_close(grid[0, 2, :, 0], columns, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_model_answers_as_before_and_so_does_the_model(name):
    model, images = loaded(name)
    before = model(images)
    program = torch.export.export(model, (images,)).module()
    assert type(model(images)) is torch.Tensor and torch.equal(model(images), before)
    torch.testing.assert_close(program(images), before, atol=1e-4, rtol=0)


def test_a_new_model_is_exported_first_and_asked_then():
    model, images = create_model("st-cnn-affine", "rts").eval(), torch.rand(2, 1, 42, 42)
    torch.export.export(model, (images,))
    explanation = model.explain(images)
    assert {type(part) for part in (explanation.logits, *explanation.transformers[0])} == {
        torch.Tensor
    }
    explanation.logits.sum().backward()
    gradient = loss_gradient(
        model.classify, images[0], 3, TRANSFORMS["similarity"], torch.eye(1, 4)[0], (56, 56)
    )
    assert type(gradient.of_theta) is torch.Tensor


@pytest.mark.parametrize("name", TRANSFORMERS)
@pytest.mark.parametrize("opset", [18, 20])
def test_the_exported_file_answers_like_the_model(name, opset, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model, images = loaded(name)
    torch.onnx.export(
        model,
        (images[:2],),
        tmp_path / "model.onnx",
        opset_version=opset,
        dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
        verbose=False,
    )
    session = onnxruntime.InferenceSession(
        tmp_path / "model.onnx", providers=["CPUExecutionProvider"]
    )
    (answers,) = session.run(None, {session.get_inputs()[0].name: images.numpy()})
    assert np.abs(answers - model(images).detach().numpy()).max() < 1e-3
    assert type(model(images)) is torch.Tensor


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("gradients", [True, False])
def test_a_traced_model_answers_like_the_model(name, gradients):
    model, images = loaded(name)
    with torch.set_grad_enabled(gradients):
        traced = torch.jit.trace(model, (images,))  # which checks itself
    buffer = io.BytesIO()
    torch.jit.save(traced, buffer)
    buffer.seek(0)
    others = torch.rand(5, *images.shape[1:])
    torch.testing.assert_close(torch.jit.load(buffer)(others), model(others), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float16, 0.2), (torch.bfloat16, 1.0), (torch.float64, 1e-3)]
)
def test_a_model_of_another_precision_answers_and_learns(name, dtype, tolerance):
    model, images = loaded(name)
    other = copy.deepcopy(model).to(dtype)
    logits, transformers = other.explain(images.to(dtype))
    # theta and grids are never coarser than float32
    fine = torch.float64 if dtype == torch.float64 else torch.float32
    assert {logits.dtype, *(t.theta.dtype for t in transformers)} == {fine}
    assert {t.grid.dtype for t in transformers} <= {fine}
    assert {t.output.dtype for t in transformers} <= {dtype}
    torch.testing.assert_close(logits.float(), model(images), atol=tolerance, rtol=0)
    logits.sum().backward()
    assert all(p.grad.dtype == dtype and p.grad.isfinite().all() for p in other.parameters())


@pytest.mark.parametrize("heat", [True, False])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_so_does_a_model_of_birds(dtype, heat):
    torch.manual_seed(0)
    model = create_model("2st-cnn", "cub50", heat=heat).eval()
    images = torch.rand(1, 3, 448, 448)
    with torch.inference_mode():
        expected = model.explain(images)
        logits, transformers = model.to(dtype).explain(images.to(dtype))
    fine = torch.float64 if dtype == torch.float64 else torch.float32
    assert {logits.dtype, *(t.theta.dtype for t in transformers)} == {fine}
    torch.testing.assert_close(logits.float(), expected.logits, atol=0.05, rtol=0)


def test_the_horizon_keeps_its_side():
    """Where w is within 1e-6 of 0, a homography divides by 1e-6 with the sign of w."""
    theta = torch.zeros(3, 8)
    theta[:, 2], theta[:, 6] = 1.0, torch.tensor([-1.0, -1.0 - 1e-7, -1.0 + 3e-7])  # at x = 1
    x = TRANSFORMS["projective"].warp(theta, torch.tensor([[1.0, 0.0]]))[:, 0, 0]
    assert (x.abs() > 9e5).all() and x.sign().tolist() == [1, -1, 1]


@pytest.mark.parametrize("padding", ["zeros", "border"])
@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic"])
def test_points_that_are_not_finite_read_0_and_disturb_no_other(kernel, padding):
    """Also beside finite ones, in value and in gradient; and finite points that torch's arithmetic
    can't hold are far outside."""
    lost = [(v, 0.2) for v in (torch.nan, torch.inf, -torch.inf)]
    lost += [(0.2, v) for v in (torch.nan, torch.inf, -torch.inf)] + [(torch.nan, torch.inf)]
    generator = torch.manual_seed(0)
    good = 2.4 * torch.rand(6, 2, generator=generator) - 1.2
    far = torch.tensor([(3e38, 0.0), (0.0, -3e38), (1e30, 1e30), (-1e12, 3e38)])
    images = torch.rand(1, 2, 5, 6, generator=generator)

    def read(points):
        inputs = (images.clone().requires_grad_(), points.view(1, 1, -1, 2).requires_grad_())
        values = sample(*inputs, kernel, padding)
        weights = torch.arange(1.0, 1 + values.shape[-1])
        gradients = torch.autograd.grad(
            (values * weights).sum(), inputs, allow_unused=True, materialize_grads=True
        )
        return values[0, :, 0], gradients[0], gradients[1][0, 0]

    alone, of_images, of_points = read(good)
    values, images_too, points_too = read(torch.cat((good, torch.tensor(lost))))
    assert torch.equal(values[:, :6], alone) and (values[:, 6:] == 0).all()
    assert torch.equal(images_too, of_images)
    assert torch.equal(points_too[:6], of_points) and (points_too[6:] == 0).all()
    values, images_too, points_too = read(torch.cat((good, far)))
    assert torch.equal(values[:, :6], alone) and values.isfinite().all()
    if padding == "zeros":
        assert (values[:, 6:] == 0).all() and torch.equal(images_too, of_images)
        assert (points_too[6:] == 0).all()
    else:
        torch.testing.assert_close(values[:, 8], images[0, :, -1, -1])
        torch.testing.assert_close(values[:, 9], images[0, :, -1, 0])


def test_vmap_goes_through_the_sampler():
    images, grids = torch.rand(3, 1, 6, 5), 2 * torch.rand(3, 4, 4, 2) - 1
    each = torch.func.vmap(lambda image, grid: sample(image[None], grid[None])[0])(images, grids)
    torch.testing.assert_close(each, sample(images, grids))
