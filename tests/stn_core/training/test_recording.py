"""Recordings of training: written and read, checked field by field, and what follows from them."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from stn_core import DISTORTIONS, EXPERIMENTS, TRANSFORMS, sample
from stn_core.data.mnist import gallery
from stn_core.training.recording import (
    DIGITS,
    SEED,
    Recorder,
    Recording,
    RecordingError,
    load_recording,
    recorded_digits,
    recorded_pairs,
)

SHIPPED = sorted((Path(__file__).parents[3] / "assets" / "recordings").glob("*.safetensors"))
NAME = "r-st-cnn-affine"
ABOUT = {"experiment": NAME, "digits": 64, "seed": 64, "batch_size": 256}


def good():
    """The tensors of a recording of three moments."""
    theta = TRANSFORMS["affine"].identity().expand(3, 64, 6)
    return {
        "step": torch.tensor([0, 1, 10]),
        "logits": torch.zeros(3, 64, 10).half(),
        "theta": theta.half().contiguous(),
    }


def written(folder, tensors=None, about=ABOUT, name=NAME):
    path = folder / f"{name}.safetensors"
    save_file(
        good() if tensors is None else tensors,
        path,
        metadata={"stn": about if isinstance(about, str) else json.dumps(about)},
    )
    return path


def refused(path):
    """The one sentence with which a file is refused; it always names the file and the command that
    makes a good one."""
    with pytest.raises(RecordingError) as caught:
        load_recording(path)
    text = str(caught.value)
    assert (
        str(path) in text
        and "python -m stn_core train" in text
        and "--record" in text
        and "\n" not in text
    )
    return text


def test_a_run_that_is_recorded_from_now_on_can_be_saved_before_the_first_moment():
    late = Recorder(EXPERIMENTS["r-fcn"], total=100)
    late.load({})  # of a state that was saved without a recording
    Recorder(EXPERIMENTS["r-fcn"], total=100).load(late.state())
    late.record(100, EXPERIMENTS["r-fcn"].create_model())
    assert late.state()["step"].tolist() == [100]


def test_what_the_recorder_writes_is_read_back(tmp_path):
    torch.manual_seed(0)
    experiment = EXPERIMENTS["e-st-fcn-tps"]
    recorder = Recorder(experiment, total=2, batch_size=32)
    model = experiment.create_model().eval()
    for step in range(3):
        recorder.record(step, model)
        model.transformer.localisation.regression.bias.data += 0.01
    recorder.save(tmp_path)
    recording = load_recording(tmp_path / "e-st-fcn-tps.safetensors")
    assert (
        recording.experiment is experiment
        and recording.batch_size == 32
        and recording.steps.tolist() == [0, 1, 2]
    )
    images, labels = recorded_digits("e")
    assert torch.equal(recording.images, images) and torch.equal(recording.labels, labels)
    moved = TRANSFORMS["tps"].identity() + 0.02
    assert torch.allclose(recording.theta[2].float(), moved.expand(64, 32), atol=1e-3)
    model.transformer.localisation.regression.bias.data -= 0.01
    assert torch.allclose(recording.logits[2].float(), model.explain(images).logits, atol=1e-2)
    wrong = (model.explain(images).logits.argmax(1) != labels).sum()
    assert abs(int(recording.wrong[2]) - int(wrong)) <= 1  # half precision may turn a tie


def test_the_digits_are_the_gallerys_in_turn():
    images, labels = recorded_digits("r")
    assert labels.tolist() == [i % 10 for i in range(64)]
    upright = gallery().images[torch.arange(DIGITS) % 10 * 500 + torch.arange(DIGITS) // 10]
    angle = DISTORTIONS["r"].draw(DIGITS, torch.Generator().manual_seed(SEED))
    assert torch.equal(images, DISTORTIONS["r"].apply(upright, angle))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_recordings_are_good_and_learn(path):
    recording = load_recording(path)
    assert recording.experiment.name == path.stem
    assert recording.wrong[0] > 48 and recording.wrong[-1] < 8
    if recording.theta is not None:
        identity = recording.transform.identity()
        thetas = recording.theta[0].float().view(-1, len(identity))  # of all transformers
        assert (thetas - identity).abs().max() < 2e-3


@pytest.mark.parametrize("keep", [0, 7, 100, -1])
def test_a_truncated_file_is_refused(tmp_path, keep):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    assert "truncated or foreign" in refused(path)


def test_a_missing_file_is_refused_with_its_own_command(tmp_path):
    text = refused(tmp_path / "p-cnn.safetensors")
    assert "no such recording" in text and "train p-cnn --record assets/recordings" in text


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ("no JSON", "header"),
        ("[1]", "header"),
        ("[" * 100_000, "header"),
        ({"digits": 64, "seed": 64}, "header"),
        (ABOUT | {"experiment": ["r-cnn"]}, "header"),
        (ABOUT | {"experiment": "r-transformer"}, "r-transformer"),
        (ABOUT | {"experiment": "r-st-cnn-tps"}, "as its name says"),
        (ABOUT | {"seed": 65}, "another version"),
        (ABOUT | {"digits": 32}, "another version"),
        (ABOUT | {"batch_size": "many"}, "batch size"),
        (ABOUT | {"batch_size": True}, "batch size"),
        (ABOUT | {"batch_size": -1}, "batch size"),
    ],
)
def test_a_foreign_header_is_refused(tmp_path, about, said):
    assert said in refused(written(tmp_path, about=about))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"theta": None}, "for theta expected"),
        ({"step": None}, "expected"),
        ({"other": torch.zeros(1)}, "for other expected nothing"),
        ({"theta": torch.zeros(3, 64, 8).half()}, "for theta expected"),
        ({"theta": torch.zeros(3, 64, 6)}, "float16"),
        ({"logits": torch.zeros(2, 64, 10).half()}, "for logits expected"),
        ({"logits": torch.zeros(3, 64, 10, dtype=torch.int16)}, "float16"),
        ({"step": torch.tensor([0, 1, 1])}, "increasing"),
        ({"step": torch.tensor([-1, 1, 2])}, "increasing"),
        ({"step": torch.tensor([0, 1, 2**40])}, "increasing"),
        ({"step": torch.tensor([0.0, 1.0, 2.0])}, "int64"),
        ({"step": torch.tensor(3)}, "expected"),
        ({"logits": torch.full((3, 64, 10), torch.inf).half()}, "finite"),
        ({"theta": torch.full((3, 64, 6), torch.nan).half()}, "finite"),
        ({name: value[:0] for name, value in good().items()}, "moments"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(tmp_path, change, said):
    tensors = {name: value for name, value in (good() | change).items() if value is not None}
    assert said in refused(written(tmp_path, tensors))


# What is computed from a recording


def recording_of(kind, model, theta):
    """A recording of one moment with theta (64, P), or None."""
    images, labels = recorded_digits(kind)
    logits = torch.zeros(1, 64, 10).half()
    theta = None if theta is None else theta[None]
    return Recording(
        EXPERIMENTS[f"{kind}-{model}"], None, torch.tensor([0]), logits, theta, images, labels
    )


def test_digits_that_are_all_turned_upright_lie_alike():
    angle = DISTORTIONS["r"].draw(DIGITS, torch.Generator().manual_seed(SEED))["angle"]

    def turned(by):
        return torch.stack([by.cos(), -by.sin(), 0 * by, by.sin(), by.cos(), 0 * by], dim=1)

    images, _ = recorded_digits("r")
    upright = gallery().images[torch.arange(DIGITS) % 10 * 500 + torch.arange(DIGITS) // 10] / 255
    back = sample(images, TRANSFORMS["affine"].grid(turned(angle), (28, 28)))[:, 0]
    # that this is upright
    assert (back - upright).abs().mean() < 0.3 * (images[:, 0] - upright).abs().mean()
    assert recording_of("r", "st-cnn-affine", turned(angle)).misalignment.item() < 0.3
    # all askew in the same way
    assert recording_of("r", "st-cnn-affine", turned(angle + 0.7)).misalignment.item() < 0.3
    untouched = recording_of("r", "st-cnn-affine", turned(0 * angle)).misalignment
    assert untouched.item() > 5
    assert torch.allclose(untouched, recording_of("r", "cnn", None).misalignment, atol=1e-4)


@pytest.mark.parametrize("kind", list(DISTORTIONS))
def test_misalignment_is_what_the_distortion_made_it_where_nothing_turns_the_digits(kind):
    value = recording_of(kind, "cnn", None).misalignment
    assert value.shape == (1,) and 1 < value.item() < 20


def test_moved_digits_of_clutter_are_as_far_apart_as_their_places():
    place = DISTORTIONS["tc"].draw(DIGITS, torch.Generator().manual_seed(SEED))["place"].float()
    zero, one = torch.zeros(64), torch.full((64,), 28 / 60)
    x, y = ((place + 14) / 30 - 1).unbind(1)
    crop = torch.stack([one, zero, x, zero, one, y], dim=1)
    assert recording_of("tc", "st-cnn-affine", crop).misalignment.item() < 1e-3


def test_how_far_grids_have_moved_is_in_pixels_of_the_input():
    shifted = TRANSFORMS["affine"].identity() + torch.tensor([0, 0, 3 / 21, 0, 0, 4 / 21])
    assert recording_of(
        "rts", "st-cnn-affine", shifted.expand(64, 6)
    ).moved.item() == pytest.approx(5, abs=1e-4)
    assert recording_of("rts", "cnn", None).moved.tolist() == [0]


# Two digits


@pytest.fixture
def of_pairs(tmp_path):
    """A recording of two transformers, of which the second one learns to turn with the first
    digit."""
    experiment = EXPERIMENTS["r2-2st-cnn-affine"]
    recorder = Recorder(experiment, 10)
    model = experiment.create_model().eval()
    angles = recorded_pairs("r2").parameters["angle"]

    class Told(torch.nn.Module):
        share = 0.0

        def forward(self, images):
            turn = self.share * angles[:, 0]
            zero = torch.zeros_like(turn)
            return torch.stack((turn.cos(), -turn.sin(), zero, turn.sin(), turn.cos(), zero), dim=1)

    model.transformers[1].localisation = Told()
    for step, share in enumerate((0.0, 0.5, 1.0)):
        model.transformers[1].localisation.share = share
        recorder.record(step, model)
    recorder.save(tmp_path)
    return load_recording(tmp_path / f"{experiment.name}.safetensors")


def test_the_thetas_of_two_transformers_stand_side_by_side(of_pairs):
    assert of_pairs.theta.shape == (3, 64, 12) and of_pairs.logits.shape == (3, 64, 19)
    assert of_pairs.images.shape == (64, 2, 28, 28)
    identity = torch.tensor([1, 0, 0, 0, 1, 0]).half()
    assert (of_pairs.theta[:, :, :6] == identity).all()


def test_a_recording_of_pairs_says_which_transformer_turned_with_which_digit(of_pairs):
    undone = [moment.undone for moment in of_pairs.straightening]
    assert [first for first, _ in undone] == [(0, 0)] * 3
    assert [second[0] for _, second in undone] == pytest.approx([0, 50, 100], abs=0.2)
    assert of_pairs.straightening[2].shares[1][0] == 100


@pytest.mark.parametrize("figure", ["moved", "misalignment"])
def test_a_recording_of_pairs_has_no_figures_of_single_digits(of_pairs, figure):
    with pytest.raises(ValueError, match="pairs of digits"):
        getattr(of_pairs, figure)


def test_a_recording_of_single_digits_has_no_such_figures():
    with pytest.raises(ValueError, match="single digits"):
        _ = load_recording(SHIPPED[0]).straightening
