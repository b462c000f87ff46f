"""The digits page without a browser: every control, every address, missing and broken models."""

import importlib.util
import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from visits import sent, settled, visited, working

from benchmarks.photographs import Scene, saved
from stn_core import DISTORTIONS, EXPERIMENTS, load_checkpoint
from stn_core.data import mnist
from stn_core.data.distortions import TABLE_KINDS
from stn_core.data.mnist import gallery
from stn_core.data.uploads import read_digit
from stn_core.experiments.checkpoints import SHIPPED, save_checkpoint
from ui.app import loading
from ui.controls.digit_controls import DIGIT
from ui.controls.distortion_state import SLIDERS, distorted
from ui.controls.url_codec import digit_from_text
from ui.drawing.canvas import CORRECT, INCORRECT, UNKNOWN

KINDS = list(TABLE_KINDS)


def trained(folder, *names):
    """Checkpoints of untrained models in a folder."""
    torch.manual_seed(0)
    for name in names:
        experiment = EXPERIMENTS[name]
        save_checkpoint(folder / experiment.path, experiment.create_model(), experiment, {}, {})
    return folder


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    names = [f"{kind}-{model}" for kind in KINDS for model in ("cnn", "st-cnn-affine")]
    return trained(tmp_path_factory.mktemp("checkpoints"), *names)


@pytest.fixture
def visit(monkeypatch, complete):
    """visit(r_angle="30") opens the page at that address; STN_CHECKPOINTS is read at start, so the
    folder is put in its place."""

    def call(checkpoints=complete, **address):
        monkeypatch.setattr(loading, "CHECKPOINTS", checkpoints)
        return drawn(visited(**address))

    return call


def drawn(page):
    assert figure(working(page))
    return page


def component(page):
    return sent(page, "figure")


def figure(page):
    return component(page)["figure"]


def rows(page):
    return sum(trace["type"] == "bar" for trace in figure(page)["data"])


def shown(page):
    """The input's picture."""
    return next(trace["source"] for trace in figure(page)["data"] if trace["type"] == "image")


def sliders(page, kind):
    values = sent(page, "sliders")["values"]
    return {slider.key: values[slider.key] for slider in SLIDERS[kind]}


def warnings(page):
    return " ".join(warning.value for warning in page.warning).replace("\\", "")


def press(page, label):
    (button,) = (button for button in page.button if button.label == label)
    return drawn(button.click().run())


def photograph(digit):
    """The PNG file of a gallery digit, dark on white, large."""
    buffer = io.BytesIO()
    Image.fromarray(255 - digit.numpy()).resize((280, 280), Image.Resampling.BICUBIC).save(
        buffer, "PNG"
    )
    return buffer.getvalue()


def upload(page, data, name="digit.png"):
    return drawn(page.file_uploader(key="file").upload(name, data, "image/png").run())


# Distortions


def test_the_page_opens_with_two_models_and_says_what_they_did(visit):
    page = visit()
    assert rows(page) == 2 and not page.warning and not page.error
    text = " ".join(markdown.value for markdown in page.markdown)
    assert "**CNN** answers" in text and "**ST-CNN affine** answers" in text
    assert "CNN answers" in component(page)["alt"] and "*" not in component(page)["alt"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_distortion_has_its_sliders_and_models(visit, kind):
    page = visit(kind=kind.upper())
    assert rows(page) == 2
    assert DISTORTIONS[kind].title in [caption.value for caption in page.caption]
    described = sent(page, "sliders")["sliders"]
    assert [one["key"] for one in described] == [slider.key for slider in SLIDERS[kind]]


@pytest.mark.parametrize(
    "key",
    [slider.key for sliders in SLIDERS.values() for slider in sliders if slider.key != "e_seed"],
)
def test_a_slider_changes_the_figure(visit, key):
    kind = key.partition("_")[0]
    page = visit(kind=kind.upper(), tc_clutter="3")
    before = shown(page)
    slider = next(slider for slider in SLIDERS[kind] if slider.key == key)
    values = sent(page, "sliders")["values"] | {key: slider.high}
    drawn(settled(page, kind, values=values))
    assert shown(page) != before


@pytest.mark.parametrize("kind", KINDS)
def test_at_random_and_reset_to_the_page_as_it_opens(visit, kind):
    page, opening = visit(kind=kind.upper(), digit="3"), visit()
    seen = set()
    for number in range(1, 4):
        drawn(settled(page, kind, number, wish="random"))
        seen.add((tuple(sliders(page, kind).values()), shown(page)))
    assert len(seen) > 1
    drawn(settled(page, kind, 9, wish="reset"))
    assert figure(page) == figure(opening) and not set(page.query_params) - {"lang"}


def test_the_opening_digit_holds_for_every_angle(visit):
    """The sentence above the rows is true of it: only the network with the transformer reads it."""
    page = visit(SHIPPED)
    answers = sent(page, "answers")["answers"]
    best = {title: row.index(max(row)) for title, (row,) in answers.items()}
    assert best["cnn"] != DIGIT.label == best["st-cnn-affine"]
    digit = gallery().images[DIGIT.place(DIGIT.label, DIGIT.number)]
    images = torch.cat([distorted(digit, "r", {"r_angle": at}) for at in range(-90, 91, 10)])
    with torch.inference_mode():
        found = load_checkpoint("r-st-cnn-affine").model(images).argmax(1)
    assert (found == DIGIT.label).all()


def test_the_lecture_starts_from_the_opening(visit):
    page = settled(visit(), "r", wish="lecture")
    assert page.query_params["lesson"] == "paper" and page.query_params["at"] == "1"


def test_shuffle_takes_another_digit_of_the_same_class(visit):
    page = visit(digit="7")
    seen = set()
    for _ in range(3):
        press(page, "Shuffle")
        assert page.session_state["digit"] == 7 and 0 <= page.session_state["number"] < 500
        seen.add(shown(page))
    assert len(seen) > 1


def test_distortions_beyond_training_are_announced(visit):
    assert "Outside what training showed: rotation" in warnings(visit(r_angle="120"))
    assert not visit(r_angle="80").warning


# Models


def test_models_are_chosen(visit):
    assert rows(visit(models_r="CNN")) == 1
    assert rows(visit(models_r=["CNN", "ST-CNN affine"])) == 2
    page = visit(models_r="")
    assert rows(page) == 0 and "Choose a model" in page.info[0].value


def test_a_missing_model_names_the_command_and_the_others_still_show(visit, tmp_path):
    page = visit(trained(tmp_path, "r-cnn"))
    assert rows(page) == 1 and "python -m stn_core train r-st-cnn-affine" in warnings(page)
    assert any("Not trained yet" in caption.value for caption in page.caption)


def test_no_checkpoints_at_all(visit, tmp_path):
    page = visit(tmp_path / "nowhere")
    assert rows(page) == 0 and warnings(page).count("python -m stn_core train") == 2


def truncated(path):
    path.write_bytes(path.read_bytes()[:5000])


def foreign(path):
    path.write_bytes(b"nonsense")


def folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("break_it", [truncated, foreign, folder])
def test_a_broken_checkpoint_is_a_sentence_and_the_others_still_show(visit, tmp_path, break_it):
    path = trained(tmp_path, "r-cnn", "r-st-cnn-affine") / EXPERIMENTS["r-st-cnn-affine"].path
    break_it(path)
    page = visit(tmp_path)
    assert rows(page) == 1
    assert path.name in warnings(page) and "python -m stn_core train r-st-cnn-affine" in warnings(
        page
    )


def test_a_repaired_checkpoint_is_read_again(visit, tmp_path):
    page = visit(tmp_path)
    trained(tmp_path, "r-cnn", "r-st-cnn-affine")
    assert rows(drawn(page.run())) == 2 and not page.warning


def test_visitors_who_come_at_once_read_the_gallery_once(monkeypatch):
    # as on a server that has just started
    spec = importlib.util.spec_from_file_location("unread", mnist.__file__)
    unread = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(unread)
    readers, second = [], threading.Barrier(2)

    def read(*_, **__):
        readers.append(threading.get_ident())
        with suppress(threading.BrokenBarrierError):
            second.wait(0.5)  # time for another reader to come in
        return np.zeros((2, 785), np.uint8)

    monkeypatch.setattr(np, "loadtxt", read)
    with ThreadPoolExecutor(4) as pool:
        assert len({id(digits) for digits in pool.map(lambda _: unread.gallery(), range(4))}) == 1
    assert len(readers) == 1


# An own digit


def test_an_uploaded_digit_is_shown_and_kept_in_the_address(visit):
    page = visit(**{"from": "Upload"})
    data = photograph(gallery().images[1500])
    before = shown(page)
    upload(page, data)
    assert shown(page) != before and not page.error
    assert torch.equal(digit_from_text(page.query_params["own"]), read_digit(data))
    assert "✓" not in json.dumps(figure(page), ensure_ascii=False)  # nobody knows the class
    again = visit(**{"from": "Upload", "own": page.query_params["own"]})
    assert shown(again) == shown(page)


def test_a_text_file_is_refused_and_nothing_is_lost(visit):
    page = visit(**{"from": "Upload"})
    upload(page, photograph(gallery().images[1500]))
    before, own = shown(page), page.query_params["own"]
    upload(page, b"this is no picture", "letter.png")
    assert "JPEG, PNG" in page.error[0].value
    assert (shown(page), page.query_params["own"]) == (before, own)
    upload(page, photograph(gallery().images[2500]))
    assert not page.error and shown(page) != before


def test_a_blank_page_is_refused(visit):
    buffer = io.BytesIO()
    Image.fromarray(np.full((50, 50), 255, dtype=np.uint8)).save(buffer, "PNG")
    assert (
        "No digit was found"
        in upload(visit(**{"from": "Upload"}), buffer.getvalue()).error[0].value
    )


def two_digits():
    """A photograph of a 3 and a 4."""
    scene = Scene(9, None)
    scene.write(3, 9, 0.5, (0.5, 0.28))
    scene.write(4, 9, 0.5, (0.5, 0.75))
    return saved(scene.seen(scene.on()))


def test_of_several_digits_the_visitor_chooses_one_with_one_click(visit):
    page = visit(**{"from": "Upload"})
    before = shown(page)
    upload(page, two_digits())
    assert any("2 digits were found" in each.value for each in page.markdown)
    assert shown(page) == before and "own" not in page.query_params
    drawn(page.button_group(key="photo_chosen_1_1").set_value(1).run())
    four = page.query_params["own"]
    assert shown(page) != before
    drawn(page.button_group(key="photo_chosen_1_1").set_value(0).run())
    assert page.query_params["own"] not in (four, None)


def test_part_and_contrast_are_corrected_by_hand(visit):
    page = upload(visit(**{"from": "Upload"}), two_digits())
    drawn(page.slider(key="photo_across_1").set_value((50, 100)).run())
    right = page.query_params["own"]
    drawn(page.slider(key="photo_across_1").set_value((0, 50)).run())
    assert page.query_params["own"] != right and not page.error
    drawn(page.slider(key="photo_level_1").set_value(40).run())
    assert not page.error


def test_nobody_knows_whether_an_own_digit_is_read_rightly(visit):
    page = upload(visit(**{"from": "Upload"}), photograph(gallery().images[1500]))
    text = json.dumps(figure(page))
    assert UNKNOWN in text and CORRECT not in text and INCORRECT not in text
    assert "unlike" not in warnings(page)
    assert UNKNOWN not in json.dumps(figure(visit()))


def test_what_is_like_no_digit_is_said_to_be_so(visit):
    picture = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(picture).text((150, 150), "&", 0, ImageFont.load_default(220), "mm")
    page = upload(visit(**{"from": "Upload"}), saved(picture))
    assert "unlike any digit that the networks were trained on" in warnings(page)


def test_a_camera_can_be_used(visit):
    page = visit(**{"from": "Upload"})
    drawn(page.toggle(key="camera_on").set_value(True).run())
    assert not page.file_uploader
    before = shown(page)
    shot = saved(Scene(9, 5).seen(Scene(9, 5).on()), "JPEG")
    drawn(page.camera_input[0].set_value(("shot.jpg", shot, "image/jpeg")).run())
    assert shown(page) != before and not page.error


# The address


def test_the_address_is_honoured(visit):
    page = visit(
        kind="RTS",
        rts_angle="-30",
        rts_scale="0.8",
        rts_x="4.5",
        digit="7",
        number="12",
        models_rts="CNN",
    )
    assert sliders(page, "rts") == {"rts_angle": -30, "rts_scale": 0.8, "rts_x": 4.5, "rts_y": 0.0}
    assert (page.session_state["digit"], page.session_state["number"], rows(page)) == (7, 12, 1)


@pytest.mark.parametrize(
    "address",
    [
        *({"kind": kind} for kind in ("XYZ", "", "r", ["TC", "R"])),
        *({"r_angle": angle} for angle in ("abc", "9999", "-181", "", "nan", "1e9", "30.5", "١٢")),
        *(
            {"kind": "RTS", "rts_scale": scale}
            for scale in ("nan", "inf", "-inf", "1e400", "0", "0.77777")
        ),
        {"kind": "E", "e_seed": "99999999999999999999"},
        {"kind": "TC", "tc_x": "-5", "tc_clutter": "17"},
        *({"digit": digit} for digit in ("77", "-1", "4.0", "", "four", ["3", "5"])),
        *({"number": number} for number in ("500", "-1", "1.5", "")),
        *({"models_r": names} for names in ("nonsense", ["CNN", "nonsense"], "TPS,CNN")),
        *({"from": place} for place in ("nowhere", "")),
        {"<script>": "alert(1)"},
    ],
    ids=str,
)
def test_nonsense_in_the_address_gives_a_working_page(visit, address):
    page = visit(**address)
    assert not page.error
    drawn(settled(page, sent(page, "sliders")["kind"], wish="random"))


@pytest.mark.parametrize(
    "own",
    ["garbage", "", "€", "A" * 5000, "eNpjYBiMgF1Oq", ["a", "b"]],
    ids=lambda own: str(own)[:12],
)
def test_a_digit_that_cannot_be_read_from_the_address_is_a_sentence(visit, own):
    page = visit(**{"from": "Upload", "own": own})
    assert (
        "can't be read" in page.error[0].value and "Upload the picture again" in page.error[0].value
    )
