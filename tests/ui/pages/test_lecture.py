"""Lectures: their files and what can be wrong in one, the steps on their pages, what they claim,
and the keys in a real browser."""

import json
import os
import re
import tomllib
from functools import partial
from pathlib import Path

import pytest
import torch
from playwright.sync_api import expect
from visits import let_go, sent, visited

from benchmarks.browser import serving
from stn_core import EXPERIMENTS, TRANSFORMS, Checkpoint
from stn_core.data.mnist import gallery
from stn_core.experiments.checkpoints import save_checkpoint
from stn_core.explain.cnn_invariance import moved
from stn_core.explain.gradient_chain import loss_gradient
from stn_core.explain.gradient_chain import step as step_down
from stn_core.explain.map_alignment import first_map, undo
from ui.app import loading
from ui.app.i18n import LANGUAGES, Translator
from ui.app.outside import plain
from ui.controls.distortion_state import SLIDERS, distorted
from ui.pages.gradient import controls as gradient_controls
from ui.pages.lecture import lessons
from ui.pages.lecture.lessons import Lesson, lines_of, read, said
from ui.pages.lecture.steps import describe_mistake, in_toml
from ui.pages.registry import PAGES
from ui.pages.trouble import controls as trouble_controls
from ui.pages.why import controls as why_controls
from ui.pages.why.page import cnn_scene

ROOT = Path(__file__).parents[3]
PAPER = read(ROOT / "assets/lessons/paper.toml")
EXAMPLE = """\
[[step]]
page = "why"
state = { why_x = 3 }
title.en = "One"
title.zh = "一"
text = "Look."
"""

ASKED = 'question = "Why?"\nanswer = "So."\n'


def lesson_of(folder, text, name="mine"):
    path = folder / f"{name}.toml"
    path.write_text(text)
    return read(path)


# The files


@pytest.mark.parametrize(
    "path", sorted((ROOT / "assets/lessons").glob("*.toml")), ids=lambda path: path.stem
)
def test_a_shipped_lesson_has_no_mistake_and_says_everything_in_every_language(path):
    lesson = read(path)
    assert isinstance(lesson, Lesson), lesson
    for text in (lesson.title, *(text for step in lesson.steps for text in step.texts.values())):
        assert text.keys() == LANGUAGES.keys()
        assert [bool(re.search("[\u4e00-\u9fff]", text[language])) for language in LANGUAGES] == [
            False,
            True,
        ]


def test_the_lecture_through_the_paper_visits_every_page_in_about_twenty_steps():
    assert 18 <= len(PAPER.steps) <= 25
    assert {step.page for step in PAPER.steps} == {*PAGES}
    assert all(set(step.texts) == set(lessons.TEXTS) for step in PAPER.steps)
    assert all(
        len(re.findall(r"[.?!…](?=\s|$)", step.say("text", "en"))) <= 3 for step in PAPER.steps
    )


def test_the_documents_show_a_lesson_that_can_be_read(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/lecture.md").read_text(), re.DOTALL)
    lesson = lesson_of(tmp_path, example)
    assert isinstance(lesson, Lesson), lesson
    assert lesson.steps[0].state and said(lesson.title, "zh")


def test_a_lesson_in_one_language_is_said_in_it_in_every_language(tmp_path):
    lesson = lesson_of(tmp_path, 'title = "Mine"\n' + EXAMPLE)
    assert [said(lesson.title, language) for language in LANGUAGES] == ["Mine", "Mine"]
    assert [lesson.steps[0].say("title", language) for language in LANGUAGES] == ["One", "一"]
    assert lesson.steps[0].say("try", "en") == ""


def test_a_question_has_choices_in_every_language_and_a_right_one(tmp_path):
    choices = 'choices = [{ en = "one", zh = "一" }, "two"]\nright = 2\n'
    step = lesson_of(tmp_path, 'title = "Mine"\n' + EXAMPLE + ASKED + choices).steps[0]
    assert [said(choice, "zh") for choice in step.choices] == ["一", "two"] and step.right == 1
    assert all(choice.keys() == LANGUAGES.keys() for s in PAPER.steps for choice in s.choices)


MISTAKES = [  # what stands in the file after the title, the line that is named, the sentence
    ("[[step]", 2, "not_toml"),
    (EXAMPLE + 'text = "again"', 8, "not_toml"),
    (EXAMPLE + 'try = "', 8, "not_toml"),
    ("step = 3", 2, "no_steps"),
    ("# nothing", 1, "no_steps"),
    (EXAMPLE.replace('"why"', '"wy"'), 3, "page"),
    (EXAMPLE.replace('"why"', "7"), 3, "page"),
    (EXAMPLE.replace('page = "why"\n', ""), 2, "missing"),
    (EXAMPLE.replace('text = "Look."\n', ""), 2, "missing"),
    (EXAMPLE + '[[step]]\npage = "why"\ntitle = "Two"\n', 8, "missing"),
    (EXAMPLE.replace("why_x", "why_q"), 4, "control"),
    (EXAMPLE.replace("why_x = 3", "r_angle = 3"), 4, "control"),
    (EXAMPLE.replace("why_x = 3", "why_x = 30"), 4, "value"),
    (EXAMPLE.replace("why_x = 3", "why_x = 3.3"), 4, "value"),
    (EXAMPLE.replace("why_x = 3", 'why_x = "3"'), 4, "value"),
    (EXAMPLE.replace("why_x = 3", "why_x = true"), 4, "value"),
    (EXAMPLE.replace("why_x = 3", "why_x = nan"), 4, "value"),
    (EXAMPLE.replace("why_x = 3", 'why_view = "cn"'), 4, "value"),
    (EXAMPLE.replace("why_x = 3", "why_view = []"), 4, "value"),
    (EXAMPLE.replace("state = { why_x = 3 }", "state.why_x = 3\nstate.why_digit = 10"), 5, "value"),
    (EXAMPLE.replace("{ why_x = 3 }", '"why_x = 3"'), 4, "state"),
    (EXAMPLE.replace('"Look."', "7"), 7, "text"),
    (EXAMPLE.replace('"Look."', '" "'), 7, "empty"),
    (EXAMPLE.replace('"一"', "1"), 6, "text"),
    (EXAMPLE.replace("title.zh", "title.de"), 6, "language"),
    (EXAMPLE + 'question = "Why?"\n', 8, "alone"),
    (EXAMPLE + 'answer = """\nSo.\n"""\n', 8, "alone"),
    (EXAMPLE + "\n\nheading = 0\n", 10, "heading"),
    (EXAMPLE + "heading = true\n", 8, "heading"),
    (EXAMPLE + 'choices = ["a", "b"]\n', 8, "alone"),
    (EXAMPLE + ASKED + "right = 1\n", 10, "alone"),
    (EXAMPLE + ASKED + 'choices = ["a"]\n', 10, "choices"),
    (EXAMPLE + ASKED + f"choices = {list('abcdefg')}\n", 10, "choices"),
    (EXAMPLE + ASKED + 'choices = "ab"\n', 10, "choices"),
    (EXAMPLE + ASKED + 'choices = ["a", 2]\n', 10, "text"),
    (EXAMPLE + ASKED + 'choices = ["a", " "]\n', 10, "empty"),
    (EXAMPLE + ASKED + 'choices = ["a", { de = "b" }]\n', 10, "language"),
    (EXAMPLE + ASKED + 'choices = ["a", "b"]\nright = 0\n', 11, "right"),
    (EXAMPLE + ASKED + 'choices = ["a", "b"]\nright = 3\n', 11, "right"),
    (EXAMPLE + ASKED + 'choices = ["a", "b"]\nright = true\n', 11, "right"),
    (EXAMPLE + 'texts = "?"\n', 8, "unknown"),
    (EXAMPLE + 'try = """\n[[step]]\npage = "x"\n"""\nquestions = 1\n', 12, "unknown"),
]


@pytest.mark.parametrize(("text", "line", "key"), MISTAKES)
def test_a_mistake_is_a_sentence_with_file_and_line(tmp_path, text, line, key):
    (mistake,) = lesson_of(tmp_path, 'title = "Mine"\n' + text)
    assert (mistake.line, mistake.key) == (line, key)
    for language in LANGUAGES:
        sentence = describe_mistake(mistake, Translator("lecture", language))
        assert (
            "mine.toml" in sentence
            and re.search(rf"\b{line}\b", sentence)
            and sentence[-1] in ".。"
        )


def test_all_mistakes_of_a_file_are_named_at_once(tmp_path):
    found = lesson_of(tmp_path, EXAMPLE.replace('"why"', '"wy"') + EXAMPLE.replace("3", "99"))
    assert [(mistake.line, mistake.key) for mistake in found] == [
        (1, "missing"),
        (2, "page"),
        (9, "value"),
    ]


def test_a_file_in_another_encoding_is_named_with_its_line(tmp_path):
    (tmp_path / "mine.toml").write_bytes(b'title = "a"\n# \xff\n')
    (mistake,) = read(tmp_path / "mine.toml")
    assert (mistake.line, mistake.key) == (2, "not_text")


def test_a_corrected_file_is_read_again(tmp_path):
    assert not isinstance(lesson_of(tmp_path, "title = 1"), Lesson)
    (tmp_path / "mine.toml").unlink()
    assert isinstance(lesson_of(tmp_path, 'title = "Mine"\n' + EXAMPLE), Lesson)


def test_lines_are_those_where_statements_begin():
    text = "a = 1\n\n# b = 2\nb = [\n  1,\n]\n[c]\nd.e = '''\nb = 3\n'''\nd.f = 1"
    places = {
        ("a",): 1,
        ("b",): 4,
        ("c",): 7,
        ("c", "d", "e"): 8,
        ("c", "d", "f"): 11,
    }
    assert places.items() <= lines_of(text).items()


def test_lines_are_found_in_every_way_to_write_a_step():
    text = """x = "a # \\" [" # [
[[step]]
"page" = 'it"s [' # {
text.en = '''
[[step]]
'''
[step.state]
why_x = [1,
  2]
[[step]]
state = { why_x = "}", why_y = [[3], 4] }
[[more.step]]
"""
    tomllib.loads(text)
    places = {
        ("x",): 1,
        ("step", 0): 2,
        ("step", 0, "page"): 3,
        ("step", 0, "text", "en"): 4,
        ("step", 0, "state"): 7,
        ("step", 0, "state", "why_x"): 8,
        ("step", 1): 10,
        ("step", 1, "state", "why_y"): 11,
        ("more", "step", 0): 12,
    }
    assert places.items() <= lines_of(text).items()


def test_a_long_file_is_read_to_its_last_line(tmp_path):
    text = 'title = "Long"\n' + EXAMPLE * 1000
    (mistake,) = lesson_of(tmp_path, text + "heading = 0\n")
    assert (mistake.line, mistake.key) == (len(text.split("\n")), "heading")


# Files that are no lessons

NESTED = b"title = " + b"[" * 5000 + b"]" * 5000


@pytest.mark.parametrize(
    ("data", "line", "key"),
    [
        (b"", 1, "missing"),
        ("title = 'a'\n".encode("utf-16"), 1, "not_text"),
        ("title = 'a'\n".encode("utf-16-le"), 1, "not_text"),
        ("title = 'ä'\n".encode("latin-1"), 1, "not_text"),
        (b"title = 1\n" + NESTED[:300] + NESTED[-300:], 2, "not_toml"),
        (NESTED, 1, "not_toml"),
        (b"title = " + b"{a=" * 5000, 1, "not_toml"),
        (b"title = " + b"9" * 5000, 1, "not_toml"),
        (b"title = 0x" + b"f" * 5000, 1, "text"),
        (b"\0" * 100, 1, "not_text"),
        (b"title = 'a'\n" * 20_000, 1, "too_large"),
    ],
    ids=[
        "empty",
        "utf16",
        "utf16-no-mark",
        "latin",
        "twice",
        "deep-nest",
        "deeper",
        "digits",
        "hex",
        "zeros",
        "large",
    ],
)
def test_whatever_is_in_a_file_is_a_sentence(tmp_path, data, line, key):
    (tmp_path / "mine.toml").write_bytes(data)
    mistake, *_ = read(tmp_path / "mine.toml")
    assert (mistake.line, mistake.key) == (line, key)
    for language in LANGUAGES:
        assert len(describe_mistake(mistake, Translator("lecture", language))) < 500


@pytest.mark.parametrize(
    "value", ["9" * 4000, "0x" + "f" * 5000, "1e400", "1979-05-27", "[[[[1]]]]"]
)
def test_no_value_of_a_control_is_too_much(tmp_path, value):
    (mistake,) = lesson_of(
        tmp_path, 'title = "Mine"\n' + EXAMPLE.replace("why_x = 3", f"why_x = {value}")
    )
    assert (mistake.line, mistake.key) == (4, "value")
    assert len(describe_mistake(mistake, Translator("lecture", "en"))) < 800


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "mine.toml").write_bytes(("\ufefftitle = 'Mine'\r\n" + EXAMPLE).encode())
    assert isinstance(read(tmp_path / "mine.toml"), Lesson)


def test_hidden_files_are_no_lessons(folder):
    lesson_of(folder, 'title = "Mine"\n' + EXAMPLE)
    (folder / ".#mine.toml").symlink_to("somebody@somewhere.1234:5678")
    (folder / "._mine.toml").write_bytes(b"\0\5\x16\7")
    (folder / ".hidden.toml").write_text("title = 1")
    assert list(lessons.lessons()) == ["mine"]


def test_what_is_no_file_is_a_mistake_and_the_others_go_on(visit, folder):
    lesson_of(folder, 'title = "Mine"\n' + EXAMPLE)
    (folder / "folder.toml").mkdir()
    (folder / "gone.toml").symlink_to(folder / "nowhere")
    (folder / "loop.toml").symlink_to(folder / "loop.toml")
    os.mkfifo(folder / "pipe.toml")
    found = lessons.lessons()
    assert {name: wrong[0].key for name, wrong in found.items() if name != "mine"} == {
        "folder": "no_file",
        "gone": "not_readable",
        "loop": "not_readable",
        "pipe": "no_file",
    }
    assert isinstance(found["mine"], Lesson)
    app = visit("lecture")
    assert len(app.error) == 4 and len(app.main.get("page_link")) == 1
    for name in found:
        assert visit("why", lesson=name, at="1").main.get("bidi_component")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_that_may_not_be_read_is_a_mistake(tmp_path):
    lesson_of(tmp_path, "title = 1")
    (tmp_path / "mine.toml").chmod(0)
    assert read(tmp_path / "mine.toml")[0].key == "not_readable"


# The controls


@pytest.mark.parametrize("page", PAGES)
def test_every_default_is_accepted_and_every_page_has_a_title(page):
    assert Translator("app")(page)
    for name, control in PAGES[page].controls().items():
        assert control.default is None or control.accepts(control.default), name
        assert not control.accepts(object()) and not control.accepts("\0"), name
        assert control.accepted


# The steps on their pages


@pytest.fixture
def visit():
    """visit("why", lesson="paper", at="2") opens the app at that address, with shipped models."""

    return lambda page="", **address: visited(page, **address)


def panel(app):
    """What the panel was sent; None without a lecture."""
    sent = [json.loads(element.proto.json)[0] for element in app.sidebar.get("bidi_component")]
    return next((data for data in sent if "steps" in data), None)


@pytest.mark.parametrize("at", range(1, len(PAPER.steps) + 1))
def test_a_step_opens_its_page_in_its_state(visit, at):
    step = PAPER.steps[at - 1]
    app = visit(step.page, lesson="paper", at=str(at))
    assert (
        not app.error and panel(app)["title"] == step.say("title", "en") and panel(app)["at"] == at
    )
    for name, value in step.state.items():
        control = PAGES[step.page].controls()[name]
        if not control.kept_by_page:
            assert app.session_state[name] == value, name
        elif value == control.default:
            assert name not in app.query_params, name
        else:
            assert app.query_params[name] in (control.text(value), [control.text(value)]), name


def test_a_step_begins_at_the_heading_that_it_is_about(visit):
    """The one that opens the results page further down."""
    at, step = next((i, step) for i, step in enumerate(PAPER.steps, 1) if step.heading > 1)
    page = visit(step.page, lesson="paper", at=str(at))
    headings = [each.value for each in page.markdown if each.value.startswith("#### ")]
    say = Translator("results")
    assert headings[step.heading - 1] == f"#### {say('curves_title')}"


def test_without_a_lesson_there_is_no_panel(visit):
    assert panel(visit()) is None


def test_the_next_step_is_put_in_place_and_the_one_before_again(visit):
    app = visit("why", lesson="paper", at="3")
    for at in (2, 3, 2):
        app.query_params["at"] = str(at)
        app.run()
        step = PAPER.steps[at - 1]
        values = sent(app, "sliders")["values"]
        moved_to = {name: value for name, value in step.state.items() if name in values}
        assert moved_to and moved_to.items() <= values.items()
        assert app.session_state["why_view"] == step.state.get("why_view", "cnn")


def test_what_was_moved_in_a_step_stays_until_the_next(visit):
    app = visit("why", lesson="paper", at="2")
    let_go(app, "why_live", why_x=-3.0)
    app.run()
    assert sent(app, "sliders")["values"]["why_x"] == -3 and panel(app)["at"] == 2


def test_who_comes_by_a_link_that_says_more_sees_that(visit):
    app = visit(lesson="paper", at="1", r_angle="15")
    assert app.query_params["r_angle"] == "15"


@pytest.mark.parametrize(
    ("at", "shown"), [("abc", 1), ("-3", 1), ("", 1), ("9" * 400, len(PAPER.steps))]
)
def test_nonsense_for_the_step_opens_a_step(visit, at, shown):
    step = PAPER.steps[shown - 1]
    assert panel(visit(step.page, lesson="paper", at=at))["at"] == shown


@pytest.mark.parametrize("name", ["nowhere", "../lessons/paper", "*", "paper.toml"])
def test_an_unknown_lesson_is_a_sentence_over_a_working_page(visit, name):
    app = visit(lesson=name)
    assert plain(name) in app.error[0].value and panel(app) is None
    assert app.main.get("bidi_component")


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(lessons, "FOLDER", tmp_path)
    return tmp_path


def test_the_list_has_every_lesson_and_what_is_wrong_with_the_others(visit, folder):
    lesson_of(folder, 'title = "Fine"\n' + EXAMPLE, "fine")
    lesson_of(folder, 'title = "Broken"\n' + EXAMPLE.replace('"why"', '"wy"'), "broken")
    app = visit("lecture")
    assert "`broken.toml`, line 3" in app.error[0].value
    (link,) = app.main.get("page_link")
    assert link.proto.label == "1 · One" and link.proto.query_string == "lesson=fine&at=1"


def test_a_broken_lesson_in_the_address_is_a_sentence_over_a_working_page(visit, folder):
    lesson_of(folder, 'title = "Broken"\n' + EXAMPLE.replace('"why"', '"wy"'), "broken")
    app = visit(lesson="broken", at="1")
    assert "line 3" in app.error[0].value and panel(app) is None and app.main.get("bidi_component")


def test_an_empty_folder_says_so(visit, folder):
    assert visit("lecture").info


def test_a_state_is_offered_as_a_step_that_can_be_read(visit, folder):
    lesson_of(folder, 'title = "Mine"\n' + EXAMPLE)
    app = visit("why", lesson="mine", at="1")
    let_go(app, "why_live", why_angle=45)
    (offered,) = app.sidebar.get("code")
    again = lesson_of(
        folder, f'title = "Again"\n{offered.value}\ntitle = "One"\ntext = "Look."\n', "again"
    )
    assert again.steps[0].page == "why" and again.steps[0].state == {"why_x": 3.0, "why_angle": 45}


def test_values_are_written_as_toml():
    values = {"a": 0.15, "b": 3, "c": True, "d": "R", "e": ["CNN", "ST-CNN affine"], "f": 6.0}
    assert tomllib.loads(f"state = {in_toml(values)}")["state"] == values
    assert tomllib.loads(f"state = {in_toml({})}")["state"] == {}


# What the lecture claims of the shipped models


def claimed(page, **state):
    """The step of the lecture on that page with that in its state."""
    return next(
        step for step in PAPER.steps if step.page == page and state.items() <= step.state.items()
    )


def answer(name, image):
    checkpoint = loading.load(EXPERIMENTS[name])
    assert isinstance(checkpoint, Checkpoint)
    with torch.inference_mode():
        return int(checkpoint.model(image).argmax())


def digit_of(step):
    kind = step.state.get("kind", "R").lower()
    values = {slider.key: slider.default for slider in SLIDERS[kind]} | dict(step.state)
    return distorted(
        gallery().images[500 * step.state["digit"] + step.state["number"]], kind, values
    )


def first_digit(start):
    """The digit that a page begins with, and its class."""
    return gallery().images[500 * start.label + start.number], start.label


def test_the_turned_digit_fools_the_cnn_but_not_the_transformer():
    step = claimed("digits", r_angle=40)
    assert (
        answer("r-cnn", digit_of(step))
        != step.state["digit"]
        == answer("r-st-cnn-affine", digit_of(step))
    )


def test_the_clutter_fools_the_fcn_but_not_the_transformer():
    step = claimed("digits", kind="TC")
    assert (
        answer("tc-fcn", digit_of(step))
        != step.state["digit"]
        == answer("tc-st-cnn-affine", digit_of(step))
    )


def test_the_shifted_digit_fools_the_cnn_until_it_is_back():
    digit, label = first_digit(why_controls.DIGIT)
    shift = claimed("why", why_x=6.0).state["why_x"]
    assert (
        answer("r-cnn", moved(digit, (28, 28), shift, 0.0))
        != label
        == answer("r-cnn", moved(digit, (28, 28)))
    )


def test_the_curves_beside_the_shifted_digit_show_where_the_cnn_fails():
    digit, label = first_digit(why_controls.DIGIT)
    values = {slider.key: slider.default for slider in why_controls.POSE}
    values |= claimed("why", why_x=6.0).state
    checkpoint = loading.load(EXPERIMENTS["r-cnn"])
    figure, *_ = cnn_scene(checkpoint.model, digit, label, values, Translator("why"))
    curves = [trace["y"] for trace in figure["data"] if len(trace.get("y", ())) == 20]
    assert len(curves) == 3
    for sure in curves:
        assert max(sure) > 0.9 and min(sure) < 0.5


def test_a_turn_is_undone_at_the_input_and_not_on_the_map():
    state = claimed("trouble", w_trap="map").state
    start = trouble_controls.DIGIT
    first = partial(first_map, loading.load(EXPERIMENTS["r-cnn"]).model)
    angles = torch.tensor([state["w_turn"], 90.0]).deg2rad()
    found = undo(first, 2, first_digit(start)[0], angles)
    at_input, on_map = found.error(found.restored_map), found.error(found.warped_map)
    assert on_map[0] > 2 * at_input[0] and on_map[1] > 1 and at_input[1] < 1e-3


def test_thirty_steps_down_the_gradient_bring_the_digit_back():
    model = loading.load(EXPERIMENTS["r-cnn"]).model
    digit, label = first_digit(gradient_controls.DIGIT)
    first = {name: control.default for name, control in gradient_controls.table().items()}
    image, theta, affine = (
        moved(digit, (28, 28), first["g_x"], first["g_y"])[0],
        TRANSFORMS["affine"].identity(),
        [],
    )
    for _ in range(claimed("gradient", g_steps=30).state["g_steps"] + 1):
        affine.append(
            loss_gradient(model.classify, image, label, TRANSFORMS["affine"], theta, (28, 28))
        )
        theta = step_down(theta, affine[-1].of_theta, first["g_rate"])
    assert int(affine[0].probabilities.argmax()) != label == int(affine[-1].probabilities.argmax())
    assert affine[-1].loss < affine[0].loss / 10


def test_the_recorded_transformer_brings_the_digits_into_one_pose():
    recording = loading.recording(EXPERIMENTS["rts-st-fcn-affine"])
    assert (
        recording.misalignment[-1] < 0.8 * recording.misalignment[0]
        and recording.wrong[-1] < 8 < recording.wrong[0]
    )


def test_errors_rise_beyond_the_range_of_training_with_a_transformer_and_without():
    report = loading.report()
    low, high = report.trained("r", "rotation")
    for name in ("fcn", "cnn", "st-fcn-affine", "st-cnn-affine"):
        errors = list(
            zip(
                report.sweep("r", "rotation"),
                report.models[f"r-{name}"].curves["rotation"],
                strict=True,
            )
        )
        inside = [error for angle, error in errors if low <= angle <= high]
        assert max(error for _, error in errors) > 5 * max(inside)


def test_a_transformer_lowers_the_error_of_most_networks():
    measured = loading.report().models

    def plain_of(one):
        return f"{one.experiment.data}-{one.experiment.model.removeprefix('st-').split('-')[0]}"

    transformed = [one for one in measured.values() if one.experiment.model.startswith("st-")]
    pairs = [(one, measured[plain_of(one)]) for one in transformed if plain_of(one) in measured]
    assert pairs and sum(one.error < plain.error for one, plain in pairs) > 0.8 * len(pairs)

    def gain(network):
        return [
            plain.error - one.error
            for one, plain in pairs
            if f"st-{network}" in one.experiment.model
        ]

    # it helps most where the network below it forgives least
    assert min(gain("fcn")) > min(gain("cnn"))


# In a real browser

LESSON = """
title = "Mine"
[[step]]
page = "digits"
state = { r_angle = 30 }
title = "Turned"
text = "Look."
question = "Why?"
answer = "Because."
[[step]]
page = "digits"
state = { r_angle = -45, digit = 7 }
title = "The other way"
text = "Look."
[[step]]
page = "stage"
state = { kind = "RTS", rts_angle = 20, mode = "look" }
title = "Elsewhere"
text = "Look."
[[step]]
page = "stage"
state = { kind = "RTS", rts_angle = -20 }
title = "Elsewhere, too"
text = "Look."
[[step]]
page = "replay"
title = "At first"
text = "Look."
[[step]]
page = "replay"
state = { step = 1000 }
title = "Later"
text = "Look."
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The app with untrained models and a lesson of its own."""
    folder = tmp_path_factory.mktemp("lecture")
    torch.manual_seed(0)
    for name in ("r-cnn", "r-st-cnn-affine", "rts-cnn", "rts-st-cnn-affine"):
        save_checkpoint(
            folder / EXPERIMENTS[name].path,
            EXPERIMENTS[name].create_model(),
            EXPERIMENTS[name],
            {},
            {},
        )
    (folder / "mine.toml").write_text(LESSON)
    with serving(STN_CHECKPOINTS=str(folder), STN_LESSONS=str(folder)) as address:
        yield address


@pytest.fixture
def open_step(tab):
    """open_step(path) opens the app as a new visitor and waits for the panel."""

    def call(path="/?lesson=mine&at=1", **options):
        page = tab(path, **options)
        # the first visitor waits for the imports
        page.locator(".lecture h2").wait_for(timeout=180_000)
        page.evaluate("window.sameLoad = true")
        return page

    return call


def slider(page, label):
    return page.get_by_role("slider", name=label)


def at_step(page, title, angle, **address):
    expect(page.locator(".lecture h2")).to_have_text(title)
    expect(slider(page, "Rotation")).to_have_value(str(angle))
    for name, value in address.items():
        expect(page).to_have_url(re.compile(rf"[?&]{name}={value}(&|$)"))
    assert page.evaluate("window.sameLoad")  # the page was never loaded anew


def test_the_clicker_goes_through_the_steps_and_back_without_loading_the_page_anew(open_step):
    page = open_step()
    steps = [
        ("Turned", 30, {"at": 1, "r_angle": 30}),
        ("The other way", -45, {"at": 2, "r_angle": -45, "digit": 7}),
        ("Elsewhere", 20, {"at": 3, "rts_angle": 20, "mode": "look"}),
        ("Elsewhere, too", -20, {"at": 4, "rts_angle": -20}),
    ]
    for key, way in (("PageDown", steps), ("PageUp", steps[-2::-1])):
        for number, (title, angle, address) in enumerate(way):
            if key == "PageUp" or number:
                page.keyboard.press(key)
            at_step(page, title, angle, **address)
            if address["at"] > 2:
                expect(page.locator(".stage")).to_have_attribute(
                    "data-mode", address.get("mode", "digit")
                )
    assert "digit=7" not in page.url  # what a step leaves open is as at the start


def test_who_presses_three_times_at_once_goes_three_steps(open_step):
    page = open_step()
    for key, title, angle in (("PageDown", "Elsewhere, too", -20), ("PageUp", "Turned", 30)):
        for _ in range(3):
            page.keyboard.press(key)
        at_step(page, title, angle)


def test_the_player_goes_to_the_step_of_training_that_a_step_names(open_step):
    page = open_step("/?lesson=mine&at=5")
    for key, clock in (("PageDown", "Step 0 of"), ("PageUp", "Step 1,000 of"), ("", "Step 0 of")):
        expect(page.locator(".replay-clock")).to_contain_text(clock)
        if key:
            page.keyboard.press(key)


def test_keys_are_left_to_what_has_the_focus_but_for_those_of_the_clicker(open_step):
    page = open_step()
    page.keyboard.press("s")
    slider(page, "Rotation").focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"r_angle=31\b"))
    page.keyboard.press("PageDown")
    at_step(page, "The other way", -45)
    field = page.get_by_test_id("stNumberInput").locator("input")
    field.focus()
    page.keyboard.press("s")  # is typed
    expect(field).to_be_visible()
    page.keyboard.press("PageUp")
    at_step(page, "Turned", 30)


def test_controls_and_the_answer_come_when_they_are_asked_for(open_step):
    page = open_step()
    answer, control = page.get_by_text("Because."), page.get_by_test_id("stNumberInput")
    expect(answer).to_be_hidden()
    expect(control).to_be_hidden()
    page.keyboard.press("a")
    expect(answer).to_be_visible()
    page.keyboard.press("s")
    expect(control).to_be_visible()
    page.keyboard.press("s")
    expect(control).to_be_hidden()


def test_every_step_has_a_link_that_opens_it(open_step):
    page = open_step()
    links = page.locator(".lecture .progress a")
    hrefs = links.evaluate_all("all => all.map(one => one.href)")
    assert len(hrefs) == 6
    friend = open_step(hrefs[2].replace(re.match(r"http://[^/]+", page.url)[0], ""))
    at_step(friend, "Elsewhere", 20)
    links.nth(2).click()
    at_step(page, "Elsewhere", 20)
    page.get_by_role("link", name="All steps").click()
    expect(page.locator(".lecture")).to_have_count(0)
    page.get_by_test_id("stPageLink").filter(has_text="The other way").get_by_role("link").click()
    at_step(page, "The other way", -45)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_projector_theme_is_large_and_black_and_white_and_stays_for_the_next_step(
    open_step, scheme
):
    colors = ("rgb(0, 0, 0)", "rgb(255, 255, 255)")
    ink, ground = colors if scheme == "light" else reversed(colors)
    page = open_step("/?lesson=mine&at=1&projector=true", color_scheme=scheme)

    def style(selector, name):
        return page.locator(selector).first.evaluate(f"one => getComputedStyle(one).{name}")

    page.locator('.js-plotly-plot text[style*="rgb(1, 2, 3)"]').first.wait_for()
    for title, angle in (("Turned", 30), ("The other way", -45)):
        at_step(page, title, angle, projector="true")
        assert style(".stApp", "backgroundColor") == ground and style(".stMain h4", "color") == ink
        assert (
            style('.js-plotly-plot text[style*="rgb(1, 2, 3)"]', "fill") == ink
            and style(".lecture h2", "color") == ink
        )
        assert float(style("html", "fontSize")[:-2]) > 17
        if title == "Turned":
            page.keyboard.press("PageDown")
    page.keyboard.press("s")
    page.get_by_test_id("stCheckbox").filter(has_text="Projector").locator("label").click()
    expect(page).not_to_have_url(re.compile("projector"))
    expect(page.locator("html")).to_have_css("font-size", "17px")


@pytest.mark.parametrize(
    ("address", "links"),
    [("https://site.example.org/stn/", 1), ("", 0), ("javascript:alert(1)", 0)],
)
def test_the_list_leads_to_the_pages_without_a_server(monkeypatch, address, links):
    monkeypatch.setattr("ui.pages.lecture.page.SITE", address)
    found = [each.proto.url for each in visited("lecture").main.get("link_button")]
    assert found == [f"{address}?lang=en"] * links


LOSES_ONE = """() => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (...message) {
    if (window.lost === 0) window.lost = 1;
    else send.apply(this, message);
  };
}"""


def test_a_step_that_streamlit_does_not_hear_of_is_asked_for_again(open_step):
    page = open_step(before=lambda page: page.add_init_script(f"({LOSES_ONE})()"))
    page.wait_for_timeout(2000)  # the page has said what it has to say
    page.evaluate("window.lost = 0")
    page.keyboard.press("PageDown")
    at_step(page, "The other way", -45, at=2, r_angle=-45, digit=7)
    assert page.evaluate("window.lost") == 1
