"""The exhibits without a browser: every control, text and language, nonsense in addresses."""

import json
import tomllib
from pathlib import Path

import pytest
import torch
from visits import components, let_go, sent, visited, working

from stn_core import EXPERIMENTS
from stn_core.experiments.checkpoints import SHIPPED, save_checkpoint
from stn_core.explain.pitfalls import TrainingSnapshot
from ui.app import loading
from ui.app.i18n import file_of
from ui.controls.spec import Choice, LiveSlider, Number, Slider, Text
from ui.pages import registry
from ui.pages.gradient.figure import SUM
from ui.pages.trouble.live_training import Run

ROOT = Path(__file__).parents[3]
PAGES = {
    "why": "why",
    "t": "transformation",
    "s": "sampler",
    "g": "gradient",
    "b": "birds",
    "w": "trouble",
}
CONTROLS = {
    prefix: list(registry.PAGES[name].controls().values()) for prefix, name in PAGES.items()
}
TEXTS = {name: tomllib.loads(file_of(name).read_text("utf-8")) for name in (*PAGES.values(), "app")}
CHOICES = [
    c
    for controls in CONTROLS.values()
    for c in controls
    if isinstance(c, Choice) and c.kept_by_page
]
SLIDERS = [  # but those of the birds, which need other models
    control
    for page, controls in CONTROLS.items()
    for control in controls
    if isinstance(control, Slider) and page != "b"
]
WHERE = {  # the state in which a control is shown, where that is not the page's first
    "why_shift": {"why_view": "pools"},
    "t_px": {"t_family": "projective"},
    "t_py": {"t_family": "projective"},
    "t_bulge": {"t_family": "tps"},
    "t_wave": {"t_family": "tps"},
    "s_picture": {"s_view": "down"},
    "s_factor": {"s_view": "down"},
    "g_rate": {"g_steps": "1"},
    "w_mismatch": {"w_trap": "align"},
    "w_repeats": {"w_trap": "align"},
    "w_rate": {"w_trap": "rate"},
    "w_x": {"w_trap": "leave"},
    "w_leash": {"w_trap": "leave"},
    "w_turn": {"w_trap": "map"},
    "w_move": {"w_trap": "map", "w_turn": "0"},
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    experiment = EXPERIMENTS["r-cnn"]
    save_checkpoint(folder / experiment.path, experiment.create_model(), experiment, {}, {})
    return folder


@pytest.fixture
def visit(monkeypatch, checkpoints):
    """visit("why", why_x="3") opens an exhibit, without the app around it, at that address."""

    def call(name, folder=checkpoints, language="en", **address):
        monkeypatch.setattr(loading, "CHECKPOINTS", folder)
        return visited(name, {"lang": language}, **address)

    return call


def component(page):
    """The figure of PyTorch's answer."""
    return sent(page, "figure")


def figure(page):
    return json.dumps(component(page)["figure"], allow_nan=False)


def headline(page):
    """What the figure shows, in a sentence: under a live figure, else the page's first line."""
    texts = [markdown.value.replace("\u00a0", " ") for markdown in page.markdown]
    said = [sent["alt"] for sent in components(page) if "alt" in sent]
    own = [text for text in texts if text in said]
    return (own or [text for text in texts if text.startswith("#### ")])[0]


def move(page, key, value):
    """A slider, moved and let go."""
    if any(slider.key == key for slider in SLIDERS if isinstance(slider, LiveSlider)):
        return let_go(page, f"{key.partition('_')[0]}_live", **{key: value})
    return working(page.slider(key=key).set_value(value).run())


def page_of(key):
    return PAGES[key.partition("_")[0]]


@pytest.mark.parametrize(
    "name", [name for name in PAGES.values() if name != "birds"]
)  # which has other models and tests of its own
def test_a_page_opens_with_one_sentence_and_a_figure_that_says_it(visit, name):
    page = visit(name)
    assert not page.error and not [warning.value for warning in page.warning]
    assert component(page)["alt"] in headline(page) and len(figure(page)) < 200_000


def test_the_app_opens_the_exhibits(monkeypatch, checkpoints):
    monkeypatch.setattr(loading, "CHECKPOINTS", checkpoints)
    for name in ("why", "trouble"):
        assert headline(visited(name))


def test_controls_have_their_own_names():
    keys = [control.key for controls in CONTROLS.values() for control in controls]
    assert len(set(keys)) == len(keys)
    assert all(
        control.key.startswith(f"{page}_")
        for page, controls in CONTROLS.items()
        for control in controls
    )


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.key)
def test_bounds_and_default_lie_on_the_step(slider):
    assert {type(slider.low), type(slider.high), type(slider.default), type(slider.step)} in (
        {int},
        {float},
    )
    assert slider.low <= slider.default <= slider.high
    assert all(slider.fitted(value) == value for value in (slider.low, slider.default, slider.high))


@pytest.mark.parametrize("key", [slider.key for slider in SLIDERS])
def test_a_slider_changes_the_figure(visit, key):
    page = visit(page_of(key), **WHERE.get(key, {}))
    before = figure(page)
    move(page, key, other_value(key))
    assert figure(page) != before


def other_value(key):
    slider = next(slider for slider in SLIDERS if slider.key == key)
    return slider.fitted(2 if key == "g_steps" else slider.high)


@pytest.mark.parametrize("key", ["why_angle", "t_angle", "s_factor", "g_steps", "w_x"])
def test_an_address_opens_the_same_figure(visit, key):
    page = visit(page_of(key), **WHERE.get(key, {}))
    move(page, key, other_value(key))
    assert figure(
        visit(page_of(key), **WHERE.get(key, {}), **{key: f"{other_value(key):g}"})
    ) == figure(page)


def test_a_model_that_was_first_read_by_another_page_still_gives_gradients(visit):
    visit("why")
    assert component(visit("gradient"))["alt"]


@pytest.mark.parametrize(
    ("choice", "option"),
    [(c, o) for c in CHOICES for o in c.options],
    ids=lambda v: getattr(v, "key", v),
)
def test_every_option_opens_from_the_address(visit, choice, option):
    language = "zh" if option == choice.options[-1] else "en"
    page = visit(
        page_of(choice.key), language=language, **{**WHERE.get(choice.key, {}), choice.key: option}
    )
    assert page.session_state[choice.key] == option and not page.error
    assert any("\u4e00" <= letter <= "\u9fff" for letter in headline(page)) == (language == "zh")


@pytest.mark.parametrize(
    ("key", "value"), [*((c.key, "nonsense") for c in CHOICES), ("t_family", ""), ("w_rate", "<b>")]
)
def test_nonsense_for_a_choice_opens_the_default(visit, key, value):
    page = visit(page_of(key), **{**WHERE.get(key, {}), key: value})
    assert page.session_state[key] == next(
        choice.default for choice in CHOICES if choice.key == key
    )


@pytest.mark.parametrize("value", ["abc", "1e9", "-1"])
@pytest.mark.parametrize("name", [name for name in PAGES if name != "b"])
def test_nonsense_for_numbers_gives_a_working_page(visit, name, value):
    page = visit(
        PAGES[name],
        **{control.key: value for control in CONTROLS[name] if isinstance(control, Number)},
    )
    assert component(page)["alt"]


def test_clicking_a_choice_changes_the_address_by_its_name(visit):
    page = visit("sampler", language="zh")
    working(page.button_group(key="s_kernel").set_value("nearest").run())
    assert page.query_params["s_kernel"] in ("nearest", ["nearest"])
    working(page.button_group(key="s_kernel").set_value("bilinear").run())
    assert "s_kernel" not in page.query_params


def test_the_map_has_the_errors_that_were_measured_and_the_command_for_others(visit):
    page = visit("trouble", w_trap="map")
    (note,) = [caption.value for caption in page.caption if "Finnveden" in caption.value]
    measured = loading.report().models
    for on_image in ("r-st-cnn-affine", "rts-st-cnn-affine"):
        on_map = EXPERIMENTS[f"{on_image}-map"]
        assert f"{measured[on_image].error:.2f}\N{NO-BREAK SPACE}%" in note
        if on_map.name in measured:
            assert f"{measured[on_map.name].error:.2f}\N{NO-BREAK SPACE}%" in note
            assert on_map.command not in note
        else:
            assert f"`{on_map.command}`" in note


@pytest.mark.parametrize("name", ["why", "gradient", "trouble"])
def test_a_missing_model_is_a_sentence_with_the_command(visit, tmp_path, name):
    page = visit(name, tmp_path)
    assert "python -m stn_core train r-cnn" in page.warning[0].value


def test_the_why_page_puts_the_digit_back(visit):
    page = visit("why", why_y="3", why_scale="0.7")
    rest = sent(page, "rest")["rest"]
    assert rest == {"why_x": 0, "why_y": 0, "why_angle": 0, "why_scale": 1}
    let_go(page, "why_live", **rest)
    assert "as it was" in headline(page)


@pytest.mark.parametrize("said", [None, 3, [], {"id": 9}, {"id": 9, "values": {"why_x": "x"}}])
@pytest.mark.parametrize(("name", "key"), [("why", "why_live"), ("gradient", "g_live")])
def test_what_is_no_message_changes_nothing(visit, name, key, said):
    page = visit(name)
    before = figure(page)
    page.session_state[key] = {"said": said}
    assert figure(working(page.run())) == before


def test_the_transformation_page_says_the_identity(visit):
    page = visit("transformation", t_family="projective")
    let_go(page, "t_live", **sent(page, "neutral")["neutral"])
    assert "The identity" in headline(page)


@pytest.mark.parametrize(
    ("family", "values", "words"),
    [
        (
            "translation",
            {"t_x": "0.5", "t_y": "-0.5"},
            "moved right, moved up; so the digit is moved",
        ),
        ("translation", {"t_x": "0.01", "t_y": "0.0"}, "The grid is moved right; so the digit is"),
        (
            "affine",
            {"t_angle": "0", "t_scale": "1.0", "t_x": "0.0", "t_stretch": "1.01"},
            "the digit does the opposite",
        ),
        # the sliders' 30 degrees are no turn of everything, once a shear is added
        ("affine", {"t_angle": "30", "t_shear": "1"}, "the digit does the opposite"),
        ("affine", {"t_angle": "0", "t_shear": "1"}, "the digit does the opposite"),
        ("affine", {"t_angle": "30", "t_shear": "0"}, "turned 30° clockwise"),
    ],
)
def test_the_transformation_page_says_what_grid_and_digit_do(visit, family, values, words):
    assert words in headline(visit("transformation", t_family=family, **values))


@pytest.mark.parametrize(
    "values",
    [
        None,
        5,
        {},
        {"t_angle": "x", "t_moves": [1], "t_at": [2], "t_follow": None},
        {"t_at": ["x", 0], "t_follow": 3, "t_moves": [float("nan")] * 32},
        {"t_at": [7, 0], "t_follow": 99, "t_moves": ["<b>"] * 32},
    ],
)
def test_nonsense_from_the_browser_is_not_taken(visit, values):
    page = visit("transformation", t_family="tps")
    page.session_state["t_live"] = {"said": {"id": 7, "values": values}}
    working(page.run())
    assert not {"t_angle", "t_moves", "t_at"} & set(page.query_params)


@pytest.mark.parametrize("family", ["affine", "projective", "tps"])
def test_the_same_sliders_give_the_same_window_in_larger_families(visit, family):
    alike = visit(
        "transformation", t_family="similarity", t_angle="40", t_scale="0.6", t_x="0.2", t_y="0.0"
    )
    page = visit(
        "transformation", t_family=family, t_angle="40", t_scale="0.6", t_x="0.2", t_y="0.0"
    )
    sources = [
        [t["source"] for t in component(p)["figure"]["data"] if t["type"] == "image"]
        for p in (alike, page)
    ]
    assert sources[0] == sources[1]  # the input and the output


def press(page, label):
    (button,) = (button for button in page.button if button.label == label)
    return working(button.click().run())


def test_the_gradient_says_how_far_it_has_come(visit):
    page = visit("gradient")
    let_go(page, "g_live", g_steps=11)
    assert page.query_params["g_steps"] in ("11", ["11"]) and "After 11 steps" in headline(page)


def test_the_gradient_begins_where_a_hand_has_put_the_window(visit):
    start = figure(visit("gradient"))
    page = visit("gradient", g_theta="0.9,0,0.1,0,0.9,0.1")
    assert figure(page) != start
    assert sent(page, "theta")["theta"] == [0.9, 0, 0.1, 0, 0.9, 0.1]
    for text in ("1,2", "nan,0,0,0,0,0", "<b>"):
        assert figure(visit("gradient", g_theta=text)) == start


def test_a_gradient_that_dies_is_seen_to_die(monkeypatch):
    """All steps are drawn on one scale: short arrows for a hundredth of the loss."""
    monkeypatch.setattr(loading, "CHECKPOINTS", SHIPPED)

    def drawn(steps):
        shown = component(visited("gradient", g_steps=str(steps)))["figure"]
        arrows = [t for t in shown["data"] if t.get("line", {}).get("color") == SUM]
        ends = [abs(x - t["x"][0]) for t in arrows for x in t["x"] if x is not None]
        (bars,) = (t for t in shown["data"] if t["type"] == "bar")
        axis = shown["layout"][f"yaxis{bars['yaxis'][1:]}"]
        return max(ends, default=0), max(map(abs, bars["y"])), axis["range"]

    (long, tall, scale), (short, low, same) = drawn(0), drawn(30)
    assert short < 0.2 * long and low < 0.2 * tall and same == scale


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_is_in_both_languages_with_the_same_blanks(name):
    for key, said in TEXTS[name].items():
        assert said.keys() == {"en", "zh"}, key
        blanks = [
            {part.partition("}")[0] for part in text.split("{")[1:]} for text in said.values()
        ]
        assert blanks[0] == blanks[1], key


def test_every_control_and_option_has_a_text():
    for page, controls in CONTROLS.items():
        for control in controls:
            assert control.label_key in TEXTS[PAGES[page]] or isinstance(control, Text)
            if isinstance(control, Choice) and control.kept_by_page:
                assert {control.option_key(option) for option in control.options} <= TEXTS[
                    PAGES[page]
                ].keys()


@pytest.mark.parametrize(
    ("rate", "error", "outside", "said"),
    [
        ("0", 41.0, 0.0, "the classifier alone reaches an error of 41 %"),
        ("3", 13.8, 0.0, "has learned to bring the digits to the middle"),
        ("10", 47.6, 0.014, "48 % errors after 600 steps; the window jumps about"),
        ("100", 92.6, 1.0, "the window has left the image"),
    ],
)
def test_a_training_on_the_spot_says_what_became_of_it(rate, error, outside, said):
    run = Run(float(rate))
    shown = TrainingSnapshot(600, 1.0, error, outside, torch.zeros(6, 6), torch.zeros(6, 14, 14))
    run.moments, run.done = [shown], True
    page = visited("trouble", {"w_run": run}, w_trap="rate", w_rate=rate)
    assert any(said in text.value.replace("\u00a0", " ") for text in working(page).markdown)
