"""The sliders of the distortions: bounds, what they draw, and what they do to a digit."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stn_core.data.distortions import DISTORTIONS, TABLE_KINDS
from stn_core.data.mnist import gallery
from ui.app.i18n import Translator
from ui.controls.distortion_state import SLIDERS, distorted, drawn, outside_training, undistorted
from ui.controls.widgets import describe_range

ALL = [slider for sliders in SLIDERS.values() for slider in sliders]
DIGIT = gallery().images[2000]
TRAINED = {  # appendix A.4, where it bounds a slider by itself
    "r_angle": (-90, 90),
    "rts_angle": (-45, 45),
    "rts_scale": (0.7, 1.2),
    "p_scale": (0.75, 1),
    "e_scale": (0.75, 1),
    "e_strength": (1.5, 1.5),
    "tc_x": (0, 32),
    "tc_y": (0, 32),
    "tc_clutter": (6, 6),
}


def values(kind, **changes):
    return undistorted(kind) | {f"{kind}_{name}": value for name, value in changes.items()}


def draws(kind, count=1000):
    return [drawn(kind, torch.Generator().manual_seed(seed)) for seed in range(count)]


# Sliders


def test_there_are_sliders_for_every_distortion_and_their_keys_differ():
    assert set(TABLE_KINDS) <= SLIDERS.keys() <= DISTORTIONS.keys()
    assert len({slider.key for slider in ALL}) == len(ALL)


@pytest.mark.parametrize("slider", ALL, ids=lambda slider: slider.key)
def test_bounds_and_default_lie_on_the_step(slider):
    assert slider.low <= slider.default <= slider.high
    assert {type(slider.low), type(slider.high), type(slider.default), type(slider.step)} in (
        {int},
        {float},
    )
    for value in (slider.low, slider.default, slider.high):
        assert slider.fitted(value) == value and type(slider.fitted(value)) is type(slider.step)
    if slider.trained:
        assert slider.low <= slider.trained[0] <= slider.trained[1] <= slider.high


@given(st.sampled_from(ALL), st.floats(-1e6, 1e6))
def test_fitted_is_the_nearest_value_on_the_step(slider, value):
    fitted = slider.fitted(value)
    assert slider.low <= fitted <= slider.high and slider.fitted(fitted) == fitted
    assert (fitted - slider.low) / slider.step == pytest.approx(
        round((fitted - slider.low) / slider.step), abs=1e-4
    )
    assert abs(fitted - min(max(value, slider.low), slider.high)) <= slider.step / 2 + 1e-6


# Drawing


@pytest.mark.parametrize("kind", SLIDERS)
def test_drawn_values_fit_the_sliders_and_the_training_range(kind):
    for one in draws(kind):
        assert one.keys() == undistorted(kind).keys()
        for slider in SLIDERS[kind]:
            value, (low, high) = one[slider.key], TRAINED.get(slider.key, (slider.low, slider.high))
            assert type(value) is type(slider.step) and value == slider.fitted(value)
            assert low - 1e-6 <= value <= high + 1e-6


@pytest.mark.parametrize("kind", SLIDERS)
def test_what_is_drawn_is_never_said_to_be_outside_training(kind):
    assert [(one, outside) for one in draws(kind) if (outside := outside_training(kind, one))] == []


@pytest.mark.parametrize("key", [key for key, (low, high) in TRAINED.items() if low < high])
def test_draws_reach_both_ends_of_the_training_range(key):
    low, high = TRAINED[key]
    found = [one[key] for one in draws(key.partition("_")[0])]
    assert min(found) <= low + 0.05 * (high - low) and max(found) >= high - 0.05 * (high - low)


@pytest.mark.parametrize("kind", SLIDERS)
def test_a_seed_draws_the_same_again(kind):
    assert draws(kind, 5) == draws(kind, 5)
    assert len({tuple(one.values()) for one in draws(kind, 5)}) == 5


# Distorting


@pytest.mark.parametrize("kind", SLIDERS)
def test_undistorted_leaves_the_digit_in_the_middle_of_the_canvas(kind):
    height, width = DISTORTIONS[kind].size
    expected = torch.zeros(1, 1, height, width)
    top, left = (height - 28) // 2, (width - 28) // 2
    expected[0, 0, top : top + 28, left : left + 28] = DIGIT / 255
    torch.testing.assert_close(
        distorted(DIGIT, kind, undistorted(kind)), expected, atol=1e-5, rtol=0
    )


SLIDES = [  # slider values, and the same as the distortion's parameters
    ("r", {"angle": 30}, {"angle": torch.tensor([torch.pi / 6])}),
    (
        "rts",
        {"angle": -90, "scale": 0.5, "x": 3.5, "y": -8.0},
        {
            "angle": torch.tensor([-torch.pi / 2]),
            "scale": torch.tensor([0.5]),
            "shift": torch.tensor([[3.5, -8.0]]),
        },
    ),
    (
        "p",
        {
            "scale": 0.8,
            "x0": 1.0,
            "y0": 2.0,
            "x1": 3.0,
            "y1": 4.0,
            "x2": -5.0,
            "y2": -6.0,
            "x3": 7.0,
            "y3": -8.0,
        },
        {
            "scale": torch.tensor([0.8]),
            "moves": torch.tensor([[[1.0, 2.0], [3.0, 4.0], [-5.0, -6.0], [7.0, -8.0]]]),
        },
    ),
    ("e", {"scale": 0.75}, {"scale": torch.tensor([0.75]), "moves": torch.zeros(1, 16, 2)}),
    ("tc", {"x": 2, "y": 31}, DISTORTIONS["tc"].identity() | {"place": torch.tensor([[2, 31]])}),
]


@pytest.mark.parametrize(
    ("kind", "slides", "parameters"), SLIDES, ids=[kind for kind, *_ in SLIDES]
)
def test_sliders_say_what_the_distortion_does(kind, slides, parameters):
    expected = DISTORTIONS[kind].apply(DIGIT[None], parameters)
    torch.testing.assert_close(
        distorted(DIGIT, kind, values(kind, **slides)), expected, atol=1e-5, rtol=0
    )


def test_the_strength_of_an_elastic_deformation_scales_one_fixed_deformation():
    def moved(strength, seed):
        return (
            (distorted(DIGIT, "e", values("e", strength=strength, seed=seed)) - DIGIT / 255)
            .abs()
            .mean()
        )

    assert 0 < moved(0.1, 3) < moved(0.5, 3) < moved(1.5, 3)
    assert moved(1.5, 3) == moved(1.5, 3) != moved(1.5, 4)


@pytest.mark.parametrize("seed", [0, 7, 9999])
def test_a_further_distractor_leaves_the_others_in_place(seed):
    images = [
        distorted(DIGIT, "tc", values("tc", clutter=count, seed=seed))[0, 0] for count in range(17)
    ]
    for before, after in pairwise(images):
        changed = torch.nonzero(before != after)
        assert (after >= before).all()
        # one patch of 6 x 6
        assert not len(changed) or (changed.amax(0) - changed.amin(0) < 6).all()
    assert (images[16] > 0).sum() > (images[0] > 0).sum() + 50


@pytest.mark.parametrize("kind", SLIDERS)
def test_extreme_sliders_still_give_an_image(kind):
    for end in ("low", "high"):
        image = distorted(
            DIGIT, kind, {slider.key: getattr(slider, end) for slider in SLIDERS[kind]}
        )
        assert image.shape == (1, 1, *DISTORTIONS[kind].size) and image.dtype == torch.float32
        assert image.min() >= 0 and image.max() <= 1


# Outside training


@pytest.mark.parametrize(
    ("kind", "changes", "outside"),
    [
        ("r", {"angle": 90}, []),
        ("r", {"angle": -91}, ["rotation"]),
        ("rts", {"angle": 45, "scale": 0.7, "x": 11.0, "y": -11.0}, []),
        ("rts", {"angle": 46, "scale": 1.25}, ["rotation", "scale"]),
        ("rts", {"scale": 1.0, "x": 7.0}, []),
        # a whole digit has 7 px to each side
        ("rts", {"scale": 1.0, "x": 8.0, "y": -8.0}, ["shift →", "shift ↓"]),
        ("rts", {"scale": 0.7, "x": 12.0}, ["shift →"]),
        ("p", {"scale": 0.75, "x0": 15.0}, []),
        ("p", {"scale": 0.7, "y2": -16.0}, ["scale"]),  # a normal distribution has no end
        ("e", {"scale": 0.75, "strength": 1.5, "seed": 77}, []),
        ("e", {"scale": 1.1, "strength": 2.0}, ["scale", "strength"]),
        ("tc", {"x": 0, "y": 32, "clutter": 6}, []),
        ("tc", {"clutter": 7}, ["distractors"]),
        ("tc", {"clutter": 5}, ["distractors"]),
    ],
)
def test_outside_training_names_the_sliders(kind, changes, outside):
    assert outside_training(kind, values(kind, **changes)) == outside


@pytest.mark.parametrize(
    ("trained", "text"), [((-90, 90), "−90 to 90"), ((0.75, 1.0), "0.75 to 1"), ((6, 6), "6")]
)
def test_a_range_of_training_in_words(trained, text):
    assert describe_range(trained, Translator("controls")) == text
