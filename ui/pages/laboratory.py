"""What a visitor sees: the head of the sidebar, the pages and nothing else."""

import gc
from pathlib import Path

import streamlit as st
import torch
from streamlit.navigation.page import StreamlitPage

from stn_core import load_plugins
from stn_core.allocator import share_heaps
from stn_core.data.mnist import gallery
from stn_core.places import ASSETS
from ui.app.i18n import choose_language, texts
from ui.app.theme import choose_theme
from ui.browser.component import TERMS
from ui.controls.address import tidy
from ui.pages.lecture import page as list_of_lectures
from ui.pages.lecture import steps
from ui.pages.registry import PAGES, controls_at, path_of
from ui.pages.whole import show_whole

APP = Path(__file__).parents[1] / "app"
STYLE = f"<style>{(APP / 'style.css').read_text()}{TERMS}</style>"
torch.set_num_threads(1)  # one visitor's rerun uses one core; a class shares the rest


@st.cache_resource(show_spinner="Reading the digits")
def warm_up() -> None:
    """Once a server: read what every visitor needs, and keep the garbage collector from walking
    through it ever after."""
    share_heaps()
    gallery()
    gc.collect()
    gc.freeze()


def show() -> None:
    """The page that the address names."""
    st.set_page_config(
        page_title="Spatial transformers", page_icon=ASSETS / "icon.png", layout="wide"
    )
    warm_up()
    load_plugins()
    st.html(STYLE)
    head = st.sidebar.container()
    with st.sidebar.container(horizontal=True, vertical_alignment="center"):
        choose_language()
        choose_theme()
    say = texts("app")  # after the switch, which takes the language from the address
    pages: dict[str, StreamlitPage] = {
        name: st.Page(page.show, title=say(name), url_path=path_of(name), default=not path_of(name))
        for name, page in PAGES.items()
    }
    pages["lecture"] = st.Page(
        lambda: list_of_lectures.main(pages), title=say("lecture"), url_path="lecture"
    )
    page = st.navigation(list(pages.values()), position="top")
    tidy(controls_at(page.url_path))
    steps.follow(page.url_path, head, pages)
    show_whole(page.url_path)
    page.run()
    steps.offer_state(page.url_path)
