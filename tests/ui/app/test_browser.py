"""The app in a real browser, end to end."""

import io
import re

import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from benchmarks.browser import serving
from stn_core import EXPERIMENTS
from stn_core.data.mnist import gallery
from stn_core.evaluation.measure import make_report
from stn_core.experiments.checkpoints import save_checkpoint

INPUT = ".js-plotly-plot .imagelayer image"  # the first of them is the distorted digit
NEXT = f"""before => {{
  const now = document.querySelector('{INPUT}')?.getAttribute('href');
  return now && now !== before;
}}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory, tiny_mnist):
    """The app with untrained models, one of them broken, and the report on them."""
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(0)
    for name in ("r-cnn", "r-st-cnn-affine", "rts-st-cnn-affine"):
        save_checkpoint(
            folder / EXPERIMENTS[name].path,
            EXPERIMENTS[name].create_model(),
            EXPERIMENTS[name],
            {},
            {},
        )
    make_report(folder, tiny_mnist, folder / "report.json", say=lambda text: None)
    (folder / EXPERIMENTS["r-fcn"].path).write_bytes(b"no checkpoint")
    with serving(STN_CHECKPOINTS=str(folder), STN_REPORT=str(folder / "report.json")) as address:
        yield address


@pytest.fixture
def visit(tab, address):
    """visit("/?kind=R") opens the page as a new visitor and waits for the figure. Any complaint of
    the browser fails the test."""
    problems = []

    def check(request):
        if not re.match(
            rf"(http|ws){re.escape(address.removeprefix('http'))}/|data:|blob:", request.url
        ):
            problems.append(f"request to another host: {request.url}")

    def watch(page):
        page.on(
            "console",
            lambda message: problems.append(message.text) if message.type == "error" else None,
        )
        page.on("request", check)
        page.on("websocket", check)
        page.on(
            "requestfailed", lambda request: problems.append(f"{request.url} {request.failure}")
        )
        page.on(
            "response",
            lambda answer: (
                problems.append(f"{answer.url} {answer.status}") if answer.status >= 400 else None
            ),
        )

    def call(path="/?r_angle=60", **options):
        page = tab(path, before=watch, **options)
        page.wait_for_function(NEXT, arg=None)
        return page

    yield call
    assert problems == []


def shown(page):
    return page.locator(INPUT).first.get_attribute("href")


def slider(page, label):
    return page.get_by_role("slider", name=label)


def press(page, label, key="ArrowRight"):
    """Move a slider with the keyboard and wait for the new figure."""
    before = shown(page)
    slider(page, label).focus()
    page.keyboard.press(key)
    page.wait_for_function(NEXT, arg=before)


def no_traceback(page):
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("Traceback")).to_have_count(0)


def brightness(page, selector, what):
    """Of a computed colour, from 0 to 1."""
    script = f"element => getComputedStyle(element).{what}"
    return (
        sum(map(int, re.findall(r"\d+", page.locator(selector).first.evaluate(script))[:3]))
        / 3
        / 255
    )


def test_the_page_opens_and_paints_the_figure(visit):
    page = visit()
    expect(page).to_have_title(re.compile("Digits|Spatial transformers"))
    box = page.locator(".js-plotly-plot").bounding_box()
    assert box["width"] > 700 and box["height"] > 200
    expect(page.locator(".js-plotly-plot .barlayer path")).to_have_count(20)  # two models
    expect(page.get_by_role("img", name=re.compile("CNN answers"))).to_be_visible()
    no_traceback(page)
    for text in [
        text.bounding_box() for text in page.locator(".js-plotly-plot .annotation-text").all()
    ]:
        assert (
            box["x"] - 2 <= text["x"] and text["x"] + text["width"] <= box["x"] + box["width"] + 2
        )


def test_a_slider_changes_the_figure_and_the_address(visit):
    page = visit()
    press(page, "Rotation")
    expect(page).to_have_url(re.compile(r"[?&]r_angle=61\b"))
    press(page, "Rotation", "End")
    expect(page).to_have_url(re.compile(r"[?&]r_angle=180\b"))
    expect(page.get_by_test_id("stAlert")).to_contain_text("Outside what training showed: rotation")


def test_the_figure_is_updated_in_place(visit):
    page = visit()
    page.evaluate(f"""() => {{
      window.figure = document.querySelector('.js-plotly-plot');
      window.gone = 0;
      const look = () => {{
        if (!window.figure.isConnected || !document.querySelector('{INPUT}')) window.gone++;
      }};
      new MutationObserver(look).observe(document.body, {{ childList: true, subtree: true }});
    }}""")
    for _ in range(3):
        press(page, "Rotation")
    assert page.evaluate(
        "window.figure.isConnected && window.figure === document.querySelector('.js-plotly-plot')"
    )
    assert page.evaluate("window.gone") == 0


def test_an_address_opens_the_same_state(visit):
    page = visit("/?kind=RTS&rts_angle=-30&rts_x=4.5&digit=7&number=3")
    expect(slider(page, "Rotation")).to_have_value("-30")
    expect(slider(page, "Shift →")).to_have_value("4.5")
    expect(page.get_by_role("radio", name="7")).to_be_checked()
    press(page, "Rotation")
    press(page, "Rotation", "ArrowLeft")
    again = visit(page.url)
    assert shown(again) == shown(page)


def test_an_uploaded_digit_is_shown_and_can_be_passed_on(visit):
    page = visit("/?from=Upload&models_r=CNN")
    before = shown(page)
    buffer = io.BytesIO()
    Image.fromarray(255 - gallery().images[1500].numpy()).resize((280, 280)).save(buffer, "PNG")
    page.locator("input[type=file]").set_input_files(
        {"name": "digit.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    )
    page.wait_for_function(NEXT, arg=before)
    expect(page).to_have_url(re.compile(r"[?&]own=[\w-]+"))
    friend = visit(page.url)
    assert shown(friend) == shown(page) != before


def sheet(*digits):
    """A white sheet with gallery digits side by side, as an upload."""
    picture = Image.new("L", (300 * max(len(digits), 1), 300), 255)
    for i, number in enumerate(digits):
        digit = Image.fromarray(255 - gallery().images[number].numpy()).resize((200, 200))
        picture.paste(digit, (300 * i + 50, 50))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return {"name": f"{len(digits)}.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def test_one_photograph_after_the_other_is_taken(visit):
    page = visit("/?from=Upload&models_r=CNN")
    field, controls = page.locator("input[type=file]"), page.get_by_test_id("stSidebar")
    own = set()
    for digits, said in (
        ((3500,), "Cut out"),
        ((500, 1500), "2 digits were found"),
        ((1500,), "Cut out"),
        ((), "No digit was found"),
        ((2500,), "Cut out"),
    ):
        before = page.url
        field.set_input_files(sheet(*digits))
        if len(digits) == 1:
            expect(page).not_to_have_url(before)
            own.add(re.search(r"own=([\w-]+)", page.url)[1])
        expect(controls).to_contain_text(said)
        no_traceback(page)
    assert len(own) == 3


def test_a_text_file_is_refused_with_a_sentence(visit):
    page = visit("/?from=Upload&models_r=CNN")
    page.locator("input[type=file]").set_input_files(
        {"name": "digit.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    )
    expect(page.get_by_text("JPEG, PNG, WebP, BMP, TIFF and GIF are accepted")).to_be_visible()
    no_traceback(page)
    press(page, "Rotation")  # the page goes on


def test_the_dark_theme_is_dark(visit):
    for scheme, is_dark in (("dark", True), ("light", False)):
        page = visit(color_scheme=scheme)
        ground, text = (
            brightness(page, ".stApp", "backgroundColor"),
            brightness(page, "h4", "color"),
        )
        figure = brightness(page, '.js-plotly-plot text[style*="rgb(1, 2, 3)"]', "fill")
        assert (ground < 0.2, text > 0.8, figure > 0.8) == (is_dark, is_dark, is_dark)


def test_a_model_that_is_not_there_names_the_command(visit):
    page = visit("/?models_r=FCN&models_r=CNN")
    expect(page.get_by_test_id("stAlert")).to_contain_text("python -m stn_core train r-fcn")
    expect(page.locator(".js-plotly-plot .barlayer path")).to_have_count(10)


def test_a_nonsense_address_opens_a_working_page(visit):
    page = visit(
        "/?kind=XYZ&r_angle=abc&digit=77&number=-3&models_r=nonsense&from=nowhere&own=garbage&<b>=%00"
    )
    no_traceback(page)
    press(page, "Rotation")


def test_a_narrow_screen_does_not_scroll_sideways(visit):
    page = visit(size=(600, 900))
    for selector in ("html", "[data-testid=stMain]"):
        wide, room = page.locator(selector).evaluate(
            "element => [element.scrollWidth, element.clientWidth]"
        )
        assert wide <= room
    box = page.locator(".js-plotly-plot").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 600


def text_sizes(page):
    """Of the texts of Plotly's figures, in pixels of the screen."""
    texts = page.locator(".js-plotly-plot :is(.annotation-text, .xtick text, .textpoint text)")
    expect(texts.first).to_be_visible()
    return texts.evaluate_all("all => all.map((one) => parseFloat(getComputedStyle(one).fontSize))")


@pytest.mark.parametrize("path", ["/gradient", "/sampler", "/transformation", "/why"])
def test_a_figure_is_legible_on_a_phone_and_all_of_it_can_be_reached(tab, path):
    page = tab(path, size=(390, 844))
    sizes = text_sizes(page)
    assert len(sizes) > 5 and min(sizes) >= 13.9
    expect(page.locator(".plot.wide")).to_have_count(0)  # none is moved sideways
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")
    reached = page.locator(".plot").evaluate(
        "plot => plot.clientWidth <= plot.parentElement.scrollWidth"
    )
    assert reached


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/?r_angle=40", (390, 844)),
        ("/?r_angle=40&projector=true", (390, 844)),
        ("/?lesson=paper&at=1&projector=true", (1280, 800)),
    ],
)
def test_no_text_of_several_lines_lies_on_a_picture(tab, path, size):
    page = tab(path, size=size)
    expect(page.locator(".js-plotly-plot .annotation-text").first).to_be_visible()
    covered = page.evaluate("""() => {
      const plot = document.querySelector('.js-plotly-plot');
      const boxOf = (one) => one.getBoundingClientRect();
      const boxes = (of) => [...plot.querySelectorAll(of)].map(boxOf);
      const texts = boxes('.annotation-text:has(tspan ~ tspan)');
      const pictures = [...boxes('.imagelayer image'), ...boxes('.js-line, .shapelayer path')];
      const beside = (a, b) =>
        a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
      return [texts.length, texts.filter((a) => !pictures.every((b) => beside(a, b))).length];
    }""")
    assert covered[0] >= 2 and covered[1] == 0


@pytest.mark.parametrize("path", ["/?projector=true", "/why?why_view=pools&projector=true"])
def test_a_figure_is_legible_on_a_small_projector(tab, path):
    sizes = text_sizes(tab(path, size=(1280, 800)))
    assert len(sizes) > 5 and min(sizes) >= 13.9


def test_nothing_covers_the_title_where_the_sidebar_is_folded(visit):
    title = visit(size=(600, 900)).get_by_role("heading", level=4)
    assert title.evaluate("""title => {
      const { x, y, height } = title.getBoundingClientRect();
      const on = (part) => title.contains(document.elementFromPoint(x + 10, y + part * height));
      return [0.25, 0.5, 0.75].every(on);
    }""")


def test_two_visitors_do_not_meet(visit):
    one, other = visit(), visit()
    before = shown(other)
    press(one, "Rotation")
    assert shown(other) == before != shown(one)
    expect(slider(other, "Rotation")).to_have_value("60")


def test_a_click_in_the_table_of_results_opens_that_model_in_the_same_tab(visit):
    page = visit()
    tabs = len(page.context.pages)
    page.get_by_role("link", name="Results").click()
    cells = page.locator("table.results td a:is(.right, .wrong)")  # what was measured
    expect(cells).to_have_count(3)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("training range"))).to_be_visible()
    for selector in ("html", "[data-testid=stMain]"):
        wide, room = page.locator(selector).evaluate(
            "element => [element.scrollWidth, element.clientWidth]"
        )
        assert wide <= room
    page.get_by_role(
        "link", name=re.compile("ST-CNN affine on rotation, scale and translation")
    ).click()
    expect(page).to_have_url(re.compile(r"/\?kind=RTS&models_rts=ST-CNN\+affine$"))
    expect(page.get_by_role("img", name=re.compile("^ST-CNN affine answers"))).to_be_visible()
    assert len(page.context.pages) == tabs


# The exhibits


EXHIBITS = ("1 Why", "2 Transformation", "3 Sampler", "4 Gradient", "9 Trouble")


def open_exhibit(visit, name):
    """By its link, as visitors do: an address makes Streamlit ask for absent files first."""
    page = visit(size=(1920, 1080))  # wide enough for all links
    before = shown(page)
    page.get_by_role("link", name=name).click()
    page.wait_for_function(NEXT, arg=before)
    return page


@pytest.mark.parametrize("name", EXHIBITS)
def test_an_exhibit_paints_its_figure_inside_the_page(visit, name):
    page = open_exhibit(visit, name)
    page.locator(".stApp[data-test-script-state=notRunning]").wait_for()
    page.wait_for_function("""() => new Promise((done) => {  // the page has come to rest
      const left = () => document.querySelector('.js-plotly-plot').getBoundingClientRect().left;
      const before = left();
      setTimeout(() => done(left() === before), 300);
    })""")
    box = page.locator(".js-plotly-plot").bounding_box()
    assert box["width"] > 700 and box["height"] > 300
    # what the figure says to a screen reader stands on the page, too
    sentence = page.locator(".plot").get_attribute("aria-label")
    assert sentence and page.locator("h4, p").filter(has_text=sentence).count() > 0
    no_traceback(page)
    for text in [
        text.bounding_box()
        for text in page.locator(".js-plotly-plot :is(.annotation-text, .textpoint text)").all()
    ]:
        assert (
            box["x"] - 2 <= text["x"] and text["x"] + text["width"] <= box["x"] + box["width"] + 2
        )
        assert (
            box["y"] - 2 <= text["y"] and text["y"] + text["height"] <= box["y"] + box["height"] + 2
        )


def test_a_step_down_the_gradient_is_kept_in_the_address(visit):
    page = open_exhibit(visit, "4 Gradient")
    page.get_by_role("button", name="One step").click()
    expect(page).to_have_url(re.compile(r"[?&]g_steps=1\b"))
    expect(page.locator(".stMain p").filter(has_text="After 1 step the loss")).to_be_visible()


def test_a_training_on_the_spot_is_watched_to_its_end_and_another_is_stopped(visit):
    page = open_exhibit(visit, "9 Trouble")
    page.get_by_text("Localiser too fast").click()
    expect(page).to_have_url(re.compile(r"[?&]w_trap=rate\b"))
    page.get_by_role("radio", name="100", exact=True).click()
    heading = page.get_by_role("heading", level=4)
    expect(heading).to_contain_text("at 100 times", timeout=30_000)
    page.get_by_role("button", name="Train").click()
    expect(heading).to_contain_text("the window has left the image", timeout=60_000)
    page.get_by_role("radio", name="0.3", exact=True).click()
    expect(heading).to_contain_text("at 0.3 times", timeout=30_000)
    page.get_by_role("button", name="Train").click()
    expect(heading).to_contain_text("Step ", timeout=30_000)
    page.get_by_role("button", name="Stop").click()
    expect(heading).to_contain_text(re.compile("Stopped at step|learned to bring"))
