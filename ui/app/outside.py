"""What comes from outside - an address, a file, a browser's message - is read and shown here:
numbers are finite, and text that others wrote stands on a page letter by letter."""

import math
import re
import sys
from html import escape
from string import Formatter
from typing import Any

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
LONGEST_NUMBER = 10_000  # letters
LARGEST = sys.float_info.max
ENDLESS = (math.inf, -math.inf)
LONGEST_TEXT = 300  # letters of others' text in a sentence

# in Markdown, some of it only where a line begins
MEANS_SOMETHING = re.compile(r"[\\`*_\[\]<>|~$&^{}]|^[-+=#]|(?<=^\d)[.)](?= )|(?<=^\d\d)[.)](?= )")
# what Streamlit makes a link, an address of mail or a picture of even where it is escaped
TURNS_INTO_SOMETHING = re.compile(
    r"(?<=http)(?=:)|(?<=https)(?=:)|(?<=www)(?=\.)|(?<=@)|(?<=:)(?=\S)|(?<=[-<])(?=[->])",
    re.IGNORECASE,
)
NO_WIDTH = "\u2060"  # a word joiner: nothing is seen of it, and no line breaks there


def number(value: object) -> float | None:
    """A finite number, given as one or as a text in ASCII digits, the nearest one where it is too
    large for a float; None for anything else."""
    if isinstance(value, str):
        value = value.strip()
        if len(value) > LONGEST_NUMBER or not NUMBER.fullmatch(value):
            return None
        value = float(value)
    elif isinstance(value, bool) or not isinstance(value, int | float) or value in ENDLESS:
        return None
    return None if value != value else float(min(max(value, -LARGEST), LARGEST))


def whole(value: object, low: int, high: int) -> int:
    """A whole number brought into ``low`` to ``high``; ``low`` for what is no number."""
    found = number(value)
    return low if found is None else int(min(max(found, low), high))


class Markdown(str):
    """Text that may stand where Markdown is read."""


def plain(text: object) -> Markdown:
    """Others' text as Markdown that shows it letter by letter, in one line: nothing in it is a
    link, a picture, a formula or a heading. Markdown as it is."""
    if isinstance(text, Markdown):
        return text
    letters = TURNS_INTO_SOMETHING.sub(NO_WIDTH, shortened(text))
    return Markdown(MEANS_SOMETHING.sub(r"\\\g<0>", letters))


def as_code(text: object) -> Markdown:
    """Others' text as a piece of code, which Markdown shows and a visitor copies as it is."""
    letters = shortened(text).replace("`", "'")
    return Markdown(f"`{letters}`")


def without_folders(text: str) -> str:
    """A text in which a file is named without the folders above it: where the server keeps its
    files is nobody's business."""
    return re.sub(r"(?<![\w.:/\-])(?:/[^\s/:,;'\"`]+)+/(?=[^\s/:,;'\"`])", "", text)


def in_figure(text: object) -> str:
    """Others' text for a figure, where Plotly reads some HTML."""
    return escape(shortened(text), quote=False)


def shortened(text: object) -> str:
    """Text in one line of at most ``LONGEST_TEXT`` letters, each of which UTF-8 has: names of files
    need not be text."""
    try:
        letters = str(text)
    except (ValueError, RecursionError):  # an integer of thousands of digits, a nest of lists
        return "…"
    letters = letters[: 4 * LONGEST_TEXT].encode("utf-8", "replace").decode()
    line = " ".join(letters.split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def filled(template: str, values: dict[str, Any]) -> Markdown:
    """A template in Markdown, its blanks filled with others' text: letter by letter, and within
    backticks as code that does not end early."""
    parts, in_code = [], False
    for before, name, form, way in Formatter().parse(template):
        parts.append(before)
        in_code ^= before.count("`") % 2 == 1
        if name is None:
            continue
        value = Formatter().convert_field(values[name], way) if way else values[name]
        value = format(value, form) if form else value
        parts.append(shortened(value).replace("`", "'") if in_code else plain(value))
    return Markdown("".join(parts))
