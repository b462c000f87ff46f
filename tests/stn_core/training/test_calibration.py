"""Honest probabilities: the temperature is the one that was put in, and taking it into the last
layer changes no answer."""

import torch
from torch import nn

from stn_core.training.calibration import apply_temperature, fit_temperature


def test_a_temperature_that_was_put_in_is_found() -> None:
    draw = torch.Generator().manual_seed(0)
    honest = 2 * torch.randn(20_000, 10, generator=draw)
    labels = torch.multinomial(honest.softmax(1), 1, generator=draw)[:, 0]
    for factor in (0.5, 1.0, 3.0):
        assert abs(fit_temperature(factor * honest, labels) / factor - 1) < 0.06


def test_the_last_layer_takes_it_in() -> None:
    torch.manual_seed(0)
    layer, features = nn.Linear(8, 10), torch.randn(5, 8)
    before = layer(features)
    apply_temperature(layer, 2.5)
    torch.testing.assert_close(layer(features), before / 2.5)
