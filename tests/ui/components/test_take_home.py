"""What is taken home: programs that print the page's numbers, animations over a slider, pictures
and pages of a real browser."""

import ast
import base64
import io
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect
from visits import components, sent, visited

from benchmarks.browser import serving
from stn_core import EXPERIMENTS
from stn_core.data.mnist import gallery
from stn_core.experiments.checkpoints import save_checkpoint
from stn_core.explain.pitfalls import train_tiny_stn
from stn_core.training.recording import Recorder, recorded_digits
from ui.app import loading
from ui.app.i18n import file_of
from ui.components.take_home import KEY, WORDS
from ui.controls.distortion_state import BY_HAND, SLIDERS
from ui.controls.spec import FRAMES, Sweep, sweeps
from ui.controls.url_codec import digit_to_text
from ui.drawing.canvas import picture
from ui.pages.transformation.controls import MOVES as MOVED
from ui.pages.trouble.live_training import Run

ROOT = Path(__file__).parents[3]
TEXTS = tomllib.loads(file_of("take_home").read_text("utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Checkpoints of untrained models with random transformers, and two recordings."""
    folder = tmp_path_factory.mktemp("own")
    torch.manual_seed(3)
    for name in (
        "r-cnn",
        "r-st-cnn-affine",
        "rts-cnn",
        "rts-st-cnn-affine",
        "p-st-cnn-projective",
        "e-st-cnn-tps",
        "tc-st-cnn-affine",
    ):
        experiment = EXPERIMENTS[name]
        model = experiment.create_model()
        if model.transforms:
            torch.nn.init.normal_(model.transformer.localisation.regression.weight, std=0.3)
        save_checkpoint(folder / experiment.path, model, experiment, {}, {})
    for name in ("rts-fcn", "rts-st-fcn-affine"):
        recorder = Recorder(EXPERIMENTS[name], 100, 256)
        labels = recorded_digits("rts")[1]
        noise = torch.randn(4, 64, 10) + 2 * torch.nn.functional.one_hot(labels, 10)
        theta = (
            {}
            if name == "rts-fcn"
            else {"theta": (torch.eye(2, 3).flatten() + 0.1 * torch.randn(4, 64, 6)).half()}
        )
        recorder.load({"step": torch.tensor([0, 10, 50, 100]), "logits": noise.half()} | theta)
        recorder.save(folder / "recordings")
    return folder


@pytest.fixture
def visit(monkeypatch, folder):
    """visit("gradient", g_steps="3") opens that page at that address, without the app around it."""

    def call(name, session=None, language="en", **address):
        monkeypatch.setenv("STN_CHECKPOINTS", str(folder))
        monkeypatch.setenv("STN_RECORDINGS", str(folder / "recordings"))
        monkeypatch.setattr(loading, "RECORDINGS", folder / "recordings")
        monkeypatch.setattr(loading, "CHECKPOINTS", folder)
        return visited(name, {"lang": language, **(session or {})}, **address)

    return call


def menu(page):
    return sent(page, "snippet")


def figure(page):
    return sent(page, "figure")["figure"]


def sources(page):
    """The pictures in the page's figure."""
    return [trace["source"] for trace in figure(page)["data"] if trace["type"] == "image"]


def pictures(page):
    """The same, as arrays of grey."""
    files = [io.BytesIO(base64.b64decode(source.partition(",")[2])) for source in sources(page)]
    return [torch.tensor(np.array(Image.open(file).convert("LA")))[..., 0].int() for file in files]


def bars(page):
    return [trace["y"] for trace in figure(page)["data"] if trace["type"] == "bar"]


def headline(page):
    return sent(page, "figure")["alt"]


def ran(page, monkeypatch):
    """The variables of the page's program after it ran in another folder than this one."""
    monkeypatch.chdir("/")
    program = menu(page)["snippet"]
    assert {name.split(".")[0] for name in imported(program)} <= {
        *sys.stdlib_module_names,
        "torch",
        "stn_core",
    }
    names = {}
    exec(compile(program, "snippet", "exec"), names)
    return names


def imported(program):
    """The modules that a program imports."""
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def figures_in(text):
    return [float(number.replace("−", "-")) for number in re.findall(r"[−-]?\d+\.?\d*", text)]


# Programs

OWN = digit_to_text(gallery().images[1234].flip(0))
MOVES = BY_HAND["e"].to_text([0.5 * i for i in range(-16, 16)])
DROPS = BY_HAND["tc"].to_text([10, 20, *[-1] * 28, 40, 5])
DIGITS = {
    "start": ("digits", {}),
    "another digit": ("digits", {"digit": "7", "number": "12", "r_angle": "-123"}),
    "own digit": (
        "digits",
        {"from": "Upload", "own": OWN, "r_angle": "45", "models_r": "ST-CNN affine"},
    ),
    "no model": ("digits", {"models_r": "FCN"}),
    "rts": (
        "digits",
        {"kind": "RTS", "rts_angle": "-30", "rts_scale": "0.7", "rts_x": "4.5", "rts_y": "-6"},
    ),
    "p": (
        "digits",
        {
            "kind": "P",
            "p_scale": "0.8",
            "p_x0": "3",
            "p_y1": "-4.5",
            "p_x2": "2",
            "models_p": "ST-CNN projective",
        },
    ),
    "e": (
        "digits",
        {
            "kind": "E",
            "e_scale": "0.9",
            "e_strength": "1.7",
            "e_seed": "17",
            "models_e": "ST-CNN TPS",
        },
    ),
    "e by hand": (
        "digits",
        {"kind": "E", "e_strength": "0.5", "e_moves": MOVES, "models_e": "ST-CNN TPS"},
    ),
    "tc": (
        "digits",
        {
            "kind": "TC",
            "tc_x": "3",
            "tc_y": "30",
            "tc_clutter": "5",
            "tc_seed": "8",
            "models_tc": "ST-CNN affine",
        },
    ),
    "tc by hand": (
        "digits",
        {"kind": "TC", "tc_clutter": "16", "tc_drops": DROPS, "models_tc": "ST-CNN affine"},
    ),
    "theta by hand": (
        "digits",
        {"mode": "grid", "hand": "st-cnn-affine", "theta": "0.8,0.2,0.1,-0.3,1.1,-0.25"},
    ),
}


@pytest.mark.parametrize("name", DIGITS)
def test_the_program_of_a_digit_answers_as_the_page(visit, monkeypatch, name):
    where, address = DIGITS[name]
    page = visit(where, **address)
    names = ran(page, monkeypatch)
    assert picture(names["image"][0, 0]) == sources(page)[0]
    answers = [*names["answers"].values(), *([names["by_hand"]] if "by_hand" in names else [])]
    assert (
        len(answers)
        == len(bars(page))
        == {"no model": 0, "own digit": 1, "theta by hand": 3}.get(name, len(answers))
    )
    for answer, shown in zip(answers, bars(page), strict=True):
        assert answer.logits.softmax(1)[0].tolist() == pytest.approx(shown, abs=1e-4)
        for trace in answer.transformers:
            assert picture(trace.output[0, 0]) in sources(page)
            if "matrix" not in name and trace.theta.shape[1] == 6:
                shown_theta = [
                    text["text"]
                    for text in figure(page)["layout"]["annotations"]
                    if "⎡" in text["text"]
                ]
                rounded = [f"{abs(value):.2f}" for value in trace.theta[0].tolist()]
                assert any(all(value in text for value in rounded) for text in shown_theta)


def check_why_cnn(page, names):
    assert picture(names["after"][0, 0]) in sources(page)
    assert f"{names['kept'][-1]:.0%}".replace("%", " %") in headline(page)
    assert f"{names['probabilities'].max():.0%}".replace("%", " %") in headline(page)


def check_why_pools(page, names):
    assert names["needed"] in figures_in(headline(page))


def check_transformation(page, names):
    if "landed" in names:
        assert int((names["landed"] == 0).sum()) in figures_in(headline(page))
    else:
        assert picture(names["output"]) in sources(page)
        x, y = (f"{abs(value):.2f}" for value in names["source"].tolist())
        assert x.rstrip("0").rstrip(".") in headline(page) and y.rstrip("0").rstrip(
            "."
        ) in headline(page)


def check_pixel(page, names):
    assert f"{names['value']:.2f}".replace("-", "−") in headline(page)
    texts = " ".join(text["text"] for text in figure(page)["layout"]["annotations"])
    assert all(f"{abs(slope):.3f}" in texts for slope in names["slope"])


def check_down(page, names):
    assert picture(names["small"].sampled) in sources(page) and picture(
        names["small"].averaged
    ) in sources(page)
    assert f"{100 * names['share']:.0f} %" in headline(page)


def check_gradient(page, names):
    assert bars(page)[0] == pytest.approx(names["answer"].of_theta.tolist(), abs=2e-5)
    for answer in (names["answer"], names["integer"]):
        gray = (answer.output[0] * 255).round().int()
        # V is the first of a mosaic, below its title
        firsts = (shown[at : at + 28, :28] for shown in pictures(page) for at in range(10))
        assert any(gray.equal(first) for first in firsts)
    texts = [text["text"] for text in figure(page)["layout"]["annotations"]]
    for answer in (names["answer"], names["integer"]):
        assert any(f"{answer.loss:.2f}" in text for text in texts)


def check_frame(page, names):
    assert all(f"{loss:.2f}" in headline(page) for loss in names["losses"])
    assert all(picture(view[0, 0]) in sources(page) for view in names["views"])


def check_align(page, names):
    assert picture(names["mixed"][0, 0]) in sources(page) and picture(
        names["same"][0, 0]
    ) in sources(page)


def check_leave(page, names):
    losses = next(
        trace["y"]
        for trace in figure(page)["data"]
        if trace["type"] == "scatter" and len(trace["y"]) in (51, 52)
    )
    assert names["losses"].item() == pytest.approx(
        min(losses, key=lambda loss: abs(loss - names["losses"].item())), abs=1e-4
    )
    if "loss" in headline(page).lower():
        assert f"{names['losses'].item():.2f}" in headline(page)


T_MOVES = MOVED.to_text([0.01 * (i % 9) for i in range(32)])


def check_map(page, names):
    found = names["found"]
    for maps in (found.restored_map, found.warped_map):
        assert f"{100 * found.error(maps).item():.0f} %" in headline(page)


EXHIBITS = [
    ("why", check_why_cnn, {}),
    (
        "why",
        check_why_cnn,
        {"why_x": "-3", "why_y": "5.5", "why_angle": "35", "why_scale": "0.8", "why_digit": "8"},
    ),
    ("why", check_why_pools, {"why_view": "pools", "why_shift": "5"}),
    (
        "transformation",
        check_transformation,
        {"t_family": "translation", "t_x": "0.3", "t_y": "-0.2"},
    ),
    (
        "transformation",
        check_transformation,
        {"t_family": "attention", "t_scale": "0.55", "t_follow": "7"},
    ),
    (
        "transformation",
        check_transformation,
        {"t_family": "similarity", "t_angle": "-70", "t_scale": "1.2", "t_follow": "9"},
    ),
    (
        "transformation",
        check_transformation,
        {"t_shear": "0.4", "t_stretch": "1.3", "t_y": "0.25", "t_follow": "3"},
    ),
    (
        "transformation",
        check_transformation,
        {"t_family": "projective", "t_px": "0.3", "t_py": "-0.2", "t_follow": "3"},
    ),
    (
        "transformation",
        check_transformation,
        {
            "t_family": "tps",
            "t_bulge": "0.3",
            "t_wave": "-0.2",
            "t_moves": T_MOVES,
            "t_at": "0.31,-0.2",
        },
    ),
    ("transformation", check_transformation, {"t_way": "push", "t_scale": "0.6", "t_digit": "0"}),
    ("sampler", check_pixel, {}),
    (
        "sampler",
        check_pixel,
        {"s_kernel": "bicubic", "s_x": "9.3", "s_y": "20.7", "s_digit_number": "5"},
    ),
    ("sampler", check_down, {"s_view": "down", "s_factor": "3", "s_kernel": "nearest"}),
    ("sampler", check_down, {"s_view": "down", "s_factor": "6", "s_picture": "digits"}),
    ("gradient", check_gradient, {}),
    (
        "gradient",
        check_gradient,
        {
            "g_family": "similarity",
            "g_angle": "20",
            "g_scale": "0.8",
            "g_rate": "0.1",
            "g_steps": "4",
        },
    ),
    (
        "gradient",
        check_gradient,
        {"g_family": "translation", "g_x": "2.5", "g_y": "-1", "g_steps": "7", "g_digit": "9"},
    ),
    ("trouble", check_frame, {"w_zoom": "2.2", "w_mean": "0.3"}),
    ("trouble", check_align, {"w_trap": "align", "w_repeats": "17", "w_mismatch": "grow"}),
    ("trouble", check_leave, {"w_trap": "leave", "w_x": "1.25"}),
    ("trouble", check_leave, {"w_trap": "leave", "w_x": "-1.9", "w_leash": "on"}),
    ("trouble", check_map, {"w_trap": "map", "w_turn": "-35", "w_move": "2"}),
    ("trouble", check_map, {"w_trap": "map", "w_turn": "0", "w_move": "4"}),
]


@pytest.mark.parametrize(
    ("name", "check", "address"),
    EXHIBITS,
    ids=[f"{name} {' '.join(a.values())}" for name, _, a in EXHIBITS],
)
def test_the_program_of_an_exhibit_computes_what_it_shows(visit, monkeypatch, name, check, address):
    page = visit(name, **address)
    check(page, ran(page, monkeypatch))


def test_the_program_of_a_training_trains_as_far_as_it_was_shown(visit, monkeypatch):
    run = Run(3.0)
    for moment in train_tiny_stn(3.0):
        run.moments.append(moment)
        if moment.step == 20:
            break
    run.done = True
    page = visit("trouble", session={"w_run": run}, w_trap="rate", w_rate="3")
    moment = ran(page, monkeypatch)["moment"]
    assert (moment.step, moment.error, moment.outside) == (
        20,
        run.moments[-1].error,
        run.moments[-1].outside,
    )
    assert [key for key, _ in menu(page)["sweeps"]] == ["moment"]


def test_the_program_of_the_results_reads_the_figures_shown(visit, monkeypatch):
    page = visit(
        "results", data="RTS", curves_rts=["CNN", "ST-CNN affine"], means_rts="ST-CNN affine"
    )
    names = ran(page, monkeypatch)
    traces = {
        (trace["name"], trace["xaxis"]): trace["text"]
        for trace in figure(page)["data"]
        if "name" in trace
    }
    for name, title in (("rts-cnn", "CNN"), ("rts-st-cnn-affine", "ST-CNN affine")):
        for parameter, axis in (("rotation", "x"), ("scale", "x2"), ("shift", "x3")):
            assert [f"{error:.1f} %" for error in names["curves"][name][parameter]] == traces[
                title, axis
            ]
    said = " ".join(text.value for text in page.markdown)
    assert f"{100 * names['before']:.0f} %" in said and f"{100 * names['after']:.0f} %" in said


def test_the_program_of_a_replay_finds_the_moment_that_is_shown(visit, monkeypatch):
    page = visit("replay", step="60", dozen="2")
    sides = next(data for data in components(page) if "sides" in data)["sides"]
    found = ran(page, monkeypatch)["found"]
    assert list(found) == ["rts-fcn", "rts-st-fcn-affine"]
    for side, (theta, images, answers, wrong, misalignment) in zip(
        sides, found.values(), strict=True
    ):
        assert wrong == side["wrong"][2] and misalignment == pytest.approx(
            side["misalignment"][2], abs=0.01
        )
        assert (theta is None) == (side["family"] is None) and len(images) == len(
            side["labels"]
        ) == len(answers)
    assert menu(page)["training"] and not menu(page)["sweeps"]


# Animations


def asked(sweep, number=5):
    return {KEY: {"asked": {"id": number, "sweep": sweep}}}


@pytest.mark.parametrize(
    ("name", "key", "address"),
    [
        ("digits", "r_angle", {}),
        ("transformation", "t_shear", {}),
        ("gradient", "g_steps", {}),
        ("trouble", "w_zoom", {}),
    ],
)
def test_an_animation_has_the_figures_that_the_page_would_show(visit, name, key, address):
    frames = menu(visit(name, session=asked(key), **address))["film"]["frames"]
    assert 25 <= len(frames) <= FRAMES
    for at in (0, len(frames) // 3, -1):
        value = re.search(r"[−\d.]+", frames[at]["text"].rpartition(":")[2])[0].replace("−", "-")
        assert figure(visit(name, **address, **{key: value})) == frames[at]["figure"]


def test_nothing_is_computed_until_it_is_asked_for_and_then_once(visit):
    assert "film" not in menu(visit("digits"))
    page = visit("digits", session=asked("r_angle"))
    assert menu(page)["film"]["id"] == 5
    page.run()
    assert "film" not in menu(page)


@pytest.mark.parametrize(
    "wish",
    [
        None,
        3,
        {},
        {"id": "x", "sweep": "r_angle"},
        {"id": 7, "sweep": "no_such"},
        {"id": 1e999, "sweep": []},
    ],
)
def test_a_wish_that_makes_no_sense_is_no_wish(visit, wish):
    assert "film" not in menu(visit("digits", session={KEY: {"asked": wish}}))


def test_a_slider_s_range_becomes_frames_from_end_to_end():
    many, few = SLIDERS["r"][0], SLIDERS["tc"][2]
    rotation, distractors = sweeps([many, few, SLIDERS["tc"][3]], lambda key: f"<{key}>")  # no seed
    assert (
        rotation.values[0] == -180 and rotation.values[-1] == 180 and len(rotation.values) == FRAMES
    )
    assert distractors.values == tuple(range(17)) and distractors.text(3) == "<Distractors>: 3"
    assert (
        rotation.text(-36) == "<Rotation>: −36°"
        and Sweep("x", "Shift", (0,), "px").text(-1.5) == "Shift: −1.5 px"
    )


def test_every_text_is_there_in_both_languages(visit):
    assert set(TEXTS) == set(WORDS) and all(set(text) == {"en", "zh"} for text in TEXTS.values())
    words = menu(visit("digits", language="zh"))["words"]
    assert words["title"] == TEXTS["title"]["zh"]


# In a browser


@pytest.fixture(scope="module")
def address(folder):
    with serving(STN_CHECKPOINTS=str(folder), STN_RECORDINGS=str(folder / "recordings")) as address:
        yield address


def taken(page, kind):
    """What a click on one of the menu's buttons downloads."""
    if not page.locator(".take-home-panel").is_visible():
        page.get_by_role("button", name="Take it home").click()
    with page.expect_download() as download:
        page.locator(".take-home-go", has_text=kind).click()
    expect(page.get_by_role("status")).to_contain_text(download.value.suggested_filename)
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_the_figures_of_a_page_go_home_in_every_form(tab, tmp_path):
    page = tab("/?r_angle=-60", color_scheme="dark")
    page.wait_for_selector(".js-plotly-plot .imagelayer image")
    name, content = taken(page, "PNG")
    image = Image.open(io.BytesIO(content)).convert("RGB")
    assert name == "spatial-transformer-digits.png" and image.width == 2 * 1000 + 2 * 48
    colors = {color for _, color in image.getcolors(1 << 24)}
    assert image.getpixel((2, 2)) == (0x10, 0x13, 0x18)  # the dark theme's ground
    assert {(0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00), (0xCC, 0x79, 0xA7)} <= colors  # input, grid, up
    assert (0xF2, 0xF4, 0xF7) in colors and (1, 2, 3) not in colors  # texts have the theme's colour

    name, content = taken(page, "HTML")
    path = tmp_path / name
    path.write_bytes(content)
    offline = tab(
        path.as_uri(),
        before=lambda page: page.route(re.compile("^http"), lambda route: route.abort()),
    )
    expect(offline.locator(".js-plotly-plot .barlayer path")).to_have_count(20)
    expect(offline.locator(".js-plotly-plot .imagelayer image").first).to_be_visible()
    expect(offline.get_by_role("link")).to_have_attribute("href", page.url)
    expect(offline.get_by_text("ST-CNN affine answers").first).to_be_visible()
    shown = offline.locator("pre").text_content()
    program = taken(page, "Python")[1].decode()
    assert program == shown and "\nfrom stn_core import load_checkpoint\n" in program
    assert "angle = -60  # °" in shown


def test_an_animation_of_a_slider_is_a_gif_that_others_can_read(tab):
    page = tab("/sampler?s_view=down&s_factor=2")
    page.wait_for_selector(".js-plotly-plot .imagelayer image")
    name, content = taken(page, "GIF")
    film = Image.open(io.BytesIO(content))
    assert name == "spatial-transformer-sampler.gif" and film.n_frames == 8 and film.width == 800
    assert len(content) < 2_000_000 and film.info["loop"] == 0
    seen = set()
    for frame in range(film.n_frames):
        film.seek(frame)
        now = film.convert("RGB")
        assert now.getpixel((2, 2)) == (255, 255, 255)
        seen.add(now.tobytes())
    assert len(seen) == 8


def test_an_animation_of_a_training_shows_the_player_from_end_to_end_and_puts_it_back(tab):
    page = tab("/replay?step=50")
    page.wait_for_selector(".replay-digits")
    place = page.locator(".replay-scrubber").input_value()
    name, content = taken(page, "GIF")
    film = Image.open(io.BytesIO(content))
    assert name == "spatial-transformer-replay.gif" and film.n_frames > 20 and film.width <= 800
    assert page.locator(".replay-scrubber").input_value() == place
    assert taken(page, "HTML")[1].count(b"data:image/png;base64") == 1


def on_screen(page):
    """What a paste would give."""
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('textarea'), { id: 'p' }))"
    )
    page.locator("#p").focus()
    page.keyboard.press("Control+V")
    return page.locator("#p").input_value()


NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"


def test_the_program_is_copied_where_a_page_has_no_clipboard(tab):
    """As over plain http from another machine."""
    page = tab("/why", before=lambda page: page.add_init_script(NO_CLIPBOARD))
    page.get_by_role("button", name="Take it home").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    program = page.locator(".take-home-code").text_content()
    page.keyboard.press("Escape")
    assert on_screen(page) == program and "load_checkpoint" in program


def test_where_nothing_may_be_copied_the_program_is_selected(tab):
    script = f"{NO_CLIPBOARD}; document.execCommand = () => false"
    page = tab("/why", before=lambda page: page.add_init_script(script))
    page.get_by_role("button", name="Take it home").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_contain_text("is selected: press Ctrl+C")
    program = page.locator(".take-home-code").text_content()
    assert page.evaluate("getSelection().toString()").strip() == program.strip()


COVERED = """() => {
  const button = document.querySelector(".take-home-open").getBoundingClientRect();
  const names = ["p", "h4", ".plot", "button", "a"].map((name) => `.stMain ${name}`);
  const others = document.querySelectorAll(names.join(","));
  return [...others].filter((other) => {
    if (other.closest(".take-home")) return false;
    const { left, right, top, bottom, width } = other.getBoundingClientRect();
    const beside = left < button.right && right > button.left;
    return width && beside && top < button.bottom && bottom > button.top;
  }).map((other) => other.textContent.slice(0, 40));
}"""


@pytest.mark.parametrize("size", [(390, 844), (1280, 800), (1920, 1080)])
def test_the_button_covers_nothing_wherever_the_page_is_scrolled(tab, size):
    page = tab("/why", size=size)
    page.locator(".take-home-open").wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
    for share in (0, 0.5, 1):
        page.locator(".stMain").evaluate(
            "(main, share) => main.scrollTo(0, share * (main.scrollHeight - main.clientHeight))",
            share,
        )
        assert page.evaluate(COVERED) == []


def test_a_picture_of_birds_is_wide_and_full(tab):
    page = tab("/birds")
    page.locator(".birds canvas").first.wait_for(timeout=180_000)  # two models answer
    page.locator(".js-plotly-plot .barlayer path").first.wait_for()
    image = Image.open(io.BytesIO(taken(page, "PNG")[1])).convert("RGB")
    assert image.width >= 2000
    pixels = np.asarray(image)[48:-48]
    drawn = (pixels != pixels[0, 0]).any(2)
    for part in np.array_split(drawn, 4, axis=1):
        assert part.any(1).mean() > 0.3  # of its lines have something on them
