"""An address may say anything: no page ends in an error, and every value is in its range."""

import asyncio
import random
from itertools import cycle, islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from visits import sent, visited, working

from benchmarks.addresses import NASTY, Address, Visitor
from ui.controls.spec import Number
from ui.pages.registry import PAGES

TEXTS = st.sampled_from(NASTY) | st.text(max_size=30) | st.floats().map(str)
# an address is UTF-8, which has no half of a surrogate pair
SENT = TEXTS.filter(lambda text: "\ud800" not in text)


@pytest.mark.parametrize("page", PAGES)
@given(data=st.data())
def test_what_a_control_reads_it_accepts(page, data):
    for control in PAGES[page].controls().values():
        value = control.read(data.draw(st.lists(TEXTS, max_size=3)))
        assert value is None or control.accepts(value)
        if value is not None and control.text(value):
            text = control.text(value)
            assert control.read([text] if isinstance(text, str) else text) == value


@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("page", PAGES)
def test_nonsense_for_every_control_opens_a_working_page(page, first):
    values = ("inf", "-1e309", "²", "9" * 5000, "nan", "1e309")  # a control has two of them
    controls = PAGES[page].controls()
    shown = visited(page, **dict(zip(controls, islice(cycle(values), first, None), strict=False)))
    for name, control in controls.items():
        if isinstance(control, Number) and not control.kept_by_page and name in shown.session_state:
            assert control.accepts(shown.session_state[name])


@pytest.mark.parametrize("page", [*PAGES, "lecture"])
@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_random_address_opens_a_working_page(page, data):
    names = [
        *(PAGES[page].controls() if page in PAGES else ()),
        "lesson",
        "at",
        "lang",
        "projector",
    ]
    one = st.sampled_from(names) | st.text(max_size=8)
    several = st.lists(SENT, min_size=1, max_size=3)
    address = data.draw(st.dictionaries(one, SENT | several, min_size=1, max_size=12))
    visited(page, **{name: value for name, value in address.items() if "embed" not in name.lower()})


def test_an_address_that_is_sent_again_is_brought_into_range_again(address):
    async def come():
        async with Visitor.visiting(address) as one:
            for text in ("inf", "-1e309", "9" * 5000):
                again = Address("trouble", f"w_digit_number={text}")
                await one.open(again)
                await one.tell(again, random.Random(0))
            return one.problems

    assert asyncio.run(come()) == []


def test_a_value_out_of_range_is_brought_into_it():
    shown = visited("why", why_digit_number="700", why_angle="-1e309", why_x="2.26")
    assert shown.number_input(key="why_digit_number").value == 499
    values = sent(shown, "sliders")["values"]
    assert values["why_angle"] == -180 and values["why_x"] == 2.5
    assert shown.query_params["why_digit_number"] == "499"


@pytest.mark.parametrize("place", ["values", "theta", "own", "kind"])
@pytest.mark.parametrize(
    ("page", "key"),
    [("", "stage"), ("gradient", "g_live"), ("why", "why_live"), ("pairs", "pairs")],
)
def test_a_deep_nest_in_a_browser_s_message_leaves_the_page(page, key, place):
    shown, nest = visited(page), []
    for _ in range(5000):
        nest = [nest]
    figure = sent(shown, "echo")
    values = figure["values"]
    message = {"id": 7, "kind": figure.get("kind"), "mode": "digit", "values": values}
    if place == "values" and isinstance(values, dict):
        message["values"] = values | {next(iter(values)): nest}
    else:
        message[place] = [nest]
    shown.session_state[key] = {"said": message}
    working(shown.run())
