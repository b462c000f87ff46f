"""benchmarks/addresses.py opens the app at random addresses, and finds what it looks for."""

import asyncio
from urllib.parse import urlencode

import pytest

from benchmarks.addresses import EVIL, Address, addresses, opened
from benchmarks.browser import serving

PAGE = """
import streamlit as st
said = st.query_params.get("say", "")
match st.query_params["how"]:
    case "escaped": st.text(said); st.button("b")
    case "markdown": st.markdown(said)
    case "html": st.html(said)
    case "label": st.checkbox(said)
    case "error": raise ValueError(said)
    case "quiet": st.html("<nav></nav>")
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "page.py").write_text(PAGE)
    with serving("page.py", folder) as address:
        yield address


@pytest.mark.parametrize("how", ["markdown", "html", "label", "error", "quiet"])
def test_what_is_wrong_at_an_address_is_found(page, how, capsys):
    bad = [Address("digits", urlencode({"how": how, "say": EVIL}))]
    assert asyncio.run(opened(page, bad)) == 1
    assert capsys.readouterr().out.startswith(f"/?how={how}")


def test_what_is_only_text_is_not(page):
    good = [Address("digits", "how=escaped&say=http%3A%2F%2Fevil.test")]
    assert asyncio.run(opened(page, good)) == 0


def test_the_app_has_nothing_of_it_at_some():
    with serving() as address:
        assert asyncio.run(opened(address, addresses(13, 1))) == 0
