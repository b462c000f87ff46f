"""The picture of the whole, above every page: the spatial transformer of the paper's figure 2 as
one line of links, with the part marked that the page is about, and all terms of art at its end."""

from functools import lru_cache
from urllib.parse import urlencode

import streamlit as st

from stn_core.data.distortions import TABLE_KINDS
from ui.app.i18n import Translator, language
from ui.app.terms import NETWORKS, SIGNS, about, explained
from ui.pages.registry import PAGES, PARTS, path_of

KEPT = ("lang", "projector")  # of the address, on the way to another page
# what stands before each part: U, theta and V are what goes from one to the next
BEFORE = {
    "whole": "",
    "localisation": "U →",
    "grid": "→ θ →",
    "sampler": "→",
    "classifier": "→ V →",
    "gradient": "←",
}


def show_whole(path: str) -> None:
    """The picture, as the page at a path has it."""
    kept = {name: st.query_params[name] for name in KEPT if name in st.query_params}
    st.html(picture(path, language(), urlencode(kept)))


@lru_cache
def picture(path: str, spoken: str, kept: str) -> str:
    """The same in HTML; ``kept`` goes into the addresses of the links."""
    say = Translator("app", spoken)
    here = next((name for name in PAGES if path_of(name) == path), None)
    part = here and next((part for part, page in PARTS.items() if page == here), "whole")
    links = "".join(link(name, part, here, kept, say) for name in PARTS)
    names = f'<span class="full">{say("terms")}</span><span class="short">?</span>'
    sentences = about(say, *NETWORKS, *TABLE_KINDS, *SIGNS.values())
    terms = explained(names, sentences, say("terms"))
    return f'<nav class="whole" aria-label="{say("parts")}">{links}{terms}</nav>'


def link(name: str, part: str | None, here: str | None, kept: str, say: Translator) -> str:
    """A part, and what leads to it from the one before."""
    page = PARTS[name]
    href = (path_of(page) or "./") + (f"?{kept}" if kept else "")
    current = ""
    if name == part:
        current = f' aria-current="{"page" if page == here else "location"}"'
    full, short = say(f"part_{name}"), say(f"short_{name}")
    names = f'<span class="full">{full}</span><span class="short">{short}</span>'
    before = "".join(sign(each, say) for each in BEFORE[name].split())
    return f'{before}<a href="{href}"{current} aria-label="{full}">{names}</a>'


def sign(text: str, say: Translator) -> str:
    """A name that goes from one part to the next, or an arrow."""
    if text in SIGNS:
        return explained(text, about(say, SIGNS[text]))
    return f'<span aria-hidden="true">{text}</span>'
