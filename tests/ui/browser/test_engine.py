"""The live stage's engine in a real browser, held against torch: nothing here is stored, every
number is computed on both sides."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from stn_core import (
    EXPERIMENTS,
    TRANSFORMS,
    SpatialTransformer,
    kernel_weights,
    load_checkpoint,
    sample,
)
from stn_core.data.mnist import Digits, gallery
from stn_core.evaluation.digit_metrics import distorted as distorted_images
from stn_core.explain.cnn_invariance import feature_maps, moved
from stn_core.explain.gradient_chain import loss_gradient, sampler_gradient, step
from stn_core.interchange.browser_format import browser_model
from stn_core.interchange.errors import ExportError
from stn_core.models.digits import DigitModel
from ui.controls.distortion_state import BY_HAND, SLIDERS, distorted, drawn

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(
    path.stem
    for path in (ROOT / "checkpoints/digits").glob("*.safetensors")
    if not path.stem.endswith("-map")  # the engine warps images, and refuses these
)
OTHERS = [
    "p-fcn",
    "e-st-fcn-affine",
    "p-st-fcn-projective",
    "rts-st-fcn-tps",
    "tc-cnn",
    "tc-st-cnn-affine",
    "e-st-cnn-projective",
    "p-st-cnn-tps",
    "tc-st-fcn-affine",
    "rts-st-cnn-tps",
    "r2-fcn",
    "rts2-cnn",
    "r2-2st-cnn-affine",
    "rts2-2st-cnn-affine",
    "rts2-st-cnn-affine",
]
KERNEL = (ROOT / "ui/browser/kernel.wasm").read_bytes()
FAR = 1000.0  # pixels; a homography's horizon sends points anywhere

START = """
const names = ["decompose", "distortions", "mnist_form", "network", "sampler", "slopes"];
names.push("transforms");
const modules = await Promise.all(names.map((name) => import(`/browser/${name}.js`)));
const engine = Object.assign({}, ...modules);
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
const floats = (text) => new Float32Array(bytes(text));
window.plain = (value) => ArrayBuffer.isView(value) ? Array.from(value) : value;
window.engine = engine;
window.network = ({ about, block, wasm }) => new engine.Network(about, bytes(block), bytes(wasm));
window.call = (name, ...values) => plain(engine[name](...values));
window.answers = ({ about, block, wasm, images, theta, kernel }) => {
  const network = new engine.Network(about, bytes(block), wasm && bytes(wasm));
  return images.map((image) => {
    const answer = network.answer(floats(image), theta, kernel);
    const { family, size } = about.transformer ?? {};
    const warps = answer.warps.map(({ theta, output }) => {
      return { grid: plain(engine.grid(family, theta, ...size)), output: plain(output) };
    });
    return { ...answer, output: plain(answer.output), warps };
  });
};
"""


@pytest.fixture(scope="module")
def page(module_page):
    module_page.evaluate(f"async () => {{ {START} }}")
    return module_page


@pytest.fixture
def strict_page(browser):
    """The same under a content policy that forbids WebAssembly, as a proxy may add one."""

    def answer(route):
        path = ROOT / "ui" / route.request.url.removeprefix("http://ui/")
        body, kind = (
            (path.read_text(), "javascript")
            if path.suffix == ".js"
            else ("<!doctype html>", "html")
        )
        policy = {"Content-Security-Policy": "script-src 'self'"}
        route.fulfill(body=body, content_type=f"text/{kind}", headers=policy)

    page = browser.new_page()
    page.route("http://ui/**", answer)
    page.goto("http://ui/")
    page.evaluate(f"async () => {{ {START} }}")
    yield page
    page.close()


def test_where_a_policy_forbids_webassembly_plain_javascript_answers(strict_page):
    assert strict_page.evaluate("""() => {
      try { new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); return false; }
      catch { return true; }
    }""")
    model, images = model_of("r-st-cnn-affine"), digits_for("r-st-cnn-affine", 3)
    with torch.inference_mode():
        expected = model(images).softmax(1)
    answers = ask(strict_page, model, images)
    found = torch.tensor([answer["probabilities"] for answer in answers])
    assert torch.allclose(found, expected, atol=1e-3)


def call(page, name, *values):
    """A function of ui/browser; tensors are passed as flat lists."""
    listed = [
        value.flatten().tolist() if isinstance(value, torch.Tensor) else value for value in values
    ]
    return page.evaluate("([name, values]) => call(name, ...values)", [name, listed])


def text(tensor):
    return base64.b64encode(tensor.numpy().astype("<f4").tobytes()).decode()


def ask(page, model, images, simd=True, **options):
    """The engine's answers to images (N, C, H, W)."""
    about, block = browser_model(model, tuple(images.shape[2:]))
    wasm = base64.b64encode(KERNEL).decode() if simd else None
    sent = {
        "about": about,
        "block": base64.b64encode(block).decode(),
        "wasm": wasm,
        "images": [text(image) for image in images],
    }
    return page.evaluate("sent => answers(sent)", sent | options)


def model_of(name):
    """A shipped model, or an untrained one that is moved away from the identity."""
    if name in SHIPPED:
        return load_checkpoint(ROOT / "checkpoints/digits" / f"{name}.safetensors").model
    torch.manual_seed(sum(map(ord, name)))
    model = EXPERIMENTS[name].create_model().eval()
    for module in model.modules():
        if isinstance(module, SpatialTransformer):
            nn.init.normal_(module.localisation.regression.weight, std=0.2)
    return model


def digits_for(name, count=12):
    indices = torch.arange(count) * 411 % 5000
    images, labels = gallery()
    chosen = Digits(images[indices], labels[indices])
    return distorted_images(chosen, EXPERIMENTS[name].data, seed=0)[0]


def pixels(grid, size):
    return ((np.asarray(grid).reshape(-1, 2) + 1) * np.array(size[::-1]) - 1) / 2


@pytest.mark.parametrize("name", [*SHIPPED, *(name for name in OTHERS if name not in SHIPPED)])
def test_the_engine_answers_as_torch_does(page, name):
    model, images = model_of(name), digits_for(name)
    with torch.inference_mode():
        answer = model.explain(images)
    probabilities = answer.logits.softmax(1).numpy()
    for i, mine in enumerate(ask(page, model, images)):
        assert np.abs(np.array(mine["probabilities"]) - probabilities[i]).max() < 1e-4
        assert len(mine["warps"]) == len(answer.transformers)
        for trace, warp in zip(answer.transformers, mine["warps"], strict=True):
            theirs = pixels(trace.grid[i], images.shape[2:])
            near = np.abs(theirs).max(1) < FAR
            assert (
                near.mean() > 0.9
                and np.abs(pixels(warp["grid"], images.shape[2:]) - theirs)[near].max() < 1e-3
            )
            output = trace.output[i].flatten().numpy()
            assert np.abs(np.array(warp["output"]) - output).max() < 1e-3


def test_every_shipped_model_is_compared():
    assert len(SHIPPED) >= 4 and set(SHIPPED) <= set(EXPERIMENTS)


@pytest.mark.parametrize("name", ["r-st-cnn-affine", "tc-fcn"])
def test_without_simd_the_answers_are_the_same(page, name):
    model, images = model_of(name), digits_for(name, 2)
    for one, other in zip(
        ask(page, model, images), ask(page, model, images, simd=False), strict=True
    ):
        assert np.allclose(one["probabilities"], other["probabilities"], atol=1e-5)


@pytest.mark.parametrize("name", ["r-st-cnn-affine", "p-st-cnn-tps", "e-st-cnn-projective"])
def test_theta_can_come_from_elsewhere(page, name):
    model, images = model_of(name), digits_for(name, 1)
    transform = model.transforms[0]
    theta = transform.identity() + 0.2 * torch.randn(
        transform.num_params, generator=torch.Generator().manual_seed(1)
    )
    (mine,) = ask(page, model, images, theta=theta.tolist())
    with torch.inference_mode():
        theirs = model.explain(images, theta[None])
    assert np.allclose(mine["probabilities"], theirs.logits.softmax(1)[0], atol=1e-4)
    assert np.allclose(mine["theta"], theta) and np.allclose(
        mine["output"], theirs.transformers[0].output.flatten(), atol=1e-3
    )


def test_half_precision_is_used_where_nothing_is_lost(page):
    model, images = EXPERIMENTS["p-fcn"].create_model().eval(), digits_for("p-fcn", 2)
    about, block = browser_model(model, (28, 28))
    model.load_state_dict(
        {name: value.half().float() for name, value in model.state_dict().items()}
    )
    half, short = browser_model(model, (28, 28))
    assert (about["precision"], half["precision"], len(short)) == (
        "float32",
        "float16",
        len(block) // 2,
    )
    with torch.inference_mode():
        theirs = model(images).softmax(1)
    assert np.allclose(
        [answer["probabilities"] for answer in ask(page, model, images)], theirs, atol=1e-4
    )


def test_other_sizes_and_layers_need_no_change(page):
    """An output of its own size, dropout, padding at the border, another kernel."""
    torch.manual_seed(0)
    model = EXPERIMENTS["rts-st-cnn-affine"].create_model()
    part = model.transformer
    part.size, part.kernel, part.padding = (56, 56), "bicubic", "border"
    nn.init.normal_(part.localisation.regression.weight, std=0.2)
    layers = [
        nn.Conv2d(1, 5, (3, 4), bias=False),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.ReLU(),
        nn.Dropout(0.5),
    ]
    with torch.inference_mode():
        features = nn.Sequential(*layers, nn.Flatten())(torch.zeros(1, 1, 28, 28)).shape[1]
    model = DigitModel(
        nn.Sequential(nn.Sequential(*layers), nn.Flatten(), nn.Linear(features, 10)), part, 2
    ).eval()
    images = digits_for("rts-st-cnn-affine", 3)
    with torch.inference_mode():
        theirs = model(images).softmax(1)
    assert np.allclose(
        [answer["probabilities"] for answer in ask(page, model, images)], theirs, atol=1e-4
    )


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(1, 4, 3, padding=1), nn.Tanh()], ids=["padded", "tanh"]
)
def test_a_layer_that_the_engine_does_not_have_is_refused_by_name(layer):
    model = DigitModel(nn.Sequential(layer, nn.Flatten(), nn.LazyLinear(10)))
    with pytest.raises(ExportError, match=type(layer).__name__):
        browser_model(model, (28, 28))


@pytest.mark.parametrize("family", list(TRANSFORMS))
def test_grids_and_their_readings(page, family):
    transform = TRANSFORMS[family]
    generator = torch.Generator().manual_seed(0)
    for size in ((28, 28), (5, 8)):
        theta = transform.identity() + 0.3 * torch.randn(transform.num_params, generator=generator)
        mine = np.array(call(page, "grid", family, theta, *size))
        assert np.allclose(mine, transform.grid(theta[None], size)[0].flatten(), atol=2e-5)
        theirs = {key: value[0].double() for key, value in transform.decompose(theta[None]).items()}
        readings = call(page, "decompose", family, theta)
        assert readings.keys() == theirs.keys()
        for key, value in theirs.items():
            expected = value.expand(2) if key == "scale" else value
            assert np.allclose(readings[key], expected, atol=1e-5), key


@pytest.mark.parametrize("padding", ["zeros", "border"])
@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic"])
def test_sampling(page, kernel, padding):
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 1, 7, 9, generator=generator)
    points = 3 * torch.rand(1, 20, 20, 2, generator=generator) - 1.5
    mine = call(page, "sample", image, 7, 9, points, kernel, padding)
    assert np.allclose(mine, sample(image, points, kernel, padding).flatten(), atol=1e-5)


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic"])
def test_the_slopes_of_the_sampler(page, kernel):
    """Also where every point lies on the centre of a pixel, and rounding decides the side."""
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 1, 28, 28, generator=generator)
    anywhere = 3 * torch.rand(1, 20, 20, 2, generator=generator) - 1.5
    identity = TRANSFORMS["affine"]
    for points in (anywhere, identity.grid(identity.identity()[None], (28, 28))):
        mine = np.array(call(page, "sampleSlopes", image, 28, 28, points, kernel))
        theirs = sampler_gradient(image, points, kernel)[0, 0].flatten(0, 1).T
        assert np.allclose(mine, theirs, atol=1e-4)


def sent(model):
    about, block = browser_model(model, (28, 28))
    blocks = {"block": base64.b64encode(block).decode(), "wasm": base64.b64encode(KERNEL).decode()}
    return {"about": about} | blocks


@pytest.mark.parametrize("name", ["r-cnn", "r-fcn"])
@pytest.mark.parametrize("family", ["translation", "attention", "similarity", "affine"])
def test_the_backward_pass_is_torchs(page, name, family):
    model, transform = model_of(name), TRANSFORMS[family]
    digit = gallery().images[2055]
    image = moved(digit, (28, 28), -4.0, -4.0)[0]
    generator = torch.Generator().manual_seed(1)
    away = 0.1 * torch.randn(transform.num_params, generator=generator)
    for theta in (transform.identity(), transform.identity() + away):
        mine = page.evaluate(
            """([given, image, family, theta]) => {
              const slope = engine.lossSlope(network(given), image, [28, 28], 4, family, theta);
              const lists = Object.entries(slope).map(([key, value]) => [key, plain(value)]);
              const next = engine.descended(theta, slope.ofTheta, 0.1);
              return { ...Object.fromEntries(lists), next };
            }""",
            [sent(model), image.flatten().tolist(), family, theta.tolist()],
        )
        theirs = loss_gradient(model.classify, image, 4, transform, theta, (28, 28))
        assert mine["loss"] == pytest.approx(theirs.loss, abs=1e-4)
        assert np.allclose(mine["output"], theirs.output.flatten(), atol=1e-5)
        assert np.allclose(mine["ofOutput"], theirs.of_output.flatten(), atol=1e-4)
        of_points = np.array(mine["ofOutput"]) * np.array([mine["dx"], mine["dy"]])
        assert np.allclose(of_points.T, theirs.of_points.flatten(0, 1), atol=1e-4)
        assert np.allclose(mine["ofTheta"], theirs.of_theta, rtol=1e-3, atol=1e-3)
        assert np.allclose(mine["next"], step(theta, theirs.of_theta, 0.1), atol=1e-4)


def test_the_feature_maps_are_torchs(page):
    model = model_of("r-cnn")
    image = moved(gallery().images[2408], (28, 28), 4.0)
    mine = page.evaluate(
        """([given, digit]) => {
          const own = network(given);
          const image = Float32Array.from(digit, (byte) => byte / 255);
          own.answer(engine.posed(image, { shift: [4, 0] }, [28, 28]));
          return own.features().map((maps) => ({ ...maps, values: plain(maps.values) }));
        }""",
        [sent(model), gallery().images[2408].flatten().tolist()],
    )
    theirs = feature_maps(model, image)
    assert len(mine) == len(theirs) == 2
    for maps, expected in zip(mine, theirs, strict=True):
        height, width = maps["size"]
        values = np.array(maps["values"]).reshape(height, width, maps["channels"])
        assert np.allclose(values.transpose(2, 0, 1), expected[0].detach(), atol=1e-4)


@pytest.mark.parametrize("kernel", ["nearest", "bilinear", "bicubic"])
def test_the_weights_that_are_written_out_are_the_samplers(page, kernel):
    for x, y in ((0.13, -0.31), (-0.97, 0.99), (0.4, 0.0)):
        place = [((x + 1) * 9 - 1) / 2, ((y + 1) * 7 - 1) / 2]
        taps = [
            tap
            for tap in call(page, "taps", *place, 7, 9, kernel)
            if tap["inside"] and abs(tap["weight"]) > 1e-7
        ]
        theirs = kernel_weights((x, y), (7, 9), kernel)
        assert [[tap["column"], tap["row"]] for tap in taps] == theirs.pixels.tolist()
        assert np.allclose([tap["weight"] for tap in taps], theirs.weights, atol=1e-5)


@pytest.mark.parametrize("kind", SLIDERS)
def test_the_sliders_distort_as_in_python(page, kind):
    """From the values of ui/controls/distortion_state.py to pixels, with what the seed gives and
    what a hand has moved."""
    from ui.pages.digits.component import seeded

    digit = gallery().images[1234]
    for seed in range(5):
        values = drawn(kind, torch.Generator().manual_seed(seed))
        if kind in BY_HAND:
            by_hand = BY_HAND[kind]
            values[by_hand.key] = tuple(
                by_hand.low + (7 * i * seed) % 12 * by_hand.step for i in range(32)
            )
        theirs = distorted(digit, kind, values)[0, 0]
        mine = page.evaluate(
            """([kind, digit, values, seeded]) => {
              const image = (bytes) => Float32Array.from(bytes, (value) => value / 255);
              const bytes = (text) => Array.from(atob(text), (letter) => letter.charCodeAt(0));
              const patches = seeded.patches?.map((text) => image(bytes(text)));
              const parameters = engine.parametersOf(kind, values, { ...seeded, patches });
              return Array.from(engine.distort(kind, image(digit), parameters));
            }""",
            [kind, digit.flatten().tolist(), values, seeded(kind, values)],
        )
        assert np.abs(np.array(mine) - theirs.flatten().numpy()).max() < 1e-3


def test_a_drawing_gets_the_form_of_mnist(page):
    """A gallery digit, drawn five times as large and off the middle, comes back as itself."""
    for index in (60, 1200, 2222, 3400, 4700):
        digit = gallery().images[index].float() / 255
        large = digit.repeat_interleave(5, 0).repeat_interleave(5, 1)
        drawing = torch.zeros(180, 200)
        drawing[30:170, 45:185] = large
        mine = torch.tensor(list(call(page, "mnistForm", drawing, 180, 200))).view(28, 28) / 255
        rows, columns = (mine > 0).nonzero().unbind(1)
        assert max(rows.max() - rows.min(), columns.max() - columns.min()) + 1 == 20
        mass = (
            (mine.sum(0) * torch.arange(28)).sum() / mine.sum(),
            (mine.sum(1) * torch.arange(28)).sum() / mine.sum(),
        )
        assert all(abs(at - 14) <= 0.5 for at in mass)
        assert np.corrcoef(mine.flatten(), digit.flatten())[0, 1] > 0.9
    assert call(page, "mnistForm", torch.zeros(40, 40), 40, 40) is None


def test_the_description_is_plain_json():
    about, _ = browser_model(model_of("rts-st-cnn-affine"), (42, 42))
    assert json.loads(json.dumps(about)) == about
