"""The models for two digits."""

import pytest
import torch
from torch import nn

from stn_core import EXPERIMENTS, create_model
from stn_core.models.pairs import PAIR_MODELS

PAIRS = [name for name, experiment in EXPERIMENTS.items() if experiment.pairs]


def size_of(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_four_models_on_two_kinds():
    assert set(PAIRS) == {f"{data}-{model}" for data in ("r2", "rts2") for model in PAIR_MODELS}
    assert all(EXPERIMENTS[name].paper_error is None for name in PAIRS)
    assert EXPERIMENTS["r2-cnn"].classes == tuple(map(str, range(19)))


@pytest.mark.parametrize("data", ["r2", "rts2"])
def test_all_have_about_as_many_parameters(data):
    sizes = [size_of(EXPERIMENTS[f"{data}-{model}"].create_model()) for model in PAIR_MODELS]
    assert max(sizes) < 1.06 * min(sizes)


@pytest.mark.parametrize("name", PAIRS)
def test_new_transformers_pass_both_digits_on(name):
    experiment = EXPERIMENTS[name]
    images = torch.rand(3, *experiment.input_shape)
    logits, traces = experiment.create_model().eval().explain(images)
    assert logits.shape == (3, 19)
    assert len(traces) == {"st": 1, "2st": 2}.get(experiment.model.split("-")[0], 0)
    for trace in traces:
        assert trace.theta.tolist() == [[1, 0, 0, 0, 1, 0]] * 3
        if experiment.data == "r2":
            torch.testing.assert_close(trace.output, images)


def test_the_classifier_sees_what_both_make_of_both_channels():
    model = create_model("2st-cnn-affine").eval()
    for transformer in model.transformers:
        nn.init.normal_(transformer.localisation.regression.weight, std=0.1)
    images = torch.rand(2, 2, 28, 28)
    logits, (first, second) = model.explain(images)
    assert not torch.equal(first.theta, second.theta)
    seen = torch.cat((first.output, second.output), dim=1)
    assert torch.equal(model.classifier(seen), logits)


def test_a_model_that_is_none_of_them_is_refused():
    with pytest.raises(ValueError, match="no model 'st-fcn-affine' for two digits; there are fcn,"):
        create_model("st-fcn-affine", "r2")
