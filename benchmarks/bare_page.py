"""A Streamlit page with one slider and one Plotly line, to hold the laboratory's pages against."""

import streamlit as st

value = st.slider("x", 0, 100, 50, key="x")
line = {"type": "scatter", "x": list(range(50)), "y": [value * i for i in range(50)]}
st.plotly_chart({"data": [line], "layout": {"yaxis": {"range": [0, 5000]}}}, key="line")
