"""The lecturer's side of a class: a room to open, its code, who is there, what they guess.

The browser opens and steers the room over the class's own routes and keeps its secret; Streamlit
only says at which step of which lecture the page is, and is not run again for a vote.
"""

from pathlib import Path

from ui.app.i18n import texts
from ui.browser.component import component

HERE = Path(__file__).parent
WORDS = (
    "room_open",
    "room_about",
    "room_here",
    "room_voted",
    "room_hide",
    "room_hidden",
    "room_large",
    "room_small",
    "room_close",
    "room_sure",
    "room_begin",
    "room_no_vote",
    "room_lost",
    "room_refused",
    "room_local",
    "room_qr",
    "room_class",
    "room_picture",
    "room_png",
    "room_csv",
    "room_forget",
    "join",
    "which_digit",
    "right_one",
    "yours",
)
BARS = (HERE / "bars.css").read_text()
_component = component(HERE, "room", style=BARS, isolate_styles=False)


def room(lesson: str, at: int, key: str) -> None:
    """Show the room that this browser has opened; ``at`` is the step that it goes to, of a lesson
    of that name. At 0 it goes nowhere, and a room can be opened."""
    say = texts("classroom")
    words = {word: say.template(word) for word in WORDS}
    _component({"lesson": lesson, "at": at, "words": words, "language": say.language}, key=key)
