"""A control is stated once: what one adds to a page's table is a widget, in the address, in
lessons, in animations and programs."""

import pytest
from visits import let_go, sent, settled, visited, working

from ui.app.i18n import Translator
from ui.controls import distortion_state
from ui.controls.spec import (
    Choice,
    Choices,
    GalleryDigit,
    LiveSlider,
    Number,
    Slider,
    Switch,
    Text,
    arguments,
    by_name,
    rows,
    sweeps,
)
from ui.pages.lecture.lessons import Lesson, read
from ui.pages.lecture.steps import describe_mistake
from ui.pages.registry import PAGES
from ui.pages.sampler import controls as sampler
from ui.pages.trouble import controls as trouble
from ui.pages.why import controls as why

LESSON = """
title = "Mine"
[[step]]
page = "{page}"
state = {{ {key} = {value} }}
title = "One"
text = "Look."
"""


def add(monkeypatch, page, key):
    """A slider more, in the only place where a page's sliders are stated, labelled as another."""
    if page == "digits":
        added = LiveSlider(key, 0, 9, 3, 1, label="Rotation")
        monkeypatch.setitem(distortion_state.SLIDERS, "r", (*distortion_state.SLIDERS["r"], added))
    else:
        module, name = {
            "why": (why, "POSE"),
            "sampler": (sampler, "POINT"),
            "trouble": (trouble, "FRAME"),
        }[page]
        sliders = getattr(module, name)
        added = type(sliders[0])(key, 0, 9, 3, 1, label=sliders[0].key)
        monkeypatch.setattr(module, name, (*sliders, added))
    return added


@pytest.mark.parametrize(
    ("page", "key"),
    [
        ("digits", "r_added"),
        ("why", "why_added"),
        ("sampler", "s_added"),
        ("trouble", "w_added"),
    ],
)
def test_one_statement_makes_widget_address_lesson_animation_and_program(
    monkeypatch, tmp_path, page, key
):
    added = add(monkeypatch, page, key)

    shown = visited(page, {"lang": "en"}, **{key: "7"})  # the address sets the widget
    if isinstance(added, LiveSlider):
        drawn = next(each for each in sent(shown, "sliders")["sliders"] if each["key"] == key)
        assert (drawn["low"], drawn["high"], drawn["step"]) == (0, 9, 1)
        assert sent(shown, "sliders")["values"][key] == 7
        if page == "digits":
            settled(shown, "r", values={key: 5})
        else:
            let_go(shown, f"{key.partition('_')[0]}_live", **{key: 5})
        assert shown.query_params[key] == "5"
    else:
        widget = shown.slider(key=key)
        assert (widget.min, widget.max, widget.step, widget.value) == (0, 9, 1, 7)
        assert widget.proto.query_param_key == key  # the browser writes the widget's value there
        working(widget.set_value(5).run())

    taken = sent(shown, "snippet")
    assert "added = 5" in taken["snippet"].splitlines()
    assert key in [sweep for sweep, _ in taken["sweeps"]]
    assert sweeps([added], str)[0].values == tuple(range(10))

    lesson = tmp_path / "mine.toml"
    lesson.write_text(LESSON.format(page=page, key=key, value=9))
    found = read(lesson)
    assert isinstance(found, Lesson) and found.steps[0].state == {key: 9}
    lesson.unlink()
    lesson.write_text(LESSON.format(page=page, key=key, value=10))
    (mistake,) = read(lesson)
    assert "0 … 9, ± 1" in describe_mistake(mistake, Translator("lecture", "en"))


@pytest.mark.parametrize("page", PAGES)
def test_a_default_is_fitted_and_has_a_text(page):
    for control in PAGES[page].controls().values():
        if control.default is not None:
            assert control.fitted(control.default) == control.default
            assert control.text(control.default) != ""


@pytest.mark.parametrize(
    "number", [Number("n", 1, 5, 1), Slider("x", -1.0, 2.0, 0.0, 0.1), Slider("y", -180, 180, 0, 5)]
)
def test_every_value_goes_from_end_to_end(number):
    values = number.every_value()
    assert (
        values[0] == number.low and values[-1] == number.high and all(map(number.accepts, values))
    )
    assert len(set(values)) == round((number.high - number.low) / number.step) + 1


def is_word(text):
    return text.isalpha()


NUMBER, SLIDER = (
    Number("n", 0, 499, 155),
    Slider("x_angle", -180.0, 180.0, 30.0, 0.5, unit="°", neutral=0.0),
)
CHOICE, CHOICES = (
    Choice("c", ("a", "b"), "b", option_label="say"),
    Choices("m_r", ("CNN", "FCN"), ("FCN",)),
)
SWITCH, TEXT = Switch("s", False), Text("t", is_word, "a word")


@pytest.mark.parametrize(
    ("control", "value", "text"),
    [
        (NUMBER, 0, "0"),
        (NUMBER, 3.0, "3"),
        (Number("step", 0, 10**9, 0), 1_234_567, "1234567"),
        (SLIDER, -0.5, "-0.5"),
        (CHOICE, "a", "a"),
        (CHOICES, ["CNN", "FCN"], ["CNN", "FCN"]),
        (CHOICES, [], []),
        (SWITCH, True, "true"),
        (TEXT, "abc", "abc"),
    ],
)
def test_an_accepted_value_is_fitted_to_itself_and_stands_in_the_address(control, value, text):
    assert (
        control.accepts(value)
        and control.fitted(value) == value
        and control.text(control.fitted(value)) == text
    )


@pytest.mark.parametrize(
    ("control", "value", "fitted"),
    [
        (NUMBER, 500, 499),
        (NUMBER, 2.4, 2),
        (SLIDER, 30.3, 30.5),
        (SLIDER, -1e9, -180.0),
        (CHOICE, "c", "b"),
        (CHOICE, [], "b"),
        (CHOICE, None, "b"),
        (CHOICES, ["x", "CNN"], ["CNN"]),
        (TEXT, "a1", None),
        (TEXT, None, None),
    ],
)
def test_what_is_not_accepted_is_fitted_to_what_is(control, value, fitted):
    assert not control.accepts(value) and control.fitted(value) == fitted


@pytest.mark.parametrize("control", [NUMBER, SLIDER])
@pytest.mark.parametrize("value", [True, "3", None, [], float("nan"), float("inf")])
def test_only_finite_numbers_are_numbers(control, value):
    assert not control.accepts(value)


def test_a_gallery_digit_is_two_controls_in_their_place():
    table = by_name(SWITCH, GalleryDigit("d", "d_number", 4, 408), CHOICE)
    assert {name: control.default for name, control in table.items()} == {
        "s": False,
        "d": 4,
        "d_number": 408,
        "c": "b",
    }
    assert table["d"].accepts(9) and not table["d"].accepts(10)
    assert table["d_number"].accepts(499) and not table["d_number"].accepts(500)


def test_two_half_sliders_in_a_row_share_a_line():
    whole, *halves = SLIDER, *(Slider(f"x_{i}", 0, 1, 0, 1, half=True) for i in range(3))
    assert rows([whole, *halves]) == [[whole], halves[:2], halves[2:]]
    assert rows([halves[0], whole, halves[1]]) == [[halves[0]], [whole], [halves[1]]]


def test_degrees_on_the_screen_are_radians_in_stn_core():
    found = arguments([SLIDER, Slider("x_y", 0, 9, 1, 1)], {"x_angle": 180.0, "x_y": 4})
    assert found == {"angle": pytest.approx(3.14159265), "y": 4}
