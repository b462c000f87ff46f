"""All lectures: each with its steps as links, or with what is wrong in its file."""

import streamlit as st

from ui.language import language, texts
from ui.lecture import Place, address, in_words
from ui.lessons import FOLDER, Lesson, lessons, said
from ui.pages import file_of


def main() -> None:
    say = texts("lecture")
    st.markdown(f"#### {say('lectures')}")
    st.markdown(say("intro", folder=f"{FOLDER.parent.name}/{FOLDER.name}"))
    found = lessons()
    if not found:
        st.info(say("none", folder=f"{FOLDER.parent.name}/{FOLDER.name}"))
    for lesson in found.values():
        if isinstance(lesson, Lesson):
            show(lesson)
        else:
            st.error("  \n".join(in_words(mistake, say) for mistake in lesson), icon=":material/edit_document:")


def show(lesson: Lesson) -> None:
    """A lesson's title and its steps, in two columns."""
    say = texts("lecture")
    with st.container(border=True):
        st.markdown(f"##### {said(lesson.title, language())}")
        st.caption(say("steps", count=len(lesson.steps)))
        columns = st.columns(2)
        half = (len(lesson.steps) + 1) // 2
        for at, step in enumerate(lesson.steps, 1):
            place = Place(lesson, at)
            columns[at > half].page_link(
                file_of(step.page), label=f"{at} · {step.say('title', language())}", query_params=address(place)
            )


main()
