"""No text is missing in any language, no page speaks English to who asked for Chinese, and
addresses know no language."""

import ast
import io
import json
import re
import struct
import tomllib
import zlib
from pathlib import Path
from string import Formatter

import pytest
import torch
from google.protobuf.json_format import MessageToDict
from PIL import Image
from safetensors.torch import save_file
from visits import visited

from stn_core import EXPERIMENTS
from stn_core.data.uploads import ImageError, read_digit
from stn_core.experiments import plugins as own_models
from stn_core.experiments.checkpoints import save_checkpoint
from ui.app import loading
from ui.app.i18n import ERRORS, LANGUAGES
from ui.pages.lecture import lessons
from ui.pages.registry import PAGES

ROOT = Path(__file__).parents[3]
TEXTS = sorted((ROOT / "ui").rglob("texts.toml"))
FILES = [*TEXTS, ERRORS, *sorted((ROOT / "assets/lessons").glob("*.toml"))]
CODE = {"snippet", "source", "jsContent", "cssContent", "htmlContent"}  # what nobody reads
PILLOW = "image file is truncated"  # the decoder's own word, quoted
ALLOWED = (PILLOW, *loading.load(EXPERIMENTS["cub50-cnn-448"]).experiment.classes)  # names of birds


def said_in(table, place=()):
    """Every text of a table of TOML, with its place: {language: words}."""
    if isinstance(table, dict) and table.keys() & LANGUAGES.keys():
        yield ".".join(place), table
    elif isinstance(table, (dict, list)):
        for key, inner in table.items() if isinstance(table, dict) else enumerate(table, 1):
            yield from said_in(inner, (*place, str(key)))


def blanks(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def said_in_code():
    """Every Message, or error that is one: its key, its English, and its blanks' names."""
    for path in [*(ROOT / "stn_core").rglob("*.py"), *(ROOT / "ui").rglob("*.py")]:
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not re.search(
                "(Message|StnError|Error|fail|kind)$", ast.unparse(call.func)
            ):
                continue
            # not where it is handed on
            if len(call.args) == 2 and isinstance(call.args[0], ast.Constant):
                yield (
                    call.args[0].value,
                    ast.literal_eval(call.args[1]),
                    {keyword.arg for keyword in call.keywords},
                )


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_no_translation_is_missing(path):
    texts = dict(said_in(tomllib.loads(path.read_text("utf-8"))))
    if path.name == "errors.toml":
        said = {key: {"en": template} for key, template, _ in said_in_code()}
        texts = {key: said.get(key, {}) | texts.get(key, {}) for key in said | texts}
    assert texts
    missing = [
        f"{name}: no {code}"
        for name, said in texts.items()
        for code in LANGUAGES
        if not said.get(code, "").strip()
    ]
    if path in (*TEXTS, ERRORS):  # a lesson's texts have no blanks
        missing += [
            f"{name}: other blanks"
            for name, said in texts.items()
            if len({frozenset(blanks(t)) for t in said.values()}) > 1
        ]
    assert not missing, f"{path.name}:\n" + "\n".join(missing)


def test_the_sentences_in_code_have_one_template_a_key_and_a_value_for_every_blank():
    said = list(said_in_code())
    assert (
        len({key for key, _, _ in said}) == len({(key, template) for key, template, _ in said}) > 50
    )
    assert [key for key, template, values in said if values != blanks(template)] == []


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
    return visited(page, **address)


def elements(app):
    protos = [
        element.proto
        for block in (app.main, app.sidebar)
        for element in block
        if hasattr(element, "proto")
    ]
    return [
        MessageToDict(proto)
        for proto in protos
        if hasattr(proto, "DESCRIPTOR") and proto.DESCRIPTOR.name != "Code"
    ]


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
    assert app.session_state["from"] == "Upload" and "上传" in json.dumps(
        [*words_in(elements(app))], ensure_ascii=False
    )
    app.button_group(key="from").set_value("Gallery").run()
    assert "from" not in app.query_params
    app.button_group(key="language").set_value("en").run()
    assert app.session_state["lang"] == "en" and not app.exception


@pytest.mark.parametrize("lang", ["", "xx", "zh-TW"])
def test_a_language_that_there_is_not_is_english(lang):
    assert "laboratory" in visit("digits", lang=lang).markdown[0].value


@pytest.mark.parametrize("show", ["seeds", "Each seed", "各种子"])
def test_an_old_address_of_the_results_has_the_word_of_either_language(show):
    app = visit("results", show=show)
    assert app.session_state["show"] == "seeds" and app.query_params["show"] in ("seeds", ["seeds"])


# What goes wrong is said in the visitor's language


def claimed(width, height):
    """A PNG that says it is that large, and has no pixels."""
    chunks = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), b"IDAT"
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks
    )


def blank():
    Image.new("L", (50, 50), 255).save(buffer := io.BytesIO(), "PNG")
    return buffer.getvalue()


UPLOADS = {
    "large_file": (bytes(10_500_000), "10.5 MB"),
    "large_picture": (claimed(13_000, 12_000), "13000 × 12000"),
    "huge_picture": (claimed(60_000, 60_000), ""),
    "no_picture": (b"Dear Sir or Madam", "WebP"),
    "damaged_picture": (claimed(50, 50), PILLOW),
    "no_digit": (blank(), ""),
}


def told(app):
    """The warnings and errors of a page as one text, which is Chinese; and in English, after the
    switch of the language."""
    texts = []
    for language in ("zh", "en"):
        app.button_group(key="language").set_value(language).run()
        assert not app.exception
        texts.append("\n".join(element.value for element in [*app.error, *app.warning]))
    assert (
        english(texts[0]) == []
        and re.search("[\u4e00-\u9fff]", texts[0])
        and not re.search("[\u4e00-\u9fff]", texts[1])
    )
    return texts


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("key", UPLOADS)
def test_a_refused_upload_is_explained(key):
    data, detail = UPLOADS[key]
    with pytest.raises(ImageError) as refused:
        read_digit(data)
    assert refused.value.sentence.key == key
    app = visit("digits", lang="zh", **{"from": "Upload"})
    app.file_uploader(key="file").upload("digit.png", data, "image/png").run()
    chinese, said = told(app)
    assert detail in chinese and said == str(refused.value)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_refused_bird_is_explained():
    app = visit("birds", lang="zh", b_from="upload", b_models="")
    app.file_uploader[0].upload("bird.jpg", UPLOADS["large_picture"][0], "image/jpeg").run()
    chinese, said = told(app)
    assert (
        "bird.jpg：" in chinese
        and "13000 × 12000" in chinese
        and "bird.jpg: The picture has 13000 × 12000 pixels" in said
    )


def rewritten(path, **about):
    """A safetensors file with a header of stn_core's, changed."""
    save_file({"none": torch.zeros(1)}, path, metadata={"stn": json.dumps(about)})


def broken_checkpoint(folder, monkeypatch):
    monkeypatch.setattr(loading, "CHECKPOINTS", folder)
    (folder / "digits").mkdir()
    experiment = {"data": "r", "model": "cnn", "classes": []}
    rewritten(
        folder / "digits/r-cnn.safetensors",
        format=3,
        experiment=experiment,
        metrics={},
        provenance={},
    )


def broken_recording(folder, monkeypatch):
    monkeypatch.setattr(loading, "RECORDINGS", folder)
    rewritten(folder / "r-cnn.safetensors", experiment="r-cnn", digits=64, seed=65)


def broken_report(folder, monkeypatch):
    monkeypatch.setattr(loading, "REPORT", folder / "report.json")
    (folder / "report.json").write_text('{"format": 7}')


def broken_lesson(folder, monkeypatch):
    monkeypatch.setattr(lessons, "FOLDER", folder)
    (folder / "mine.toml").write_text(
        'title = "A"\n[[step]]\npage = "stage"\nstate = { own = "x" }\ntitle = "A"\ntext = "B"'
    )


def own_models_with_mistakes(folder, monkeypatch):
    monkeypatch.setenv("STN_CHECKPOINTS", str(folder))
    (folder / "taken.py").write_text(
        "from stn_core import add_localisation\nadd_localisation('cnn', print)"
    )
    (folder / "rigid.py").write_text(
        "from stn_core import add_transform\nfrom stn_core.transformer.transforms import Affine\n"
        "class Rigid(Affine):\n    name = 'rigid'\nadd_transform(Rigid())"
    )
    own_models.load(folder)
    rigid = EXPERIMENTS["r-st-cnn-rigid"]
    save_checkpoint(folder / rigid.path, rigid.create_model(), rigid, {}, {})


BROKEN = {
    broken_checkpoint: (
        "digits",
        {"models_r": "CNN"},
        ["r-cnn.safetensors：应为格式 1 / 2，实际为 3", "train r-cnn"],
    ),
    broken_recording: (
        "replay",
        {"left": "R CNN"},
        ["r-cnn.safetensors：应为种子 64 的 64 个数字，实际为种子 65", "--record"],
    ),
    broken_report: ("results", {}, ["report.json：", "其格式为 7，应为", "stn_core report"]),
    broken_lesson: ("lecture", {}, ["`mine.toml` 第 4 行：`own` 不能是 `x`。可以是：一个数字"]),
    own_models_with_mistakes: (
        "digits",
        {"models_r": "ST-CNN rigid"},
        [
            "taken.py 第 2 行：已有名为 'cnn' 的定位网络",
            "ST-CNN rigid：浏览器中的引擎没有 rigid 变换",
        ],
    ),
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_file_is_explained(broken, tmp_path, monkeypatch):
    page, address, details = BROKEN[broken]
    broken(tmp_path, monkeypatch)
    chinese, _ = told(visit(page, lang="zh", **address))
    own_models.load(None)
    chinese = re.sub(r"\\(?=\W|_)", "", chinese)  # Markdown's escapes
    assert [detail for detail in details if detail not in chinese] == [], chinese
