"""The same theta in other frameworks: each of them warps a digit as stn_core does."""

import os

import cv2
import kornia
import numpy as np
import onnx
import onnxruntime
import pytest
import scipy.ndimage
import skimage.transform
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stn_core import TRANSFORMS, ExportError, convert_theta, sample
from stn_core.data.mnist import gallery
from stn_core.interchange.theta import CONVENTIONS

SIZE, OUTPUT = (28, 36), (20, 31)
IDENTITY = TRANSFORMS["affine"].identity()[None]
MATRICES = ("translation", "attention", "similarity", "affine", "projective")


def onnx_warp(image, theta, output):
    node = onnx.helper.make_node
    float_of = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            node("AffineGrid", ["theta", "size"], ["grid"], align_corners=0),
            node("GridSample", ["image", "grid"], ["warped"], align_corners=0),
        ],
        "warp",
        [float_of("image", 1, [1, 1, *SIZE]), float_of("theta", 1, [1, 2, 3])],
        [float_of("warped", 1, None)],
        [onnx.helper.make_tensor("size", 7, [4], [1, 1, *output])],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"image": image[None, None], "theta": theta.numpy()})[0][0, 0]


def torch_warp(image, theta, output, align_corners=False):
    grid = F.affine_grid(theta.view(1, 2, 3), (1, 1, *output), align_corners=align_corners)
    images = torch.from_numpy(image)[None, None]
    return F.grid_sample(images, grid, align_corners=align_corners)[0, 0].numpy()


def kornia_warp(image, matrix, output):
    warp = {2: kornia.geometry.warp_affine, 3: kornia.geometry.warp_perspective}[matrix.shape[1]]
    return warp(torch.from_numpy(image)[None, None], matrix, output, align_corners=True)[0, 0]


def opencv_warp(image, matrix, output):
    warp = {2: cv2.warpAffine, 3: cv2.warpPerspective}[matrix.shape[1]]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return warp(image, matrix[0].numpy(), output[::-1], flags=flags)


def skimage_warp(image, matrix, output):
    return skimage.transform.warp(image, matrix[0].numpy(), output_shape=output, order=1)


def scipy_warp(image, matrix, output):
    return scipy.ndimage.affine_transform(image, matrix[0].numpy(), output_shape=output, order=1)


def keras_warp(image, numbers, output):
    os.environ["KERAS_BACKEND"] = "torch"  # keras reads it when it is imported
    import keras  # in three seconds, which not every worker need spend

    images = keras.ops.convert_to_tensor(image[None, :, :, None])
    warped = keras.ops.image.affine_transform(images, numbers, data_format="channels_last")
    return keras.ops.convert_to_numpy(warped)[0, :, :, 0]


def pillow_warp(image, numbers, output):
    kinds = {6: Image.Transform.AFFINE, 8: Image.Transform.PERSPECTIVE}
    kind, data = kinds[numbers.shape[1]], tuple(numbers[0].tolist())
    picture = Image.fromarray(image)
    return np.asarray(picture.transform(output[::-1], kind, data, Image.Resampling.BILINEAR))


def end_centres_warp(image, theta, output):
    return torch_warp(image, theta, output, align_corners=True)


WARPS = {
    "torch": torch_warp,
    "onnx": onnx_warp,
    "mxnet": end_centres_warp,  # the same convention, and PyTorch is here
    "kornia": kornia_warp,
    "opencv": opencv_warp,
    "skimage": skimage_warp,
    "scipy": scipy_warp,
    "keras": keras_warp,
    "pillow": pillow_warp,
}


@pytest.fixture(scope="module")
def digit():
    image = gallery().images[1234][None, None].float() / 255
    return F.interpolate(image, SIZE, mode="bilinear", align_corners=False)


def random_theta(family, seed):
    transform, generator = TRANSFORMS[family], torch.Generator().manual_seed(seed)
    return (transform.identity() + 0.15 * torch.randn(transform.num_params, generator=generator))[
        None
    ]


@pytest.mark.parametrize("family", MATRICES)
@pytest.mark.parametrize("to", WARPS)
def test_the_framework_warps_a_digit_as_stn_core_does(digit, to, family):
    convention = CONVENTIONS[to]
    if family == "projective" and convention.homography is None:
        with pytest.raises(ExportError, match=f"{to} warps with affine maps only"):
            convert_theta(random_theta(family, 0), family, to, SIZE)
        return
    output = OUTPUT if convention.resizes else SIZE
    for seed in range(3):
        theta = random_theta(family, seed)
        grid = TRANSFORMS[family].grid(theta, output)
        expected = sample(digit, grid)[0, 0].numpy()
        assert expected.max() > 0.9  # most of the digit is there
        converted = convert_theta(theta, family, to, SIZE, output)
        actual = np.asarray(WARPS[to](digit[0, 0].numpy(), converted, output))
        pixels = (((grid[0] + 1) * torch.tensor(SIZE[::-1]) - 1) / 2).numpy()  # (x, y)
        inside = ((pixels > 1) & (pixels < np.array(SIZE[::-1]) - 2)).all(-1)
        assert inside.mean() > 0.5
        assert np.abs(actual - expected)[inside].max() < 1e-4


def test_every_framework_that_can_be_had_here_is_asked():
    assert set(CONVENTIONS) - set(WARPS) == {"paddle"}  # torch's convention


@given(
    family=st.sampled_from(("translation", "attention", "similarity", "affine")),
    seed=st.integers(0, 99),
    width=st.integers(1, 50),
)
def test_paddles_theta_is_ours(family, seed, width):
    theta = random_theta(family, seed)
    matrix = TRANSFORMS[family].coefficients(theta)
    assert torch.allclose(convert_theta(theta, family, "paddle", (7, width), (width, 3)), matrix)


def test_a_batch_is_converted_in_its_dtype():
    theta = torch.cat([random_theta("affine", seed) for seed in range(5)])
    for dtype in (torch.float32, torch.float64):
        converted = convert_theta(theta.to(dtype), "affine", "opencv", SIZE)
        assert converted.dtype == dtype and converted.shape == (5, 2, 3)
        one = convert_theta(theta[3:4].to(dtype), "affine", "opencv", SIZE)
        assert torch.equal(converted[3:4], one)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((TRANSFORMS["tps"].identity()[None], "tps", "opencv", SIZE), "no map with a matrix"),
        ((IDENTITY, "affin", "opencv", SIZE), "no map with a matrix"),
        ((IDENTITY, "affine", "caffe", SIZE), "there are torch, onnx"),
        ((IDENTITY, "affine", "keras", SIZE, OUTPUT), "size of its"),
        ((torch.zeros(1, 6), "affine", "kornia", SIZE), "this theta has none"),
        ((torch.zeros(1, 5), "affine", "kornia", SIZE), "must be"),
        ((IDENTITY, "affine", "mxnet", (1, 28)), "at least 2"),
        ((IDENTITY, "affine", "opencv", (0, 28)), "at least 1"),
        ((IDENTITY, "affine", "opencv", SIZE, (28, -1)), "at least 1"),
        ((IDENTITY, "affine", "opencv", 28), "got 28"),
        ((IDENTITY, "affine", "opencv", (28.5, 28)), "whole pixels"),
        ((IDENTITY.long(), "affine", "opencv", SIZE), "floating-point"),
        ((IDENTITY.tolist(), "affine", "opencv", SIZE), "floating-point"),
        ((IDENTITY * torch.nan, "affine", "kornia", SIZE), "finite"),
    ],
)
def test_what_has_no_counterpart_is_refused_in_a_sentence(arguments, words):
    with pytest.raises(ValueError, match=words) as error:
        convert_theta(*arguments)
    assert "\n" not in str(error.value)


def test_a_homography_whose_horizon_meets_the_first_pixel_is_refused_by_pillow():
    corner = 1.0  # the horizon x + y = -2 goes through the output's upper left corner
    theta = torch.tensor([[1.0, 0, 0, 0, 1.0, 0, corner / 2, corner / 2]])
    with pytest.raises(ExportError, match="horizon"):
        convert_theta(theta, "projective", "pillow", SIZE)
    assert convert_theta(theta, "projective", "opencv", SIZE).shape == (1, 3, 3)
