"""No text is missing in any language, no page speaks English to who asked for Chinese, and addresses know no language."""

import json
import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest
from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from stn_core import EXPERIMENTS
from ui import models
from ui.language import FOLDER, LANGUAGES
from ui.pages import PAGES

ROOT = Path(__file__).parent.parent
FILES = [*sorted(FOLDER.glob("*.toml")), *sorted((ROOT / "assets/lessons").glob("*.toml"))]
CODE = {"snippet", "source", "jsContent", "cssContent", "htmlContent"}  # what nobody reads
ALLOWED = tuple(models.load(EXPERIMENTS["cub50-cnn-448"]).experiment.classes)  # names of birds


def said_in(table, place=()):
    """Every text of a table of TOML, with its place: {language: words}."""
    if isinstance(table, dict) and table.keys() & LANGUAGES.keys():
        yield ".".join(place), table
    elif isinstance(table, (dict, list)):
        for key, inner in table.items() if isinstance(table, dict) else enumerate(table, 1):
            yield from said_in(inner, (*place, str(key)))


def blanks(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_translation_is_missing(path):
    texts = dict(said_in(tomllib.loads(path.read_text("utf-8"))))
    assert texts
    missing = [f"{name}: no {code}" for name, said in texts.items() for code in LANGUAGES if not said.get(code, "").strip()]
    if path.parent == FOLDER:  # a lesson's texts have no blanks
        missing += [
            f"{name}: other blanks" for name, said in texts.items() if len({frozenset(blanks(t)) for t in said.values()}) > 1
        ]
    assert not missing, f"{path.name}:\n" + "\n".join(missing)


def words_in(tree, key=""):
    """Every text that is sent to the browser, but for code and data."""
    if isinstance(tree, dict):
        for name, inner in tree.items():
            if name not in CODE:
                yield from words_in(inner, name)
    elif isinstance(tree, list):
        for inner in tree:
            yield from words_in(inner, key)
    elif isinstance(tree, str):
        yield from words_in(json.loads(tree), key) if key == "json" else [tree]


def english(text):
    """Runs of more than three English words in a text: outside of code, addresses and tags."""
    text = re.sub(r"`[^`]*`|(?s:<style>.*?</style>)|https?://\S+|<[^>]*>|\{\w*\}", "。", text)
    for allowed in ALLOWED:
        text = text.replace(allowed, "。")
    return [run for run in re.findall(r"(?:[A-Za-z][a-z'’]+[ ,.:;]+){3,}[A-Za-z][a-z'’]+", text)]


def visit(page, **address):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if page != next(iter(PAGES)):
        app._page_hash = calc_hash(page)  # as the browser asks for it
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def elements(app):
    protos = [element.proto for block in (app.main, app.sidebar) for element in block if hasattr(element, "proto")]
    return [MessageToDict(proto) for proto in protos if hasattr(proto, "DESCRIPTOR") and proto.DESCRIPTOR.name != "Code"]


@pytest.mark.parametrize("page", [*PAGES, "lecture"])
def test_no_page_speaks_english_to_who_asked_for_chinese(page):
    app = visit(page, lang="zh")
    texts = [text for element in elements(app) for text in words_in(element)]
    assert any(re.search("[\u4e00-\u9fff]", text) for text in texts)
    assert [run for text in texts for run in english(text)] == []


def test_english_is_found():
    assert english("窗口。The window is the whole image. 对") == ["The window is the whole image"]
    assert not english("用 `python -m stn_core train r-cnn` 训练 ST-CNN affine")
    assert any(english(text) for element in elements(visit("digits")) for text in words_in(element))


@pytest.mark.parametrize("lang", ["zh", "简体中文"])
def test_an_address_in_chinese_opens_chinese_and_what_it_names_has_one_name_in_every_language(lang):
    app = visit("digits", lang=lang, **{"from": "Upload"})
    assert app.session_state["from"] == "Upload" and "上传" in json.dumps([*words_in(elements(app))], ensure_ascii=False)
    app.button_group(key="from").set_value("Gallery").run()
    assert "from" not in app.query_params
    app.button_group(key="language").set_value("en").run()
    assert app.session_state["lang"] == "en" and not app.exception


@pytest.mark.parametrize("lang", ["", "xx", "zh-TW"])
def test_a_language_that_there_is_not_is_english(lang):
    assert "One digit" in visit("digits", lang=lang).markdown[0].value


@pytest.mark.parametrize("show", ["seeds", "Each seed", "各种子"])
def test_an_old_address_of_the_results_has_the_word_of_either_language(show):
    app = visit("results", show=show)
    assert app.session_state["show"] == "seeds" and app.query_params["show"] in ("seeds", ["seeds"])
