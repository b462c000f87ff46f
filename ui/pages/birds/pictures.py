"""The picture on the page: a drawn bird, a test photograph of CUB-200-2011, or the visitor's.

What a visitor uploads stays in the visitor's session, decoded and small; the file itself is let go
at once, and never written.
"""

import base64
import hashlib
import io
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import cast

import streamlit as st
from PIL import Image
from torch import Tensor

from stn_core.data.cub import HEAD, Birds, cub, cub_species
from stn_core.data.root import DataError, data_root
from stn_core.data.uploads import ImageError, read_picture, square
from stn_core.experiments.registry import SPECIES
from stn_core.models.backbone import SIDE
from ui.app.i18n import Translator, in_markdown
from ui.app.loading import PATHS, code_of
from ui.app.outside import plain
from ui.controls.widgets import draw_choice, draw_number, draw_select, draw_upload
from ui.pages.birds import controls

LONGEST = 640  # pixels, of a picture on the page
NARROWEST = 0.4  # width over height and the other way round: beyond it a picture is shown stretched
KEPT = 12  # uploads a visitor


@dataclass(frozen=True)
class BirdPicture:
    """A picture, ready for the page and for the models."""

    key: str  # of its pixels
    name: str
    shown: str  # a JPEG as a data URI
    aspect: float  # width over height on the page
    square: Tensor  # uint8 (3, 448, 448): what the models take
    source: str = 'Path("your-photograph.jpg").read_bytes()'  # the bytes, as Python
    species: str | None = None
    # (x, y) normalised, and whether it belongs to the head
    parts: tuple[tuple[float, float, bool], ...] = ()


def read_bird(data: bytes | memoryview, name: str) -> BirdPicture:
    """A picture from bytes of any kind; ImageError if there is none in them."""
    picture = read_picture(data, 2 * SIDE)
    pixels = square(picture, SIDE).mul(255).round().byte()
    aspect = picture.width / picture.height
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    shown = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
    key = hashlib.sha256(pixels.numpy().tobytes()).hexdigest()[:8]
    return BirdPicture(key, name, shown, min(max(aspect, NARROWEST), 1 / NARROWEST), pixels)


def choose_picture(say: Translator) -> BirdPicture | None:
    """The picture that the visitor wants to see; None if there is none yet."""
    st.markdown(f"**{say('picture')}**")
    source = draw_choice(controls.SOURCE, say)
    if source == "upload":
        return choose_upload(say)
    if source == "cub":
        return choose_photograph(say)
    drawn = controls.drawn_pictures()
    if not drawn:
        st.info(say("none_drawn"))
        return None
    name = draw_select(controls.drawn(), say, show_label=False)
    path = drawn.get(name) or next(iter(drawn.values()))
    picture = _read(path, path.stat().st_mtime_ns, path.stem.replace("_", " "))
    return replace(picture, source=f"Path({code_of(path)}).read_bytes()")


# Photographs of the test set


def choose_photograph(say: Translator) -> BirdPicture | None:
    if cub_species(data_root()) < min(SPECIES.values()):  # they are not downloaded for a page
        st.info(say("no_cub"))
        return None
    try:
        birds = _photographs(data_root())
    except DataError as error:  # which is not remembered: it may be mended
        st.warning(say.markdown("damaged_cub", why=error.why))
        return None
    there = {birds.classes[label]: label for label in birds.labels.unique().tolist()}
    name = st.selectbox(
        say("b_species"),
        list(there),
        key="b_species",
        bind="query-params",
        label_visibility="collapsed",
    )
    label = there.get(name, next(iter(there.values())))
    members = (birds.labels == label).nonzero()[:, 0].tolist()
    number = draw_number(controls.NUMBER, say, blanks={"count": len(members)})
    index = members[(number - 1) % len(members)]
    path = birds.paths[index]
    try:
        picture = _read(path, path.stat().st_mtime_ns, birds.classes[label])
    except ImageError as error:
        st.error(say.markdown("refused", name=path.name, reason=in_markdown(error.sentence)))
        return None
    except OSError as error:
        st.error(say.markdown("gone", name=path.name, error=error.strerror or "?"))
        return None
    parts = zip(birds.parts[index].tolist(), birds.part_names, strict=True)
    seen = tuple((x, y, part in HEAD) for (x, y), part in parts if x == x)  # NaN is not visible
    source = f'cub("test", None, {len(birds.classes)}).paths[{index}].read_bytes()'
    return replace(picture, parts=seen, source=source)


@st.cache_resource(show_spinner="Reading the photographs' table", hash_funcs=PATHS)
def _photographs(root: Path) -> Birds:
    """The test photographs of the first species, which the data root has. DataError if it is
    damaged."""
    return cub("test", root, min(SPECIES.values()))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=PATHS)
def _read(path: Path, changed: int, species: str) -> BirdPicture:
    return replace(read_bird(path.read_bytes(), species), species=species)


# The visitor's own


def choose_upload(say: Translator) -> BirdPicture | None:
    number = st.session_state.setdefault("b_uploads", 0)  # a new key lets go of the files
    draw_upload(say("b_file"), f"b_file_{number}", take_uploads, several=True)
    for name, sentence in st.session_state.get("b_refused", ()):
        st.error(say.markdown("refused", name=name, reason=in_markdown(sentence)))
    own = cast(list[BirdPicture], st.session_state.get("b_own", []))
    if not own:
        st.caption(say("private"))
        return None
    st.session_state.setdefault("b_chosen", len(own) - 1)
    chosen = st.pills(
        say("b_chosen"),
        range(len(own)),
        key="b_chosen",
        required=True,
        label_visibility="collapsed",
        format_func=lambda i: plain(own[i].name) if i < len(own) else "",
    )
    return own[chosen if chosen is not None and chosen < len(own) else -1]


def take_uploads(key: str) -> None:
    """Decode what was uploaded, as much of it as is kept, into the session and let go of the
    files."""
    own = list(st.session_state.get("b_own", []))
    refused = []
    came = st.session_state.get(key) or []
    for file in came[-KEPT:] if isinstance(came, list) else [came]:  # a camera's is alone
        try:
            own.append(read_bird(file.getbuffer(), _free(file.name[:40], own)))
        except ImageError as error:
            refused.append((file.name[:40], error.sentence))
    own = own[-KEPT:]
    st.session_state["b_own"], st.session_state["b_refused"] = own, refused
    st.session_state["b_uploads"] += 1
    if own:
        st.session_state["b_chosen"] = len(own) - 1  # the newest is shown


def _free(name: str, own: list[BirdPicture]) -> str:
    """The name, numbered if another picture has it: buttons are told apart by what they show."""
    taken = {picture.name for picture in own}
    numbered = (f"{name} ({number})" for number in count(2))
    return name if name not in taken else next(each for each in numbered if each not in taken)
