"""The replay page: without a browser, and the player in Chromium, its warps against torch."""

import re

import pytest
import torch
from playwright.sync_api import expect
from visits import components, visited

from benchmarks.browser import serving
from stn_core import EXPERIMENTS, TRANSFORMS, sample
from stn_core.training.recording import Recorder, Recording, recorded_digits
from ui.app import loading
from ui.app.outside import whole
from ui.pages.replay.component import side
from ui.pages.replay.controls import left, recordable, right


def drifting(name, moments=(0, 1, 4, 20, 100)):
    """A recording with thetas that drift at random, and answers that become right."""
    experiment = EXPERIMENTS[name]
    images, labels = recorded_digits(experiment.data)
    generator = torch.Generator().manual_seed(1)
    transform = next(iter(experiment.create_model().transforms), None)
    theta = None
    if transform:
        drift = 0.15 * torch.randn(64, transform.num_params, generator=generator)
        if transform.num_params == 8:
            drift[:, 6:] /= 4  # the horizon stays outside the picture
        theta = torch.stack(
            [transform.identity() + drift * i / 2 for i in range(len(moments))]
        ).half()
    noise = torch.randn(len(moments), 64, 10, generator=generator)
    logits = (
        noise
        + torch.nn.functional.one_hot(labels, 10)
        * torch.linspace(0, 20, len(moments))[:, None, None]
    )
    return Recording(experiment, 256, torch.tensor(moments), logits.half(), theta, images, labels)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A folder of such recordings, and one broken file."""
    folder = tmp_path_factory.mktemp("recordings")
    for name in ("rts-fcn", "rts-st-fcn-affine", "p-st-cnn-projective", "e-st-cnn-tps"):
        made = drifting(name)
        recorder = Recorder(made.experiment, 100, 256)
        recorder.load(
            {"step": made.steps, "logits": made.logits}
            | ({} if made.theta is None else {"theta": made.theta})
        )
        recorder.save(folder)
    (folder / "r-cnn.safetensors").write_bytes(b"no recording")
    return folder


# Without a browser


@pytest.fixture
def visit(monkeypatch, recordings):
    """visit(left="E ST-CNN TPS") opens the page at that address."""

    def call(**address):
        monkeypatch.setattr(loading, "RECORDINGS", recordings)
        return visited("replay", **address)

    return call


def player(page):
    """What the player was sent, None without one."""
    return next(iter(components(page)), None)


def test_the_page_opens_on_two_recordings(visit):
    data = player(visit())
    assert [shown["name"] for shown in data["sides"]] == ["RTS FCN", "RTS ST-FCN affine"]
    assert (
        data["start"] == 0
        and data["sides"][0]["family"] is None
        and data["sides"][1]["family"] == "affine"
    )
    assert data["sides"][0]["labels"] == [*range(10), 0, 1]
    assert data["sides"][0]["wrong"] == drifting("rts-fcn").wrong.tolist()


def test_the_two_at_first_end_apart():
    without, with_transformer = (
        loading.recording(recordable()[choice.default]) for choice in (left(), right())
    )
    assert without.wrong[-1] > with_transformer.wrong[-1]
    assert without.misalignment[-1] > 2 * with_transformer.misalignment[-1]


def test_an_address_chooses_experiments_digits_and_moment(visit):
    page = visit(left="P ST-CNN projective", right="-", dozen="49-60", step="20")
    data = player(page)
    assert [shown["name"] for shown in data["sides"]] == ["P ST-CNN projective"]
    assert data["start"] == 20 and data["sides"][0]["labels"] == [i % 10 for i in range(48, 60)]
    assert "at step" in page.markdown[1].value and "P ST-CNN projective" in page.markdown[1].value


def test_what_the_player_is_sent_is_small_and_does_not_change_while_it_plays(visit):
    page = visit(left="E ST-CNN TPS", right="P ST-CNN projective")
    before = page.get("bidi_component")[0].proto.json
    moments = len(drifting("e-st-cnn-tps").steps)
    assert len(before) < 45_000 + 1500 * moments  # for a whole recording of 100 moments: 200 kB
    page.session_state["player"] = {"step": 100}
    page.run()
    assert not page.exception
    assert page.get("bidi_component")[0].proto.json == before


def test_a_missing_recording_names_its_command_and_leaves_the_other(visit):
    page = visit(left="E FCN")
    assert "python -m stn_core train e-fcn --record assets/recordings" in page.warning[0].value
    assert [shown["name"] for shown in player(page)["sides"]] == ["RTS ST-FCN affine"]


def test_a_broken_recording_is_reported_in_one_sentence(visit):
    page = visit(left="R CNN", right="E FCN")
    assert (
        "truncated or foreign" in page.warning[0].value
        and "train r-cnn --record" in page.warning[0].value
    )
    assert player(page) is None and page.info


def test_nonsense_in_the_address_gives_a_working_page(visit):
    page = visit(left="nonsense", right="-1", dozen="99", step="1e9; DROP")
    assert len(player(page)["sides"]) == 2 and player(page)["start"] == 0


def test_the_page_speaks_chinese(visit):
    page = visit()
    page.session_state["lang"] = "zh"
    page.run()
    assert not page.exception
    assert player(page)["words"]["wrong"] == "{digits} 个中错 {wrong} 个"
    assert "步" in page.markdown[1].value


@pytest.mark.parametrize(
    ("text", "step"),
    [("20", 20), ("-5", 0), ("1" * 30, 100), ("abc", 0), (None, 0), ({}, 0), (7.9, 7)],
)
def test_a_step_from_outside_is_brought_into_its_bounds(text, step):
    assert whole(text, 0, 100) == step


# In a browser


@pytest.fixture(scope="module")
def engine(module_page):
    """A page with the player's functions in ``window.engine``."""
    module_page.evaluate("""async () => {
      const names = ['/pages/replay/recorded.js', '/browser/transforms.js'];
      const modules = await Promise.all(names.map((name) => import(name)));
      window.engine = Object.assign({}, ...modules);
    }""")
    return module_page


FAMILIES = [
    f"{kind}-st-cnn-{family}"
    for kind, family in (("rts", "affine"), ("p", "projective"), ("e", "tps"), ("rts", "tps"))
]


@pytest.mark.parametrize("name", FAMILIES)
def test_grids_and_outputs_agree_with_torch(engine, name):
    recording = drifting(name)
    shown = range(5, 17)
    chosen, size = torch.tensor(shown), recording.experiment.create_model().transformer.size
    transform = TRANSFORMS[name.split("-")[-1]]
    images = (255 * recording.images[chosen]).round() / 255  # as they are sent
    data = side(recording, "name", shown)
    for step, theta in (
        (0, recording.theta[0].float()),
        (20, recording.theta[3].float()),
        (100, recording.theta[4].float()),
    ):
        grid = transform.grid(theta[chosen], size)
        grids, outputs = engine.evaluate(
            """([data, step]) => {
              const side = engine.decoded(data);
              const digits = side.labels.map((_, digit) => digit);
              const grid = (theta) => [...engine.grid(side.family, theta, ...side.output)];
              return [
                digits.map((digit) => grid(engine.thetaAt(side, digit, step))),
                digits.map((digit) => [...engine.outputOf(side, digit, step)]),
              ];
            }""",
            [data, step],
        )
        pixels = (torch.tensor(grids).view_as(grid) - grid).abs() * max(size) / 2
        assert pixels.max() < 1e-3
        assert (torch.tensor(outputs).view(12, 1, *size) - sample(images, grid)).abs().max() < 1e-3
    upright = sample(images, transform.grid(recording.theta[0].float()[chosen], size))
    assert (sample(images, grid) - upright).abs().max() > 0.5  # the last ones are warped


def test_between_moments_theta_is_between(engine):
    recording = drifting("p-st-cnn-projective")
    data = side(recording, "name", range(12))
    theta = engine.evaluate(
        "([data, step]) => [...engine.thetaAt(engine.decoded(data), 2, step)]", [data, 50]
    )
    before, after = recording.theta[3, 2].float(), recording.theta[4, 2].float()
    part = (torch.tensor(theta) - before) / (after - before)
    assert part.min() > 0.3 and part.max() < 0.7 and part.max() - part.min() < 0.05


def test_an_input_leaves_room_for_most_grids_as_they_end(engine):
    recording = drifting("rts-st-fcn-affine")
    corners = torch.tensor([[x, y, 1.0] for x in (-1, 1) for y in (-1, 1)])
    ends = (
        (recording.theta[-1, :12].float().view(12, 2, 3) @ corners.T)
        .abs()
        .amax((1, 2))
        .sort()
        .values
    )
    reach = engine.evaluate(
        "data => engine.reachOf(engine.decoded(data))", side(recording, "name", range(12))
    )
    assert reach == pytest.approx(ends[8].item(), abs=1e-3)


@pytest.fixture(scope="module")
def address(recordings):
    with serving(STN_RECORDINGS=str(recordings)) as address:
        yield address


@pytest.fixture
def open_page(tab):
    """open_page("?step=20") opens the page as a new visitor and waits for the player."""

    def call(query="", **options):
        page = tab(f"/replay{query}", **options)
        expect(page.locator(".replay-clock")).to_contain_text("Step")
        return page

    return call


def step_of(page):
    return int(
        re.search(r"Step ([\d,]+)", page.locator(".replay-clock").inner_text())[1].replace(",", "")
    )


def test_the_keys_move_through_the_recorded_moments_and_the_address_follows(open_page):
    page = open_page("?step=4")
    scrubber = page.get_by_role("slider", name="Training step")
    clock = page.locator(".replay-clock")
    expect(clock).to_have_text("Step 4 of 100: 1,024 digits seen")
    scrubber.focus()
    for key, step in (
        ("ArrowRight", 20),
        ("ArrowLeft", 4),
        ("End", 100),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("PageUp", 100),
    ):
        page.keyboard.press(key)
        expect(clock).to_contain_text(f"Step {step} of 100")
    wrong = [int(drifting(name).wrong[-1]) for name in ("rts-fcn", "rts-st-fcn-affine")]
    expect(page.locator(".replay-wrong")).to_have_text([f"{count} of 64 wrong" for count in wrong])
    expect(page).to_have_url(re.compile(r"[?&]step=100\b"))
    expect(page.get_by_role("img", name=re.compile("RTS ST-FCN affine: .*0 right"))).to_be_visible()
    assert scrubber.get_attribute("aria-valuetext").startswith("Step 100 of 100")
    again = open_page(page.url.partition("/replay")[2])
    expect(again.locator(".replay-clock")).to_contain_text("Step 100 of 100")


def test_it_plays_and_pauses_without_the_server(open_page):
    page = open_page()
    before = page.locator(".replay-digits").nth(1).evaluate("canvas => canvas.toDataURL()")
    page.context.set_offline(True)
    page.keyboard.press("Space")  # nothing has the focus
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_function("() => Number(document.querySelector('.replay-scrubber').value) > 0.1")
    assert page.locator(".replay-digits").nth(1).evaluate("canvas => canvas.toDataURL()") != before
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert 0 < step_of(page) < 100


def test_who_asked_for_reduced_motion_gets_single_pictures(open_page):
    page = open_page(reduced_motion="reduce")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => Number(document.querySelector('.replay-scrubber').value) > 0")
    place = page.evaluate("Number(document.querySelector('.replay-scrubber').value)")
    assert 20 * place == pytest.approx(round(20 * place), abs=1e-6)


def test_pictures_are_sharp_on_a_dense_display_and_follow_the_theme(open_page):
    page = open_page(dense=2, color_scheme="dark")
    for canvas in page.locator(".replay canvas").all():
        inner, outer = canvas.evaluate("canvas => [canvas.width, canvas.clientWidth]")
        assert inner == pytest.approx(2 * outer, abs=2)
    assert (
        page.locator(".replay").evaluate("player => getComputedStyle(player).color")
        == "rgb(242, 244, 247)"
    )
    light = """canvas => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value, i) => i % 4 < 3 && value > 230);
    }"""
    # the curves are drawn in the theme's text colour
    assert page.locator(".replay-curves").evaluate(light)


def test_another_experiment_is_shown_at_the_same_step(open_page):
    page = open_page("?step=20&right=-")
    expect(page.locator(".replay-name")).to_have_text(["RTS FCN"], use_inner_text=True)
    page.get_by_role("combobox", name="Left side").click()
    page.get_by_role("option", name="E ST-CNN TPS").click()
    expect(page.locator(".replay-name")).to_have_text(["E ST-CNN TPS"], use_inner_text=True)
    expect(page.locator(".replay-clock")).to_contain_text("Step 20 of 100")
    expect(page).to_have_url(re.compile("left=E"))
