"""The texts of the pages in every language: a ``texts.toml`` in each page's folder, its
translations side by side."""

import math
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from stn_core.messages import Message
from ui.app.outside import Markdown, as_code, filled, plain, without_folders

LANGUAGES = {"en": "English", "zh": "简体中文"}
UI = Path(__file__).parents[1]
PLACES = (UI, UI / "components", UI / "pages")  # where a folder with texts lies
ERRORS = UI / "app" / "errors.toml"


class Translator:
    """A page's texts in one language: ``say("title", model="CNN")`` fills the {model} in title.

    A text that is not translated is said in English.
    """

    def __init__(self, page: str, language: str = "en") -> None:
        self.page = page
        self.language = language

    def __call__(self, key: str, **values: Any) -> str:
        return self.template(key).format(**values)

    def markdown(self, key: str, **values: Any) -> Markdown:
        """The text for a place that reads Markdown, its blanks filled with text that others wrote:
        names of files and of models, sentences about errors."""
        return filled(self.template(key), values)

    def template(self, key: str) -> str:
        """A text with its {braces}, for whoever fills them in later."""
        said = _table(file_of(self.page))[key]
        return said.get(self.language, said["en"])


def texts(page: str) -> Translator:
    """The texts of a page in the visitor's language."""
    return Translator(page, language())


def translated(sentence: Any) -> Any:
    """A Message in the visitor's language, by its key in ``errors.toml``, which has no English:
    that stands where it is said. Anything else as it is, but a file without its folders."""
    if isinstance(sentence, Path):
        return sentence.name
    if not isinstance(sentence, Message):
        return without_folders(sentence) if isinstance(sentence, str) else sentence
    details = {name: translated(value) for name, value in sentence.details.items()}
    return _template_of(sentence).format(**details)


def in_markdown(sentence: Any) -> Markdown:
    """The same for a place that reads Markdown, with what others wrote letter by letter."""
    if not isinstance(sentence, Message):
        return plain(translated(sentence))
    details = {
        name: in_markdown(value) if isinstance(value, Message) else translated(value)
        for name, value in sentence.details.items()
    }
    if "command" in details:
        details["command"] = as_code(details["command"])  # to be copied: nothing may change in it
    return filled(_template_of(sentence), details)


def _template_of(message: Message) -> str:
    return _table(ERRORS).get(message.key, {}).get(language(), message.template)


def unbroken(sentence: str) -> str:
    """A headline in which figures stay on one line with their units."""
    for unit in (" %", " ×"):
        sentence = sentence.replace(unit, f"\u00a0{unit[1:]}")
    return sentence.replace(" = ", "\u00a0=\u00a0")


def percent(share: float) -> str:
    """A share in [0, 1] in per cent; a dash for what is no number."""
    return f"{100 * share:.0f} %" if math.isfinite(share) else "–"


def language() -> str:
    """The visitor's language, a key of ``LANGUAGES``; in old addresses it has its own name."""
    chosen = st.session_state.get("lang")
    return (
        chosen
        if chosen in LANGUAGES
        else next((code for code, name in LANGUAGES.items() if name == chosen), "en")
    )


def choose_language() -> None:
    """The switch, which the address of every page keeps by the language's code.

    What is bound to the address is a field that the style hides: of the switch itself the address
    would have the words that it shows, and what is not bound would be lost on the way to another
    page.
    """
    st.text_input("lang", "en", key="lang", bind="query-params", label_visibility="collapsed")
    st.session_state["language"] = language()
    st.segmented_control(
        "Language / 语言",
        list(LANGUAGES),
        key="language",
        required=True,
        format_func=LANGUAGES.__getitem__,
        on_change=_keep,
        label_visibility="collapsed",
    )


def _keep() -> None:
    st.session_state["lang"] = st.session_state["language"] or language()


@lru_cache
def file_of(page: str) -> Path:
    """The file with the texts of a page ("why") or of a part that pages share ("controls")."""
    return next(path for place in PLACES if (path := place / page / "texts.toml").is_file())


@lru_cache
def _table(path: Path) -> dict[str, dict[str, str]]:
    return tomllib.loads(path.read_text("utf-8"))
