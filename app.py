"""The laboratory: its pages and nothing else. Start it with ``streamlit run app.py``."""

from pathlib import Path

import streamlit as st
import torch

HERE = Path(__file__).parent
torch.set_num_threads(1)  # one visitor's rerun uses one core; a class shares the rest

st.set_page_config(page_title="Spatial transformers", page_icon=HERE / "assets/icon.png", layout="wide")
st.html(HERE / "ui/style.css")
page = st.navigation([st.Page("ui/digits_page.py", title="Distorted digits", icon=":material/crop_rotate:", default=True)])
page.run()
