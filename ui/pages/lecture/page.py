"""All lectures: each with its steps as links, or with what is wrong in its file."""

import os

import streamlit as st

from ui.app.i18n import language, texts
from ui.app.outside import plain
from ui.classroom.component import room
from ui.pages.lecture.lessons import FOLDER, Lesson, lessons, said
from ui.pages.lecture.steps import Pages, Place, address, describe_mistake

SITE = os.environ.get("STN_SITE_URL", "")  # where the pages are that need no server


def main(pages: Pages) -> None:
    say, folder = texts("lecture"), f"{FOLDER.parent.name}/{FOLDER.name}"
    st.markdown(f"#### {say('lectures')}")
    st.markdown(say.markdown("intro", folder=folder))
    if SITE.startswith(("http://", "https://")) and SITE.isprintable():
        st.link_button(say("site"), f"{SITE}?lang={language()}", icon=":material/menu_book:")
    room("", 0, key="class_room_list")
    found = lessons()
    if not found:
        st.info(say.markdown("none", folder=folder))
    for lesson in found.values():
        if isinstance(lesson, Lesson):
            show(lesson, pages)
        else:
            st.error(
                "  \n".join(describe_mistake(mistake, say) for mistake in lesson),
                icon=":material/edit_document:",
            )


def show(lesson: Lesson, pages: Pages) -> None:
    """A lesson's title and its steps, in two columns."""
    say = texts("lecture")
    with st.container(border=True):
        st.markdown(f"##### {plain(said(lesson.title, language()))}")
        count = len(lesson.steps)
        st.caption(say("one_step" if count == 1 else "steps", count=count))
        columns = st.columns(2)
        half = (len(lesson.steps) + 1) // 2
        for at, step in enumerate(lesson.steps, 1):
            place = Place(lesson, at)
            columns[at > half].page_link(
                pages[step.page],
                label=f"{at} · {plain(step.say('title', language()))}",
                query_params=address(place),
            )
