"""A lecture over the pages: ``lesson`` and ``at`` in the address name a step, which brings its page
into its state and says what to see.

A step is reached by changing the address, whoever does it: a key, a link, the browser's way back.
What a step leaves open is as at the start; who comes by a link that says more sees that.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitAPIException
from streamlit.navigation.page import StreamlitPage

from ui.app.i18n import Translator, language, texts, translated
from ui.app.outside import whole
from ui.classroom.component import room
from ui.controls.address import write
from ui.pages.lecture.lessons import Lesson, Mistake, Step, lesson, said
from ui.pages.lecture.panel import panel
from ui.pages.registry import PAGES, path_of

KEY = "lecture"
Pages = Mapping[str, StreamlitPage]  # by name, the list of lectures among them


class Place(NamedTuple):
    """A step of a lesson, counted from 1."""

    lesson: Lesson
    at: int

    @property
    def step(self) -> Step:
        return self.lesson.steps[self.at - 1]


def link(place: Place) -> str:
    """The address of a step, as seen from any page, in this language and theme."""
    kept = {
        name: st.query_params[name] for name in ("lang", "projector") if name in st.query_params
    }
    return (path_of(place.step.page) or "./") + "?" + urlencode(address(place) | kept)


def address(place: Place) -> dict[str, str]:
    return {"lesson": place.lesson.name, "at": str(place.at)}


def follow(path: str, sidebar: DeltaGenerator, pages: Pages) -> None:
    """Where a lesson is in the address: go to its step, and show its panel above what the page at
    ``path`` has in the sidebar."""
    name = st.query_params.get("lesson")
    found = lesson(name) if name else None
    if not isinstance(found, Lesson):
        st.session_state.pop("lecture_at", None)
        if name and path != path_of("lecture"):
            show_missing_lesson(found, name)
        return
    place = Place(found, whole(st.query_params.get("at"), 1, len(found.steps)))
    if path_of(place.step.page) != path:
        st.switch_page(pages[place.step.page], query_params=address(place))
    apply_state(place)
    with sidebar:
        show(place, pages)


def apply_state(place: Place) -> None:
    """Put the page into the step's state, once, before its widgets are made."""
    here, before = (place.lesson.name, place.at), st.session_state.get("lecture_at")
    if before == here:
        return
    for name, control in PAGES[place.step.page].controls().items():
        if before is None and name in st.query_params:
            continue  # who comes by a link sees what it says
        value = place.step.state.get(name, control.default)
        if not control.kept_by_page:
            st.session_state[name] = value
        # it is bound to a widget that is there already, which will see to its address
        with suppress(StreamlitAPIException):
            write(name, None if value == control.default else control.text(value))
    if place.step.page == "replay":
        st.session_state["replay_start"] = place.step.state.get("step", 0)
    # last: a run that is cut short by the next one has not arrived
    st.session_state["lecture_at"] = here


def show(place: Place, pages: Pages) -> None:
    say, spoken = texts("lecture"), language()
    steps = [Place(place.lesson, at) for at in range(1, len(place.lesson.steps) + 1)]
    data: dict[str, Any] = {
        "lesson": said(place.lesson.title, spoken),
        "at": place.at,
        "heading": place.step.heading,
        "steps": [
            {"title": other.step.say("title", spoken), "href": link(other)} for other in steps
        ],
        "all": path_of("lecture"),
        "words": {key: say(key) for key in ("back", "next", "try", "answer", "controls", "all")}
        | {"progress": say("progress", at=place.at, count=len(steps))},
    }
    data |= {
        name: place.step.say(name, spoken)
        for name in ("title", "text", "try", "question", "answer")
    }
    room(place.lesson.name, place.at, key="class_room")
    panel(data, KEY, on_go=lambda: go(place, pages))


def go(place: Place, pages: Pages) -> None:
    """The panel asks for another step; 0 is the list of all."""
    asked = st.session_state[KEY].get("go")
    if asked == 0:
        # None would not let go of what widgets are bound to
        st.switch_page(pages["lecture"], query_params={})
    st.query_params["at"] = str(whole(asked, 1, len(place.lesson.steps)))


def show_missing_lesson(found: list[Mistake] | None, name: str) -> None:
    """The lesson in the address is none: say why, above the page."""
    say = texts("lecture")
    st.error(
        say.markdown("not_found", name=name)
        if found is None
        else "  \n".join(describe_mistake(mistake, say) for mistake in found)
    )


def describe_mistake(mistake: Mistake, say: Translator) -> str:
    """A mistake as Markdown."""
    values = {name: translated(value) for name, value in mistake.values.items()}
    what = say.markdown(mistake.key, **values)
    return say.markdown("mistake", file=mistake.file, line=mistake.line, what=what)


def offer_state(path: str) -> None:
    """At the end of a lecture page's controls: its state as a lesson's file has it."""
    page = next((page for page in PAGES if path_of(page) == path), None)
    if page is None or "lecture_at" not in st.session_state:
        return
    with st.sidebar.expander(texts("lecture")("for_file")):
        st.code(f'[[step]]\npage = "{page}"\nstate = {in_toml(state_of(page))}', language="toml")


def state_of(page: str) -> dict[str, Any]:
    """What of a page's state is not as at the start."""
    state = {}
    for name, control in PAGES[page].controls().items():
        said = st.query_params.get_all(name)
        value = control.read(said) if control.kept_by_page else st.session_state.get(name)
        if value is not None and value != control.default and control.accepts(value):
            state[name] = value
    return state


def in_toml(state: Mapping[str, Any]) -> str:
    pairs = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in state.items()]
    return "{ " + ", ".join(pairs) + " }" if pairs else "{}"
