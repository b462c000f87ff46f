"""The laboratory: its pages and nothing else. Start it with ``streamlit run app.py``."""

import gc
from pathlib import Path

import streamlit as st
import torch

from stn_core.datasets import gallery
from ui.language import choose_language, texts

HERE = Path(__file__).parent
torch.set_num_threads(1)  # one visitor's rerun uses one core; a class shares the rest


@st.cache_resource(show_spinner="Reading the digits")
def warm_up() -> None:
    """Once a server: read what every visitor needs, and keep the garbage collector from walking through it ever after."""
    gallery()
    gc.collect()
    gc.freeze()


st.set_page_config(page_title="Spatial transformers", page_icon=HERE / "assets/icon.png", layout="wide")
warm_up()
st.html(HERE / "ui/style.css")
with st.sidebar:
    choose_language()
say = texts("app")  # after the switch, which takes the language from the address
page = st.navigation(
    [
        st.Page("ui/digits_page.py", title=say("digits"), default=True),
        st.Page("ui/stage_page.py", title=say("stage"), url_path="stage"),
        st.Page("ui/why_page.py", title=say("why"), url_path="why"),
        st.Page("ui/transformation_page.py", title=say("transformation"), url_path="transformation"),
        st.Page("ui/sampler_page.py", title=say("sampler"), url_path="sampler"),
        st.Page("ui/gradient_page.py", title=say("gradient"), url_path="gradient"),
        st.Page("ui/replay_page.py", title=say("replay"), url_path="replay"),
        st.Page("ui/results_page.py", title=say("results"), url_path="results"),
        st.Page("ui/birds_page.py", title=say("birds"), url_path="birds"),
        st.Page("ui/trouble_page.py", title=say("trouble"), url_path="trouble"),
    ],
    position="top",
)
page.run()
