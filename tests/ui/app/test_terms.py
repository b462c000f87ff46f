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
        for part, sentence in zip(model.split("-"), about_model(model, say), strict=True):
            assert sentence.casefold().startswith((part, say(f"term_{part}").casefold()[:2]))
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


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_an_explanation_comes_inside_the_window_and_goes(tab, size):
    page = tab("/results", size=size, touch=size[0] < 1000)
    terms = page.get_by_role("navigation").locator(".explained")
    expect(terms).to_have_count(4)
    columns = page.locator("th[scope=col] .explained")
    expect(columns).to_have_count(len(TABLE_KINDS))
    for term in (terms.nth(1), terms.last, columns.first):
        term.focus()
        note = term.locator(".explanation")
        expect(note).to_be_visible()
        box = note.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0]
        assert box["y"] + box["height"] <= size[1]
        page.keyboard.press("Escape")
        expect(note).to_be_hidden()
    columns.first.click()  # as a tap
    expect(columns.first.locator(".explanation")).to_have_text("R: the digit is rotated.")


def test_names_in_the_player_explain_themselves(tab):
    page = tab("/replay")
    name = page.locator(".replay-name .explained").last
    name.hover()
    note = name.locator(".explanation")
    expect(note).to_contain_text("a fully connected network")
    box, own = note.bounding_box(), name.bounding_box()
    assert abs(box["x"] - own["x"]) < 3 and 0 < box["y"] - own["y"] < 60
