"""The state of the pages about one digit: what can be set of a distortion, what it does to a digit,
and what training drew."""

import torch
from torch import Tensor

from stn_core.data.distort_digit import DISTRACTORS, distort_digit, elastic_directions
from stn_core.data.distortions import (
    DISTORTIONS,
    ELASTIC_SIGMA,
    PATCHES,
    RotationScaleTranslation,
)
from ui.controls.spec import LiveSlider, Values, arguments
from ui.controls.url_codec import ByHand

SEEDS = 10_000
RANGES = {kind: distortion.trained for kind, distortion in DISTORTIONS.items()}
RTS = RotationScaleTranslation()
RTS_SHIFT = round(RTS.largest_shift(RANGES["rts"]["scale"][0]), 1)  # of the smallest digits
# in the order of Projection's parameters
CORNERS = ("Top left", "Top right", "Bottom right", "Bottom left")

SLIDERS: dict[str, tuple[LiveSlider, ...]] = {
    "r": (
        LiveSlider(
            "r_angle",
            -180,
            180,
            40,
            1,
            label="Rotation",
            unit="°",
            trained=RANGES["r"]["rotation"],
            neutral=0,
        ),
    ),
    "rts": (
        LiveSlider(
            "rts_angle",
            -180,
            180,
            0,
            1,
            label="Rotation",
            unit="°",
            trained=RANGES["rts"]["rotation"],
        ),
        LiveSlider(
            "rts_scale",
            0.4,
            1.6,
            1.0,
            0.05,
            label="Scale",
            unit="×",
            trained=RANGES["rts"]["scale"],
        ),
        LiveSlider(
            "rts_x",
            -18.0,
            18.0,
            0.0,
            0.5,
            label="Shift →",
            unit="px",
            trained=(-RTS_SHIFT, RTS_SHIFT),
            half=True,
        ),
        LiveSlider(
            "rts_y",
            -18.0,
            18.0,
            0.0,
            0.5,
            label="Shift ↓",
            unit="px",
            trained=(-RTS_SHIFT, RTS_SHIFT),
            half=True,
        ),
    ),
    "p": (
        LiveSlider(
            "p_scale", 0.5, 1.25, 1.0, 0.05, label="Scale", unit="×", trained=RANGES["p"]["scale"]
        ),
        *(
            LiveSlider(
                f"p_{axis}{i}",
                -16.0,
                16.0,
                0.0,
                0.5,
                label=f"{corner} {'→' if axis == 'x' else '↓'}",
                unit="px",
                half=True,
            )
            for i, corner in enumerate(CORNERS)
            for axis in "xy"
        ),
    ),
    "e": (
        LiveSlider(
            "e_scale", 0.5, 1.25, 1.0, 0.05, label="Scale", unit="×", trained=RANGES["e"]["scale"]
        ),
        LiveSlider(
            "e_strength",
            0.0,
            4.0,
            0.0,
            0.1,
            label="Strength",
            unit="px",
            trained=(0.0, ELASTIC_SIGMA),
        ),
        LiveSlider("e_seed", 0, SEEDS - 1, 0, 1, label="Seed", swept=False),
    ),
    "tc": (
        LiveSlider("tc_x", 0, 32, 16, 1, label="Place →", unit="px", trained=(0, 32), half=True),
        LiveSlider("tc_y", 0, 32, 16, 1, label="Place ↓", unit="px", trained=(0, 32), half=True),
        LiveSlider(
            "tc_clutter",
            0,
            DISTRACTORS,
            PATCHES,
            1,
            label="Distractors",
            trained=(PATCHES, PATCHES),
            neutral=0,
            half=True,
        ),
        LiveSlider("tc_seed", 0, SEEDS - 1, 0, 1, label="Seed", swept=False, half=True),
    ),
}

BY_HAND = {
    # of the control points (x, y), in pixels, on top of the seed's
    "e": ByHand("e_moves", -12.0, 12.0, 0.1, 0.0),
    # top left corners (x, y) of the distractors; -1 is where the seed drops them
    "tc": ByHand("tc_drops", -1, 54, 1, -1),
}
UNMOVED, UNDROPPED = BY_HAND["e"].untouched, BY_HAND["tc"].untouched


def drawn(kind: str, generator: torch.Generator) -> Values:
    """Slider values of one distortion from the training distribution."""
    parameters = {name: value[0] for name, value in DISTORTIONS[kind].draw(1, generator).items()}
    seed = int(torch.randint(SEEDS, (1,), generator=generator))
    values: Values = {}
    for slider in named_sliders(kind):
        amount = parameters[slider.name]
        values[slider.key] = (amount.rad2deg() if slider.unit == "°" else amount).item()
    if kind == "rts":
        values["rts_x"], values["rts_y"] = parameters["shift"].tolist()
    elif kind == "p":
        for i in range(4):
            values[f"p_x{i}"], values[f"p_y{i}"] = parameters["moves"][i].tolist()
    elif kind == "e":
        values |= {"e_strength": ELASTIC_SIGMA, "e_seed": seed}
    elif kind == "tc":
        values["tc_x"], values["tc_y"] = parameters["place"].tolist()
        values |= {"tc_clutter": PATCHES, "tc_seed": seed}
    return {
        slider.key: slider.fitted(values.get(slider.key, slider.rest)) for slider in SLIDERS[kind]
    }


def named_sliders(kind: str) -> list[LiveSlider]:
    """The sliders that are called as the distortion's parameters are."""
    return [slider for slider in SLIDERS[kind] if slider.name in DISTORTIONS[kind].identity()]


def undistorted(kind: str) -> Values:
    """Slider values that leave the digit as it is."""
    return {slider.key: slider.rest for slider in SLIDERS[kind]}


def distorted(digit: Tensor, kind: str, values: Values) -> Tensor:
    """A digit uint8 (28, 28) distorted by sliders and hand: float32 (1, 1, H, W)."""
    v = arguments(SLIDERS[kind], values)
    if kind == "rts":
        return distort_digit(
            digit, "rts", angle=v["angle"], scale=v["scale"], shift=(v["x"], v["y"])
        )
    if kind == "p":
        return distort_digit(
            digit, "p", scale=v["scale"], moves=[(v[f"x{i}"], v[f"y{i}"]) for i in range(4)]
        )
    if kind == "e":
        by_hand = torch.tensor(values.get("e_moves", UNMOVED)).view(16, 2)
        return distort_digit(
            digit,
            "e",
            scale=v["scale"],
            moves=v["strength"] * elastic_directions(v["seed"]) + by_hand,
        )
    if kind == "tc":
        drops = torch.tensor(values.get("tc_drops", UNDROPPED)).view(DISTRACTORS, 2)
        return distort_digit(
            digit, "tc", place=(v["x"], v["y"]), count=v["clutter"], seed=v["seed"], drops=drops
        )
    return distort_digit(digit, kind, **arguments(named_sliders(kind), values))


def outside_training(kind: str, values: Values) -> list[str]:
    """The labels of the sliders that stand where training never went."""
    # of the smallest digit that the slider of the scale stands for
    room = RTS.largest_shift(values["rts_scale"] - 0.025) if kind == "rts" else 0.0
    outside = []
    for slider in SLIDERS[kind]:
        low, high = (
            (-room, room)
            if slider.key in ("rts_x", "rts_y")
            else slider.trained or (slider.low, slider.high)
        )
        if not low - slider.step / 2 <= values[slider.key] <= high + slider.step / 2:
            outside.append(slider.label[0].lower() + slider.label[1:])
    return outside
