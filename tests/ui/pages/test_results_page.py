"""The results page without a browser: the table, the curves, before and after; what is missing,
broken or out of date."""

import json
import re
import tomllib
from dataclasses import replace
from string import Formatter
from urllib.parse import parse_qs, urlsplit

import pytest
import torch
from visits import components, visited

from stn_core import DISTORTIONS, EXPERIMENTS, list_models
from stn_core.data.distortions import TABLE_KINDS
from stn_core.evaluation.measure import sweep
from stn_core.evaluation.report import (
    ClassVariance,
    ModelResult,
    PairResult,
    Report,
    digest,
    write_report,
)
from stn_core.experiments.checkpoints import save_checkpoint
from stn_core.experiments.registry import table_cells
from ui.app import i18n as language
from ui.app import loading
from ui.drawing import canvas

NAMES = (
    "r-cnn",
    "r-st-cnn-affine",
    "r-st-cnn-tps",
    "rts-cnn",
    "rts-st-cnn-affine",
    "tc-st-cnn-affine",
    "p-fcn",
)
ERRORS = {
    "r-cnn": 1.24,
    "r-st-cnn-affine": 0.75,
    "r-st-cnn-tps": 0.7,
    "rts-cnn": 0.9,
    "rts-st-cnn-affine": 1.0,
}
TRAINED = {
    "r": {"rotation": [-90.0, 90.0]},
    "rts": {"scale": [0.7, 1.2]},
    "p": {"scale": [0.75, 1.0]},
}


def alike(within, between, value=0.5):
    return ClassVariance(within, between, torch.full((10, 28, 28), round(255 * value) / 255))


def measured(name, path):
    """Errors of 1 % up to a rotation of 90 degrees and of 60 % beyond."""
    kind, error = EXPERIMENTS[name].data, ERRORS.get(name, 3.0)
    values = sweep(kind)
    curves = {
        parameter: tuple(float(abs(value) > 90) * 59 + 1 for value in values[parameter])
        for parameter in values
    }
    about = {
        "samples": 4_382_720,
        "epochs": 80,
        "seconds": 1200,
        "device": "CPU, <2> threads",
        "date": "2026-01-02",
        "commit": "abcdef012345",
    }
    after = alike(0.36, 0.6, 0.9) if "st-" in name else None
    sha256, dated = digest(path.read_bytes()), {"date": "2026-01-03", "commit": "1234"}
    return ModelResult(
        EXPERIMENTS[name],
        sha256,
        (error - 0.01, error, error + 0.01),
        123_456,
        about,
        dated,
        curves,
        after,
    )


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    for name in NAMES:
        save_checkpoint(
            folder / EXPERIMENTS[name].path,
            EXPERIMENTS[name].create_model(),
            EXPERIMENTS[name],
            {},
            {},
        )
    return folder


@pytest.fixture(scope="module")
def report(checkpoints):
    settings = {
        "seeds": [0, 1, 2],
        "digits": 10_000,
        "curve_digits": 2000,
        "digest": "0",
        "sweeps": {kind: sweep(kind) for kind in DISTORTIONS},
        "trained": {kind: TRAINED.get(kind, {"shift": [-16.0, 16.0]}) for kind in DISTORTIONS},
    }
    found = {name: measured(name, checkpoints / EXPERIMENTS[name].path) for name in NAMES[:-1]}
    before = dict.fromkeys(DISTORTIONS, alike(0.72, 0.8))
    return Report(
        settings,
        alike(0.45, 0.6),
        before,
        found,
        {"command": "python -m stn_core report", "date": "2026-01-03", "commit": "1234"},
    )


@pytest.fixture
def visit(monkeypatch, checkpoints, report, tmp_path):
    """visit(data="RTS") opens the results page there, with another file or a changed report."""

    monkeypatch.setattr(loading, "ORACLE", tmp_path / "oracle.json")
    monkeypatch.setattr(loading, "SEEDS", tmp_path / "seeds.json")

    def call(changed=report, path=None, folder=checkpoints, **address):
        if path is None:
            path = tmp_path / "report.json"
            write_report(changed, path)
        monkeypatch.setattr(loading, "REPORT", path)
        monkeypatch.setattr(loading, "CHECKPOINTS", folder)
        return visited("results", **address)

    return call


def said(page):
    return " ".join(
        element.value for element in [*page.markdown, *page.caption, *page.warning, *page.info]
    )


def table(page):
    """The cells' HTML by experiment."""
    (body,) = [html.proto.body for html in page.main.get("html") if "<table" in html.proto.body]
    explained = (
        r'<span class="explained"[^>]*>([^<]*)<span class="explanation".*?</p></span></span>'
    )
    body = re.sub(explained, r"\1", body)
    rows = re.findall(r"<tr><th[^>]*>([^<]*)</th>((?:<td>.*?</td>)+)</tr>", body)
    names = {loading.model_name(model): model for model in list_models()}
    return {
        f"{kind}-{names[row]}": cell
        for row, cells in rows
        for kind, cell in zip(TABLE_KINDS, re.findall(r"<td>(.*?)</td>", cells), strict=True)
        if cell
    }


def text(cell):
    return " ".join(re.sub(r"<[^>]*>", " ", cell).split())


def figures(page):
    return [data["figure"] for data in components(page) if "figure" in data]


def curves(page):
    return {
        trace["name"]: trace
        for trace in figures(page)[0]["data"]
        if "name" in trace and trace["xaxis"] == "x"
    }


# The table


def test_every_figure_of_the_paper_has_a_cell(visit):
    cells = table(visit())
    assert cells.keys() == {experiment.name for experiment in table_cells()} and len(cells) == 36
    assert all(
        text(cell).endswith(str(EXPERIMENTS[name].paper_error)) for name, cell in cells.items()
    )


def test_a_model_that_the_paper_has_not_stands_below_its_table(visit, report):
    on_map = replace(report.models["r-cnn"], experiment=EXPERIMENTS["r-st-cnn-affine-map"])
    cells = table(visit(replace(report, models=report.models | {on_map.experiment.name: on_map})))
    cell = cells["r-st-cnn-affine-map"]
    # neither right nor wrong, and no way to a page that could not show it
    assert text(cell) == "1.24 –" and not re.search('class="(right|wrong)"|<a ', cell)
    assert text(cells["rts-st-cnn-affine-map"]) == "not trained –"


def test_a_cell_says_whether_it_meets_the_paper(visit):
    cells = table(visit())
    assert text(cells["r-cnn"]) == "✓ 1.24 1.2" and 'class="right"' in cells["r-cnn"]
    assert (
        text(cells["r-st-cnn-affine"]) == "✗ 0.75 0.7"
        and 'class="wrong"' in cells["r-st-cnn-affine"]
    )
    assert (
        text(cells["r-fcn"]) == "not trained 2.1"
        and 'class="empty"' in cells["r-fcn"]
        and "<a" not in cells["r-fcn"]
    )
    assert (
        text(cells["p-fcn"]) == "not measured 3.1" and "python -m stn_core report" in cells["p-fcn"]
    )


def test_the_summary_counts_what_the_table_shows(visit):
    page = visit()
    cells = [text(cell) for cell in table(page).values()]
    met, above = sum("✓" in cell for cell in cells), sum("✗" in cell for cell in cells)
    assert (
        f"**{met} of 36**" in said(page)
        and f"above it: {above}." in said(page)
        and "Not measured yet: 30." in said(page)
    )
    # two on R, one on RTS, where it is worse; TC has no plain network
    assert "**2 of 3** comparisons" in said(page)
    assert "4.4 million training samples; the paper's saw 38.4 million" in said(page)


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        ("Standard error", "✓ 1.24 ± 0.01 1.23 to 1.25"),
        ("Each seed", "✓ 1.24 ± 0.01 1.23 to 1.25"),
        ("Parameters", "✓ 123,456"),
        ("Samples seen", "✓ 4.4 M 80 epochs"),
        ("Training time", "✓ 20 min CPU, &lt;2&gt; threads"),
        ("Date", "✓ 2026-01-02 abcdef01"),
    ],
)
def test_the_other_views_of_the_table(visit, view, shown):
    cells = table(visit(show=view))
    assert text(cells["r-cnn"]) == shown and text(cells["r-fcn"]) == "not trained"


def test_several_trainings_of_a_model_have_a_mean_and_a_deviation(visit, tmp_path):
    """Known answers: 1, 2 and 3 % have the mean 2 and the standard deviation 1."""
    three = {
        "seeds": [0, 1, 2],
        "validation_errors": [0.5, 0.4, 0.6],
        "test_errors": [1.0, 2.0, 3.0],
        "devices": ["CPU, <2> threads", "a GPU", "a GPU"],
        "samples": [60, 60, 60],
    }
    (tmp_path / "seeds.json").write_text(json.dumps({"r-cnn": three}))
    cells = table(visit(show="Training seeds"))
    assert text(cells["r-cnn"]) == "✓ 2.00 ± 1.00 3 trainings, CPU, &lt;2&gt; threads, a GPU"
    assert text(cells["rts-cnn"]).endswith("1 training")


def test_what_a_header_does_not_say_is_unknown(visit, report):
    silent = replace(report.models["r-cnn"], about=dict.fromkeys(report.models["r-cnn"].about))
    changed = replace(report, models={"r-cnn": silent})
    for view in ("Samples seen", "Training time", "Date"):
        assert "unknown" in text(table(visit(changed, show=view))["r-cnn"])
    assert "million" not in said(visit(changed))


def test_a_click_on_a_cell_opens_that_model_on_the_digits_page(visit):
    page = visit()
    for name in ("r-cnn", "rts-st-cnn-affine", "tc-st-cnn-affine"):
        address = re.search(r'href="([^"]*)"', table(page)[name])[1].replace("&amp;", "&")
        assert address.startswith("./?") and "target" not in table(page)[name]
        digits = visited(**parse_qs(urlsplit(address).query))
        assert digits.session_state["kind"] == EXPERIMENTS[name].data.upper()
        assert digits.session_state[f"models_{EXPERIMENTS[name].data}"] == [
            loading.name(EXPERIMENTS[name])
        ]


def test_the_commands_for_what_is_missing(visit):
    (code,) = visit().code
    lines = code.value.splitlines()
    assert len(lines) == 30 and lines[-1] == "python -m stn_core report"
    assert (
        "python -m stn_core train r-fcn" in lines and "python -m stn_core train p-fcn" not in lines
    )  # that one is only not measured


def test_a_checkpoint_that_changed_since_is_named(visit, report):
    assert not visit().warning
    other = replace(report.models["r-cnn"], sha256="0")
    page = visit(replace(report, models=report.models | {"r-cnn": other}))
    assert "r-cnn" in page.warning[0].value and "python -m stn_core report" in page.warning[0].value


# Two digits


def test_errors_on_two_digits_stand_below_the_table(visit, report):
    one = report.models["r-cnn"]
    errors, made = (2.0, 3.0, 4.0), EXPERIMENTS["r2-cnn"]
    pair = PairResult(made, one.sha256, errors, 123, one.about, one.evaluated, None)
    page = visit(replace(report, pairs={made.name: pair}))
    text = "\n".join(each.value for each in page.main.markdown)
    assert "| Model | R |\n" in text and "| CNN | 3.00 ± 0.58 |" in text
    assert "| 2×ST-CNN affine | – |" in text  # not measured
    assert "mean over 3 draws" in said(page)


def test_without_pairs_nothing_is_said_of_them(visit):
    assert "Two digits at once" not in said(visit())


# The curves


@pytest.mark.parametrize("kind", TABLE_KINDS)
def test_every_kind_of_data_has_its_page(visit, kind):
    page = visit(data=kind.upper())
    assert page.session_state["data"] == kind.upper()
    assert len(page.main.get("html")) >= 1 and said(page)


def test_the_curves_show_the_errors_and_the_models_have_their_colours(visit):
    page = visit()
    drawn = curves(page)
    assert drawn.keys() == {
        "CNN",
        "ST-CNN affine",
    } and "Not measured yet: FCN, ST-FCN affine." in said(page)
    assert drawn["CNN"]["x"] == sweep("r")["rotation"] and set(drawn["CNN"]["y"]) == {1.0, 60.0}
    assert (
        drawn["CNN"]["line"]["color"]
        == canvas.model_color("cnn")
        != canvas.model_color("st-cnn-affine")
    )
    assert drawn["ST-CNN affine"]["line"]["color"] == canvas.model_color("st-cnn-affine")
    assert (
        "at or below **1.0** % (CNN), **1.0** % (ST-CNN affine); outside it rises to **60.0** % "
        "(CNN)" in said(page)
    )
    assert "Invariance is learned" in said(page)


def test_the_training_range_is_shaded_in_its_panel(visit):
    assert [(s["x0"], s["x1"], s["xref"]) for s in figures(visit())[0]["layout"]["shapes"]] == [
        (-90, 90, "x")
    ]
    assert [
        (s["x0"], s["x1"], s["xref"]) for s in figures(visit(data="RTS"))[0]["layout"]["shapes"]
    ] == [(0.7, 1.2, "x2")]


def test_no_error_lies_below_the_logarithmic_axis_and_the_axis_can_be_linear(visit, report):
    none = {
        parameter: (0.0,) * len(values)
        for parameter, values in report.models["r-cnn"].curves.items()
    }
    changed = replace(
        report, models=report.models | {"r-cnn": replace(report.models["r-cnn"], curves=none)}
    )
    page = visit(changed)
    assert min(curves(page)["CNN"]["y"]) == 10 ** figures(page)[0]["layout"]["yaxis"]["range"][0]
    assert curves(page)["CNN"]["text"][0] == "0.0 %" and "Invariance is learned" not in said(page)
    page = visit(changed, log="false")
    assert (
        set(curves(page)["CNN"]["y"]) == {0.0} and "type" not in figures(page)[0]["layout"]["yaxis"]
    )


def test_curves_of_nothing_are_a_sentence(visit):
    page = visit(curves_r="ST-FCN TPS")
    assert "Choose a model that has been measured" in page.info[0].value
    assert "Not measured yet: ST-FCN TPS" in said(page)


def test_the_legend_fits_every_model(visit, report):
    everything = {}
    for experiment in loading.experiments("r").values():
        like = report.models["r-st-cnn-affine" if experiment.warps_images else "r-cnn"]
        everything[experiment.name] = replace(like, experiment=experiment)
    page = visit(
        replace(report, models=report.models | everything), curves_r=list(loading.experiments("r"))
    )
    assert len(curves(page)) == 9
    texts = [a for a in figures(page)[0]["layout"]["annotations"] if a["text"].startswith("<span")]
    assert len(texts) == 9 and all(0 <= a["x"] <= 0.8 and 0 <= a["y"] <= 1 for a in texts)


# Before and after


def test_before_and_after_are_compared_by_share(visit):
    page = visit()
    assert (
        "differ 90 % as much" in said(page)
        and "after it, 60 %" in said(page)
        and "never distorted, 75 %" in said(page)
    )
    assert "has learned to align" in said(page)
    rows = [trace["source"] for trace in figures(page)[1]["data"] if trace["type"] == "image"]
    assert len(rows) == 2 and rows[0] != rows[1]


def test_a_transformer_that_does_not_align_is_called_so(visit, report):
    worse = replace(report.models["r-st-cnn-affine"], after=alike(0.6, 0.61))
    page = visit(replace(report, models=report.models | {"r-st-cnn-affine": worse}))
    assert "does not align" in said(page) and "after it, 98 %" in said(page)


def test_a_transformer_that_is_not_measured_names_the_command(visit):
    page = visit(means_r="ST-FCN TPS")
    assert "python -m stn_core train r-st-fcn-tps" in page.info[-1].value


# What may be wrong


def test_a_missing_and_a_broken_report_are_one_sentence(visit, tmp_path):
    for content in (None, "", '{"format": 1}'):
        path = tmp_path / "other.json"
        if content is not None:
            path.write_text(content)
        page = visit(path=path)
        assert len(page.warning) == 1 and "python -m stn_core report" in page.warning[0].value
        assert not components(page)


def test_without_any_checkpoint_the_report_still_shows(visit, tmp_path):
    page = visit(folder=tmp_path / "nowhere")
    assert text(table(page)["r-cnn"]) == "✓ 1.24 1.2" and not page.warning


@pytest.mark.parametrize(
    "address",
    [
        {"data": "XYZ"},
        {"data": "PXY"},
        {"data": ""},
        {"data": ["R", "TC"]},
        {"show": "nonsense"},
        {"curves_r": ["CNN", "nonsense"]},
        {"curves_r": ""},
        {"means_r": "CNN"},
        {"means_r": ""},
        {"log": "perhaps"},
        {"lang": "xx"},
        {"<script>": "alert(1)"},
    ],
    ids=str,
)
def test_nonsense_in_the_address_gives_a_working_page(visit, address):
    assert len(table(visit(**address))) == 36


# Languages


def test_the_page_speaks_chinese(visit):
    page = visit(lang=language.LANGUAGES["zh"])
    headings = [m.value for m in page.markdown if m.value.startswith("####")]
    assert len(headings) == 3 and all(re.search("[一-鿿]", heading) for heading in headings)
    assert "lang=" in table(page)["r-cnn"]


def test_every_text_is_there_in_every_language_with_the_same_gaps():
    for name, said in tomllib.loads(language.file_of("results").read_text("utf-8")).items():
        gaps = {
            code: {field for _, field, _, _ in Formatter().parse(text) if field}
            for code, text in said.items()
        }
        assert gaps.keys() == language.LANGUAGES.keys() and gaps["en"] == gaps["zh"], name


# Which P


def reading(page):
    """The cells of the table that compares the readings of P, row by row."""
    (found,) = (
        markdown.value for markdown in page.markdown if markdown.value.startswith("| P read as")
    )
    return [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in found.splitlines()
        if "---" not in row
    ]


def test_both_readings_of_p_are_shown_beside_the_paper(visit, report):
    loading.ORACLE.write_text(
        json.dumps({"p": {"errors": [0.512]}, "pxy": {"errors": [1.593, 29.1]}})
    )
    like = {"p-cnn": "r-cnn", "pxy-cnn": "r-cnn", "pxy-st-cnn-affine": "r-st-cnn-affine"}
    errors = {"p-cnn": (1.0,) * 3, "pxy-cnn": (2.0,) * 3, "pxy-st-cnn-affine": (3.0,) * 3}
    more = {
        n: replace(report.models[like[n]], experiment=EXPERIMENTS[n], errors=errors[n])
        for n in like
    }
    page = visit(replace(report, models=report.models | more))
    assert "this reading was chosen because its errors agree with the paper's" in said(page)
    assert reading(page) == [
        ["P read as", "CNN", "ST-CNN affine", "CNN behind the true inverse map"],
        ["one amount in a random direction (the table's)", "1.00 %", "–", "0.51 %"],
        ["x and y apart", "2.00 %", "3.00 %", "1.59 %"],
        ["paper", "1.5 %", "0.8 %", "–"],
    ]
    assert len(table(page)) == 36


@pytest.mark.parametrize(
    "content",
    [None, "", "[]", "[" * 100_000, '{"p": {"errors": []}, "pxy": {"errors": ["x"]}}', '{"p": 1}'],
)
def test_without_the_measurement_behind_the_true_map_its_figures_are_missing(visit, content):
    if content is not None:
        loading.ORACLE.write_text(content)
    page = visit()
    assert not page.exception and [row[-1] for row in reading(page)[1:]] == ["–", "–", "–"]


@pytest.mark.parametrize("error", [-1, 101, float("nan"), 1e999, 10**400, True])
def test_an_impossible_error_behind_the_true_map_is_left_out(visit, error):
    loading.ORACLE.write_text(json.dumps({"p": {"errors": [error]}, "pxy": {"errors": [1.59]}}))
    assert [row[-1] for row in reading(visit())[1:]] == ["–", "1.59 %", "–"]
