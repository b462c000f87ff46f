"""The figures that judge models and windows."""

import json

import pytest
import torch
from scipy.stats import binomtest, ttest_1samp

from stn_core import create_model
from stn_core.data.cub import cub
from stn_core.data.uploads import read_photograph
from stn_core.evaluation.bird_metrics import (
    DENSITY,
    BirdAnswers,
    abstention_threshold,
    best_fixed_window,
    bird_answers,
    box_density,
    box_places,
    describe_windows,
    inside,
    intersection_over_union,
    mirror_correlation,
    nearer_to_body,
    oracle_windows,
    paired_difference,
    part_places,
    reference_window_hits,
    roles,
    wilson_interval,
    window_hits,
)
from stn_core.transformer.transforms import TRANSFORMS


def test_points_inside_windows():
    points = torch.tensor([[[0.0, 0.0], [0.6, 0.1], [0.2, -0.9], [float("nan"), 0.0]]])
    attend = TRANSFORMS["attention"]
    assert inside(points, torch.tensor([[0.5, 0.0, 0.0]]), attend).tolist() == [
        [True, False, False, False]
    ]
    assert inside(points, torch.tensor([[0.5, 0.3, -0.4]]), attend).tolist() == [
        [True, True, True, False]
    ]
    turned = torch.tensor([[0.0, -0.2, 0.6, 0.5, 0.0, 0.0]])  # 0.4 wide, 1 high, about (0.6, 0)
    assert inside(points, turned, TRANSFORMS["affine"]).tolist() == [[False, True, False, False]]


def test_the_head_is_found_by_three_of_its_parts(tiny_cub):
    birds = cub("train", tiny_cub)
    heads = birds.parts[
        :, [birds.part_names.index(name) for name in ("beak", "crown", "left eye", "throat")]
    ].mean(1)
    centres = (birds.boxes[:, :2] + birds.boxes[:, 2:]) / 2

    def at(places):
        return torch.cat((torch.full((len(places), 1), 0.5), places), dim=1)

    on_head, on_box = (
        window_hits(birds, at(places), TRANSFORMS["attention"]) for places in (heads, centres)
    )
    assert on_head["head"].all() and on_box["centre"].all()
    far = window_hits(birds, at(-torch.sign(heads) * 0.5), TRANSFORMS["attention"])
    assert far["head"].float().mean() < 0.5
    references = reference_window_hits(birds, birds)
    centred = window_hits(birds, at(torch.zeros(len(birds.labels), 2)), TRANSFORMS["attention"])
    assert references["centred"]["head"] == pytest.approx(
        100 * centred["head"].float().mean().item()
    )
    assert 0 < references["random"]["head"] < 100
    fixed = references["fixed"]
    hits = window_hits(
        birds,
        at(torch.tensor([[fixed["x"], fixed["y"]]] * len(birds.labels))),
        TRANSFORMS["attention"],
    )
    assert best_fixed_window(birds) == (fixed["x"], fixed["y"])
    assert fixed["head"] + fixed["centre"] >= sum(
        references["centred"][k] for k in ("head", "centre")
    )
    assert fixed["centre"] == pytest.approx(100 * hits["centre"].float().mean().item())


def test_a_window_is_cut_about_its_centre():
    points = torch.tensor([[[0.3, 0.0], [0.36, 0.0]]])
    window = torch.tensor([[0.5, 0.0, 0.0]])
    assert inside(points, window, TRANSFORMS["attention"], cut=0.7).tolist() == [[True, False]]


def test_what_windows_lie_nearest_to(tiny_cub):
    birds = cub("train", tiny_cub, species=4)
    parts = {name: birds.parts[:, i] for i, name in enumerate(birds.part_names)}
    head, body = parts["throat"], parts["back"]  # of the body the belly is hidden in one
    nowhere = dict.fromkeys(("head", "upper body", "belly", "legs and tail"), 0)
    assert roles(birds, head) == nowhere | {"head": 100}
    assert roles(birds, body) == nowhere | {"upper body": 100}
    seen = ~parts["belly"].isnan().any(1)
    assert roles(birds.chosen(seen), parts["belly"][seen]) == nowhere | {"belly": 100}
    assert not nearer_to_body(birds, head).any() and nearer_to_body(birds, body).all()
    hidden = birds._replace(parts=torch.full_like(birds.parts, torch.nan))
    assert nearer_to_body(hidden, head).shape == (0,)


def test_intersection_over_union_of_windows():
    def window(x, y, scale=0.5):
        return torch.tensor([[scale, x, y]])

    for one, other, expected in (
        (window(0, 0), window(0, 0), 1),
        (window(0, 0), window(0.25, 0.5), 0.75 * 0.5 / (2 - 0.75 * 0.5)),
        (window(-0.5, 0), window(0.6, 0), 0),
        (window(0, 0), window(0, 0, 0.25), 0.25),
    ):
        assert intersection_over_union(one, other).item() == pytest.approx(expected)
        assert intersection_over_union(other, one).item() == pytest.approx(expected)


def test_mirrored_photographs_are_to_give_mirrored_windows():
    x = torch.linspace(-0.4, 0.3, 50)
    assert mirror_correlation(x, -x) == pytest.approx(1)
    assert mirror_correlation(x, x) == pytest.approx(-1)
    assert mirror_correlation(torch.full((50,), 0.2), torch.full((50,), 0.2)) == 0


def test_windows_are_laid_over_each_other_in_the_coordinates_of_the_box(tiny_cub):
    birds = cub("train", tiny_cub)
    back, beak = (birds.parts[:, birds.part_names.index(name)] for name in ("back", "beak"))
    mirrored = birds._replace(
        boxes=birds.boxes[:, [2, 1, 0, 3]] * torch.tensor([-1.0, 1, -1, 1]),
        parts=birds.parts * torch.tensor([-1.0, 1.0]),
    )
    # the beak is to the left of the body in all photographs, so also in their mirror images
    places = box_places(birds, torch.stack((back, beak), dim=1))
    again = box_places(mirrored, torch.stack((back, beak), dim=1) * torch.tensor([-1.0, 1.0]))
    torch.testing.assert_close(places, again)
    assert (places[:, 1, 0] < places[:, 0, 0]).all()
    centres = (birds.boxes[:, :2] + birds.boxes[:, 2:]) / 2
    density = torch.tensor(box_density(birds, centres)).view(DENSITY, DENSITY)
    middle = DENSITY // 2
    assert density[middle - 1 : middle + 1, middle - 1 : middle + 1].sum() == len(birds.labels)
    left, top = birds.boxes[:, :1], birds.boxes[:, 1:2]
    corners = torch.tensor(box_density(birds, torch.cat((left - 9, top - 9), dim=1)))
    assert corners[0] == corners.sum() == len(birds.labels)
    means = part_places(birds)
    assert means["back"] == pytest.approx(places[:, 0].mean(0).tolist(), abs=0.01)
    assert "left eye" not in means and means["eye"][0] < means["back"][0]


def test_windows_are_described_one_by_one_and_in_pairs(tiny_cub):
    birds = cub("test", tiny_cub, species=20)
    thetas = torch.tensor([[0.5, 0.0, -0.3], [0.5, 0.0, -0.3], [0.5, 0.1, 0.4]]).repeat(20, 1, 1)
    thetas[:, :, 1] += torch.linspace(-0.2, 0.2, 20)[:, None]
    answers = BirdAnswers(torch.zeros(20, 0), thetas, TRANSFORMS["attention"])
    mirrored = answers._replace(thetas=thetas * torch.tensor([1.0, -1.0, 1.0]))
    found = describe_windows(birds, answers, mirrored)
    assert found["mirror"] == pytest.approx([1, 1, 1])
    assert {pair: share[0] for pair, share in found["overlap"].items()} == {
        "1-2": 100,
        "1-3": 0,
        "2-3": 0,
    }
    assert [sum(each) for each in found["density"]] == [20] * 3
    json.dumps(found)


def test_annotations_can_take_the_localisation_network_s_place(tiny_cub):
    birds = cub("test", tiny_cub)
    model = create_model("2st-cnn", "cub200", backbone="test_efficientnet")
    given = oracle_windows(model, birds)
    head, box = (window_hits(birds, theta, TRANSFORMS["attention"]) for theta in given.unbind(1))
    assert head["head"].all() and box["centre"].all()
    hidden = birds._replace(parts=torch.full_like(birds.parts, torch.nan))
    # no head to be seen: the box
    assert torch.equal(oracle_windows(model, hidden), given[:, 1:].expand(-1, 2, -1))
    answers = bird_answers(model, birds, given=given, batch=5)
    images = torch.stack([read_photograph(path.read_bytes(), 448) for path in birds.paths])
    with torch.inference_mode():
        expected = model.eval().explain(images, given).logits
    assert torch.equal(answers.thetas, given) and torch.allclose(
        answers.logits, expected, atol=1e-4
    )
    assert (
        oracle_windows(create_model("4st-cnn", "cub200", backbone="test_efficientnet"), birds)
        is None
    )
    assert (
        oracle_windows(
            create_model("2st-cnn", "cub200", backbone="test_efficientnet", fixed_scale=False),
            birds,
        )
        is None
    )


@pytest.mark.parametrize(("right", "count"), [(0, 20), (13, 20), (20, 20), (1201, 1389)])
def test_shares_have_wilson_s_interval(right, count):
    found = wilson_interval(torch.arange(count) < right)
    judge = binomtest(right, count).proportion_ci(0.95, method="wilson")
    assert found == pytest.approx(
        (100 * right / count, 100 * judge.low, 100 * judge.high), abs=0.01
    )


def test_models_are_compared_photograph_by_photograph():
    draw = torch.Generator().manual_seed(0)
    known = torch.rand(1389, generator=draw) < 0.7  # both models know most of the same photographs
    one, other = (known | (torch.rand(1389, generator=draw) < chance) for chance in (0.4, 0.3))
    judge = ttest_1samp(one.double() - other.double(), 0).confidence_interval(0.95)
    found = paired_difference(one, other)
    assert found == pytest.approx(
        (100 * (one.sum() - other.sum()).item() / 1389, 100 * judge.low, 100 * judge.high), abs=0.01
    )
    assert found[2] - found[1] < wilson_interval(one)[2] - wilson_interval(one)[1]
    assert paired_difference(one, one) == (0, 0, 0)


def test_answers_are_unsure_below_the_probability_that_validation_chose(tiny_cub):
    birds = cub("test", tiny_cub, species=4)
    birds = birds.chosen(torch.tensor([0, 1, 2, 3] * 5))
    strength = torch.linspace(1, 10, 20)
    logits = torch.zeros(20, 4)
    answered = birds.labels.clone()
    answered[:8] = (answered[:8] + 1) % 4  # the weakest are wrong
    logits[torch.arange(20), answered] = strength
    found = abstention_threshold(
        birds, BirdAnswers(logits, torch.zeros(20, 0, 3), TRANSFORMS["attention"])
    )
    assert found["below"] == pytest.approx(logits[8].softmax(0).max().item())
    assert (found["sure"], found["sure_right"], found["unsure_right"]) == (60, 100, 0)
