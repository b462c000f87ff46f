"""Terms of art explain themselves wherever they stand."""

import pytest
from playwright.sync_api import expect

from stn_core import EXPERIMENTS
from stn_core.data.distortions import TABLE_KINDS
from stn_core.models.digits import DIGIT_MODELS
from ui.app.i18n import LANGUAGES, Translator
from ui.app.terms import about, about_model, explained
from ui.pages.whole import picture


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_a_model_s_name_is_explained(language):
    say = Translator("app", language)
    for model in DIGIT_MODELS:
        parts = model.split("-")
        found = about_model(model, say)
        assert found == about(say, *parts) and len(found) == len(parts)
        if language == "en":
            assert all(map(str.startswith, map(str.casefold, found), parts))
    assert len(about_model("st-cnn-affine-map", say)) == 4
    assert about_model("rts-2st-cnn-affine", say) == about(say, "rts", "st", "cnn", "affine")
    assert about_model("my-own", say) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_terms_stand_at_the_end_of_the_whole(language):
    html, say = picture("why", language, ""), Translator("app", language)
    kinds = {e.data for e in EXPERIMENTS.values() if e.data in TABLE_KINDS}
    for sentence in about(say, "st", "fcn", "tps", "theta", *kinds):
        assert f"<p>{sentence}</p>" in html


def test_what_is_not_explained_stays_as_it_is():
    assert explained("&lt;b&gt;", []) == "&lt;b&gt;"
    assert "<p>&lt;i&gt;</p>" in explained("R", ["<i>"])


# In a browser


@pytest.mark.parametrize("size", [(1280, 800), (390, 844), (844, 390)])
def test_an_explanation_comes_inside_the_window_and_goes(tab, size):
    page = tab("/results", size=size)
    terms = page.get_by_role("navigation").locator(".explained")
    expect(terms).to_have_count(4)
    columns = page.locator("th[scope=col] .explained")
    expect(columns).to_have_count(len(TABLE_KINDS))
    expect(columns.first).to_have_accessible_description("R: the digit is rotated.")
    last = page.locator("th[scope=row] .explained").last
    for term in (terms.nth(1), terms.last, columns.first, last):
        term.evaluate("term => term.scrollIntoView({ block: 'end' })")
        term.focus()
        note = term.locator(".explanation")
        expect(note).to_be_visible()
        box = note.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0]
        assert box["y"] >= 0 and box["y"] + box["height"] <= size[1]
        middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        on_top = "([note, x, y]) => note.contains(document.elementFromPoint(x, y))"
        assert page.evaluate(on_top, [note.element_handle(), *middle])
        page.keyboard.press("Escape")
        expect(note).to_be_hidden()


def test_an_explanation_stays_at_its_term_and_can_be_entered(tab):
    page = tab("/results")
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    page.locator(".stApp[data-test-script-state=notRunning]").wait_for()
    term = page.locator("th[scope=row] .explained").nth(2)
    note = term.locator(".explanation")
    term.click()  # as a tap
    expect(note).to_be_visible()
    below = "term => term.lastChild.getBoundingClientRect().y - term.getBoundingClientRect().y"
    before = term.evaluate(below)
    page.get_by_test_id("stMain").evaluate("main => main.scrollBy(0, 60)")
    page.wait_for_function("() => document.querySelector('.stMain').scrollTop > 0")
    page.wait_for_timeout(100)
    assert abs(term.evaluate(below) - before) < 2
    page.keyboard.press("Escape")
    term.hover()
    box = note.bounding_box()
    own = term.bounding_box()
    for step in range(10):  # from the term into the note
        page.mouse.move(own["x"] + 10, own["y"] + own["height"] / 2 + 4 * step)
        expect(note).to_be_visible()
    assert box["y"] < own["y"] + own["height"] / 2 + 36
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()


def test_names_in_the_player_explain_themselves(tab):
    page = tab("/replay")
    name = page.locator(".replay-name .explained").last
    name.hover()
    note = name.locator(".explanation")
    expect(note).to_contain_text("a fully connected network")
    box, own = note.bounding_box(), name.bounding_box()
    assert abs(box["x"] - own["x"]) < 3 and 0 < box["y"] - own["y"] < 60
