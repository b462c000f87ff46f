"""A visitor's own digit: a photograph, by file or by camera, what was found on it, and what a hand
may correct.

``choose_own`` is all of it; it can stand anywhere on a page. The digit is kept in the address, so
that a link shows the same; the photograph stays in the visit.
"""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st
import torch
from PIL import Image, ImageDraw

from stn_core.data.likeness import unlike
from stn_core.data.photographs import Box, Found
from stn_core.data.uploads import LONGEST, ImageError, digits_on, read_picture
from stn_core.messages import Message
from ui.app.i18n import Translator, in_markdown, texts
from ui.controls.spec import Text
from ui.controls.url_codec import digit_from_text, digit_to_text, is_digit
from ui.controls.widgets import draw_upload
from ui.drawing.canvas import GRID, QUIET, data_uri

OWN = Text("own", is_digit, Message("own_digit", "a digit, as the address holds it"))
PHOTO, REFUSED, COUNT = "photo", "upload_error", "photo_count"  # in the session
Percents = tuple[int, int]


@dataclass(frozen=True)
class Photograph:
    """A visitor's photograph, no larger than ``LONGEST``, and the digits found on it.

    ``number`` tells the visit's photographs apart, ``looks`` how often digits were looked for: the
    controls of each have keys of their own.
    """

    picture: Image.Image
    number: int
    looks: int = 0
    found: tuple[Found, ...] = ()
    chosen: int | None = None

    def texts(self) -> list[str]:
        """The digits as the address holds them."""
        return [digit_to_text(each.digit) for each in self.found]

    def is_present(self) -> bool:
        """Whether this is what the visitor looks at. A browser goes on saying where the controls of
        the photograph before it stood, which Streamlit takes for news."""
        present: Photograph | None = st.session_state.get(PHOTO)
        same = (self.number, self.looks)
        return present is not None and (present.number, present.looks) == same


def choose_own() -> torch.Tensor | None:
    """A digit uint8 (28, 28) that the visitor photographs or uploads, or that the address holds;
    None if there is none."""
    say = texts("controls")
    draw_upload(say("photograph"), "file", take)
    if REFUSED in st.session_state:
        st.error(in_markdown(st.session_state[REFUSED]))
    text = st.query_params.get(OWN.key)
    photo: Photograph | None = st.session_state.get(PHOTO)
    if photo and (photo.chosen is None or text in photo.texts()):  # not since replaced by a drawing
        show(photo, say)
    if text is None:
        return None
    own = digit_from_text(text)
    if own is None:
        st.error(say("unreadable"))
    elif doubt := unlike(own):
        st.warning(
            say("unlike", false_alarms=f"{doubt.false_alarms:.0f}", caught=f"{doubt.caught:.0f}"),
            icon=":material/help:",
        )
    return own


def take(key: str) -> None:
    """Decode the picture that was uploaded or taken, and look for digits on it."""
    for name in (REFUSED, PHOTO):
        st.session_state.pop(name, None)
    file = st.session_state[key]
    if file is None:
        st.query_params.pop(OWN.key, None)
        return
    try:
        picture = read_picture(file.getbuffer(), LONGEST, ink=True)
    except ImageError as error:
        st.session_state[REFUSED] = error.sentence
        return
    st.session_state[COUNT] = number = st.session_state.get(COUNT, 0) + 1
    find_digits(Photograph(picture, number))


def find_digits(photo: Photograph, box: Box | None = None, level: float | None = None) -> None:
    """Look for digits; one is taken, of several the visitor chooses, none is a sentence."""
    st.session_state.pop(REFUSED, None)
    found: tuple[Found, ...] = ()
    try:
        found = tuple(digits_on(photo.picture, box, level))
    except ImageError as error:
        st.session_state[REFUSED] = error.sentence
    photo = replace(photo, looks=photo.looks + 1, found=found, chosen=None)
    st.session_state[PHOTO] = photo
    if len(found) == 1:
        choose(photo, 0)


def choose(photo: Photograph, number: int | None) -> None:
    """Take one of the digits found."""
    if number is not None and photo.is_present():
        st.session_state[PHOTO] = replace(photo, chosen=number)
        st.query_params[OWN.key] = photo.texts()[number]


def look_again(photo: Photograph, level: int, across: Percents, down: Percents) -> None:
    """Look with what the sliders say, in per cent."""
    if not photo.is_present():
        return
    (left, right), (top, bottom) = across, down
    box = (left / 100, top / 100, max(right, left + 2) / 100, max(bottom, top + 2) / 100)
    find_digits(photo, box, level / 100 or None)


def show(photo: Photograph, say: Translator) -> None:
    """The photograph with what was found, the digit that was cut out, and what corrects it."""
    left, right = st.columns([0.66, 0.34])
    left.image(marked(photo), width="stretch", caption=say("photo_caption"))
    if photo.chosen is not None:
        cut = Image.fromarray(photo.found[photo.chosen].digit.numpy())
        right.image(
            cut.resize((168, 168), Image.Resampling.NEAREST),
            width="stretch",
            caption=say("cut_caption"),
        )
    if len(photo.found) > 1:
        st.markdown(say("which_digit", count=len(photo.found)))
        key = f"photo_chosen_{photo.number}_{photo.looks}"
        st.pills(
            say("which_digit", count=len(photo.found)),
            range(len(photo.found)),
            key=key,
            on_change=lambda: choose(photo, st.session_state[key]),
            format_func=lambda i: _button(photo, i),
            label_visibility="collapsed",
        )
    keys = [f"photo_{name}_{photo.number}" for name in ("level", "across", "down")]

    def look() -> None:
        look_again(photo, *(st.session_state[each] for each in keys))

    with st.expander(say("correct"), icon=":material/tune:"):
        level, across, down = keys
        st.slider(say("ink_level"), 0, 90, 0, 5, "%d %%", level, say("ink_level_help"), look)
        slider: Any = st.slider
        slider(say("crop_across"), 0, 100, (0, 100), 2, "%d %%", across, None, look)
        slider(say("crop_down"), 0, 100, (0, 100), 2, "%d %%", down, None, look)


def _button(photo: Photograph, i: int) -> str:
    if i >= len(photo.found):
        return ""
    return f"![]({data_uri(Image.fromarray(photo.found[i].digit.numpy()))}) {i + 1}"


def marked(photo: Photograph) -> Image.Image:
    """The photograph with a frame around each digit, a strong one around the one chosen."""
    picture = photo.picture.copy()
    picture.thumbnail((480, 480))
    canvas = ImageDraw.Draw(picture)
    for i, each in enumerate(photo.found):
        left, top, right, bottom = each.box
        frame = [
            left * picture.width - 3,
            top * picture.height - 3,
            right * picture.width + 2,
            bottom * picture.height + 2,
        ]
        canvas.rectangle(frame, outline=GRID if photo.chosen in (None, i) else QUIET, width=3)
        if len(photo.found) > 1:
            canvas.text((frame[0] + 2, frame[1] - 18), str(i + 1), fill=GRID, font_size=18)
    return picture
