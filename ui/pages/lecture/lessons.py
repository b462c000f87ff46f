"""Lessons: files in ``assets/lessons/``, a table ``[[step]]`` for each step: a page, its state, and
what to say about it.

A file is read as a whole. Whatever is wrong in it is a ``Mistake`` with its line; a file with
mistakes is no lesson.
"""

import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from stn_core.files import visible
from stn_core.places import ASSETS, named
from ui.app.i18n import LANGUAGES
from ui.pages.registry import FORMER, PAGES

FOLDER = named("STN_LESSONS") or ASSETS / "lessons"
TEXTS = ("title", "text", "try", "question", "answer")
LARGEST = 200_000  # bytes of a file
MOST_MISTAKES = 20  # that are told of a file
LAST_HEADING = 99
DEEPEST = 4  # parts of a place: step, its number, state, a control
KEYS = ("page", "state", "heading", *TEXTS, "choices", "right")  # of a step
CHOICES = range(2, 7)  # so many has a question

Said = Mapping[str, str]  # a text by language


@dataclass(frozen=True)
class Step:
    """What the class sees (``page`` with ``state``, else as it is at the start) and reads;
    ``texts`` has some of ``TEXTS``.

    ``heading`` is the number of the page's heading that comes to the top, 1 for the page as it
    opens. ``choices`` are what a class can answer to the question, ``right`` is the right one,
    counted from 0.
    """

    page: str
    state: Mapping[str, Any]
    heading: int
    texts: Mapping[str, Said]
    choices: Sequence[Said] = ()
    right: int | None = None

    def say(self, name: str, language: str) -> str:
        """One of the texts; empty if the step has none of that name."""
        return said(self.texts.get(name, {}), language)


@dataclass(frozen=True)
class Lesson:
    """``name`` is the file's, without its ending, and the lesson's in the address."""

    name: str
    title: Said
    steps: Sequence[Step]


@dataclass(frozen=True)
class Mistake:
    """What is wrong in a line of a file: ``key`` names the sentence in ``texts.toml`` that
    says it with ``values``."""

    file: str
    line: int
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


def said(text: Said, language: str) -> str:
    """A text in a language; one that is not translated in English, or in whatever there is."""
    return text.get(language) or text.get("en") or next(iter(text.values()), "")


def lessons() -> dict[str, Lesson | list[Mistake]]:
    """Every lesson there is, by its name, or what is wrong with it."""
    return {name_of(path): read(path) for path in _files()}


def lesson(name: str) -> Lesson | list[Mistake] | None:
    """The lesson of that name, or what is wrong with it; None if there is no such file."""
    # a name from the address never becomes a path
    paths = {name_of(path): path for path in _files()}
    return read(paths[name]) if name in paths else None


def _files() -> list[Path]:
    """What may be a lesson; hidden files, such as an editor's locks, are none."""
    return visible(FOLDER, "*.toml")


def name_of(path: Path) -> str:
    """The name of a lesson's file, without its ending; with "?" for bytes that are no text, which
    an address can't have."""
    return path.stem.encode("utf-8", "replace").decode()


def read(path: Path) -> Lesson | list[Mistake]:
    """A lesson's file, or what is wrong with it, whatever lies there. One that changes is read
    again."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            return [Mistake(path.name, 1, "no_file")]
        if about.st_size > LARGEST:
            return [Mistake(path.name, 1, "too_large", {"most": LARGEST // 1000})]
        return _read(path, about.st_mtime_ns)
    except (OSError, RuntimeError) as error:  # a link in a circle is one or the other
        reason = error.strerror if isinstance(error, OSError) else None
        return [Mistake(path.name, 1, "not_readable", {"reason": reason or type(error).__name__})]


@lru_cache(64)
def _read(path: Path, changed: int) -> Lesson | list[Mistake]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        table = tomllib.loads(text)
        _rename(table)
    except UnicodeDecodeError as error:
        return [Mistake(path.name, data[: error.start].count(b"\n") + 1, "not_text")]
    except (ValueError, RecursionError) as error:
        if "\0" in text:  # UTF-16 without a mark
            return [Mistake(path.name, 1, "not_text")]
        return [Mistake(path.name, _line_in(str(error), text), "not_toml", _reason(error))]
    mistakes = list(islice(_mistakes(table), MOST_MISTAKES))
    if mistakes:
        lines = lines_of(text)
        return [
            Mistake(path.name, lines.get(place, 1), key, values) for place, key, values in mistakes
        ]
    return Lesson(name_of(path), _said(table["title"]), [_step(step) for step in table["step"]])


def _reason(error: Exception) -> dict[str, str]:
    if isinstance(error, RecursionError):
        return {"reason": "Nested too deeply"}
    if not isinstance(error, tomllib.TOMLDecodeError):
        return {"reason": "A number has too many digits"}
    return {"reason": str(error).partition(" (at ")[0]}


def _rename(table: dict[str, Any]) -> None:
    """Give pages that a file calls by an earlier name their own."""
    steps = table.get("step")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and isinstance(step.get("page"), str):
            step["page"] = FORMER.get(step["page"], step["page"])


def _step(table: dict[str, Any]) -> Step:
    controls = PAGES[table["page"]].controls()
    state = {name: controls[name].fitted(value) for name, value in table.get("state", {}).items()}
    return Step(
        table["page"],
        state,
        table.get("heading", 1),
        {name: _said(table[name]) for name in TEXTS if name in table},
        [_said(choice) for choice in table.get("choices", [])],
        table["right"] - 1 if "right" in table else None,
    )


def _said(text: str | Said) -> Said:
    return {"en": text} if isinstance(text, str) else text


# What can be wrong

Place = tuple[str | int, ...]  # the way to a value in a table of tables
Wrong = tuple[Place, str, dict[str, Any]]


def _mistakes(table: dict[str, Any]) -> Iterator[Wrong]:
    yield from _unknown(table, ("title", "step"), ())
    yield from _wrong_text(table, "title", ())
    steps = table.get("step")
    if (
        not isinstance(steps, list)
        or not steps
        or not all(isinstance(step, dict) for step in steps)
    ):
        yield ("step",), "no_steps", {}
        return
    for number, step in enumerate(steps):
        yield from _mistakes_of_step(step, ("step", number))


def _mistakes_of_step(step: dict[str, Any], place: Place) -> Iterator[Wrong]:
    yield from _unknown(step, KEYS, place)
    for name in ("title", "text"):
        yield from _wrong_text(step, name, place)
    for name in ("try", "question", "answer"):
        if name in step:
            yield from _wrong_text(step, name, place)
    for one, other in (("question", "answer"), ("answer", "question")):
        if one in step and other not in step:
            yield (*place, one), "alone", {"one": one, "other": other}
    yield from _wrong_choices(step, place)
    if type(step.get("heading", 1)) is not int or not 1 <= step.get("heading", 1) <= LAST_HEADING:
        yield (*place, "heading"), "heading", {}
    page = step.get("page")
    if page is None:
        yield place, "missing", {"name": "page"}
    elif not isinstance(page, str) or page not in PAGES:
        yield (*place, "page"), "page", {"page": page, "accepted": ", ".join(PAGES)}
    elif not isinstance(step.get("state", {}), dict):
        yield (*place, "state"), "state", {}
    else:
        yield from _wrong_state(page, step.get("state", {}), (*place, "state"))


def _wrong_choices(step: dict[str, Any], place: Place) -> Iterator[Wrong]:
    choices = step.get("choices")
    for name, other in (("choices", "question"), ("right", "choices")):
        if name in step and other not in step:
            yield (*place, name), "alone", {"one": name, "other": other}
    if choices is None:
        return
    if not isinstance(choices, list) or len(choices) not in CHOICES:
        yield (*place, "choices"), "choices", {"least": CHOICES[0], "most": CHOICES[-1]}
        return
    for number in range(len(choices)):
        found = _wrong_text({"choices": choices[number]}, "choices", ())
        yield from (((*place, "choices"), key, values) for _, key, values in found)
    right = step.get("right", 1)
    if type(right) is not int or not 1 <= right <= len(choices):
        yield (*place, "right"), "right", {"most": len(choices)}


def _wrong_state(page: str, state: dict[str, Any], place: Place) -> Iterator[Wrong]:
    controls = PAGES[page].controls()
    for name, value in state.items():
        if name not in controls:
            yield (
                (*place, name),
                "control",
                {"control": name, "page": page, "accepted": ", ".join(controls) or "–"},
            )
        elif not controls[name].accepts(value):
            yield (
                (*place, name),
                "value",
                {"control": name, "value": value, "accepted": controls[name].accepted},
            )


def _unknown(table: dict[str, Any], known: Sequence[str], place: Place) -> Iterator[Wrong]:
    for name in table:
        if name not in known:
            yield (*place, name), "unknown", {"name": name, "accepted": ", ".join(known)}


def _wrong_text(table: dict[str, Any], name: str, place: Place) -> Iterator[Wrong]:
    text = table.get(name)
    if text is None:
        yield place, "missing", {"name": name}
    elif isinstance(text, str):
        if not text.strip():
            yield (*place, name), "empty", {"name": name}
    elif not isinstance(text, dict) or not text:
        yield (*place, name), "text", {"name": name}
    else:
        for language, words in text.items():
            if language not in LANGUAGES:
                yield (
                    (*place, name, language),
                    "language",
                    {"language": language, "accepted": ", ".join(LANGUAGES)},
                )
            elif not isinstance(words, str):
                yield (*place, name, language), "text", {"name": name}
            elif not words.strip():
                yield (*place, name, language), "empty", {"name": name}


# In which line


# strings, comments, brackets and ends of lines are all that tells where a statement ends
TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|"(?:\\.|[^"\\\n])*"|'
    r"'''.*?'{3,5}|'[^'\n]*'|#[^\n]*|[\[{]|[\]}]|\n",
    re.DOTALL,
)


def lines_of(text: str) -> dict[Place, int]:
    """The line of a text in TOML on which the statement begins that makes a place, by the place;
    tomllib does not tell."""
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}  # the last index in each array of tables so far
    here: Place = ()  # the table that a header has opened
    for line, statement in _statements(text):
        table = tomllib.loads(statement)
        if statement.startswith("["):
            here = _opened(table, counts)
            lines.setdefault(here, line)
        else:
            for place in _places(table, DEEPEST):
                lines.setdefault((*here, *place), line)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The statements of a text in TOML, each with the line on which it begins."""
    begin, line, depth = 0, 1, 0
    for token in TOKEN.finditer(text + "\n"):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if token[0] == "\n" and depth == 0:
            statement = text[begin : token.start()].strip()
            if statement and not statement.startswith("#"):
                yield line, statement
            line += text.count("\n", begin, token.end())
            begin = token.end()


def _opened(table: dict[str, Any], counts: dict[Place, int]) -> Place:
    """The place that a header opens; ``table`` is what tomllib makes of the header alone."""
    here: Place = ()
    found: Any = table
    while found:
        ((name, found),) = found.items()
        here = (*here, name)
        if isinstance(found, list):  # [[name]]: one more
            (found,) = found
            counts[here] = counts.get(here, -1) + 1
        if here in counts:
            here = (*here, counts[here])
    return here


def _places(table: Any, deep: int) -> Iterator[Place]:
    """Every place in a table of tables, so ``deep``."""
    for part, value in table.items() if isinstance(table, dict) else enumerate(table):
        yield (part,)
        if isinstance(value, dict | list) and deep > 1:
            yield from ((part, *place) for place in _places(value, deep - 1))


def _line_in(message: str, text: str) -> int:
    """The line that a message of tomllib's names."""
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else text.rstrip("\n").count("\n") + 1
