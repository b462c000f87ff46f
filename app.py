"""The laboratory: its pages and nothing else. Start it with ``streamlit run app.py``."""

import gc
from pathlib import Path

import streamlit as st
import torch

from stn_core.allocator import share_heaps
from stn_core.data.mnist import gallery
from ui import lecture
from ui.language import choose_language, texts
from ui.pages import PAGES, file_of, path_of
from ui.theme import choose_theme

HERE = Path(__file__).parent
torch.set_num_threads(1)  # one visitor's rerun uses one core; a class shares the rest


@st.cache_resource(show_spinner="Reading the digits")
def warm_up() -> None:
    """Once a server: read what every visitor needs, and keep the garbage collector from walking through it ever after."""
    share_heaps()
    gallery()
    gc.collect()
    gc.freeze()


st.set_page_config(page_title="Spatial transformers", page_icon=HERE / "assets/icon.png", layout="wide")
warm_up()
st.html(HERE / "ui/style.css")
head = st.sidebar.container()
with st.sidebar.container(horizontal=True, vertical_alignment="center"):
    choose_language()
    choose_theme()
say = texts("app")  # after the switch, which takes the language from the address
page = st.navigation(
    [
        *(st.Page(file_of(name), title=say(name), url_path=path_of(name), default=not path_of(name)) for name in PAGES),
        st.Page(lecture.LIST, title=say("lecture"), url_path=path_of("lecture")),
    ],
    position="top",
)
lecture.follow(page.url_path, head)
page.run()
lecture.offer_state(page.url_path)
