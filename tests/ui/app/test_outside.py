"""What comes from outside: numbers are finite, and text that others wrote stays text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.app.outside import filled, in_figure, number, plain, shortened, whole

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


@pytest.mark.parametrize(
    ("value", "found"),
    [("7", 7), (" -7.5 ", -7.5), ("+.5", 0.5), ("5.", 5), ("1e3", 1000), ("007", 7), (3, 3)],
)
def test_a_number_is_one_in_ascii_digits(value, found):
    assert number(value) == found


WORDS = ["inf", "-inf", "nan", "infinity", "1_0", "0x1f", "1e", "1,5", "1 2", "7\0", ""]
SIGNS = ["²", "٣", "-", "−5", "--5"]
OTHERS = [True, None, [], {}, math.inf, math.nan]


@pytest.mark.parametrize("value", [*WORDS, *SIGNS, *OTHERS])
def test_all_else_is_no_number(value):
    assert number(value) is None


@pytest.mark.parametrize("value", ["1e309", "9" * 5000, 10**400, "1e999999999"])
def test_what_is_too_large_is_the_largest(value):
    assert number(value) == pytest.approx(1.797e308, rel=1e-3)
    assert whole(value, 0, 99) == 99
    if isinstance(value, str):
        assert number("-" + value) == -number(value) and whole("-" + value, 0, 99) == 0


@given(ANYTHING)
def test_a_number_is_finite_and_a_whole_one_in_range(value):
    found = number(value)
    assert found is None or math.isfinite(found)
    assert whole(value, -3, 1000) in range(-3, 1001)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("my-bird_1.png", r"my-bird\_1.png"),
        ("[a](http://x.test)", "\\[a\\](http\u2060:\u2060//x.test)"),
        ("<img src=x>", r"\<img src=x\>"),
        ("# a\n\n* b", r"\# a \* b"),
        ("1. a", r"1\. a"),
        ("2.5", "2.5"),
        ("", ""),
    ],
)
def test_foreign_text_is_escaped_for_markdown(text, shown):
    assert plain(text) == shown and plain(plain(text)) == shown


def test_blanks_are_filled_with_text_and_with_code():
    values = {"file": "a`b` *c*", "what": plain("*"), "share": 0.123}
    template = "`{file}` {file}: {what}, {share:.1f} {file!r} **{{x}}**"
    assert filled(template, values) == r"`a'b' *c*` a\`b\` \*c\*: \*, 0.1 'a\`b\` \*c\*' **{x}**"


@given(ANYTHING)
def test_foreign_text_is_one_short_line(value):
    assert len(shortened(value)) <= 300 and len(shortened(value).splitlines()) <= 1
    assert "<" not in in_figure(value)
