"""Training, played back: the digits turn upright while the network learns."""

from pathlib import Path
from typing import Any

import streamlit as st
import torch

from stn_core import Experiment
from stn_core.data.distortions import TABLE_KINDS
from stn_core.files import changed, is_there
from stn_core.training.recording import DIGITS, Recording, record_command
from ui.app import loading
from ui.app.i18n import Translator, language, texts
from ui.app.outside import whole
from ui.app.terms import NETWORKS, about_model, in_lines
from ui.components.take_home import take_home
from ui.controls import address
from ui.controls.widgets import draw_number_buttons, draw_select
from ui.pages.replay import controls
from ui.pages.replay.component import replay, side
from ui.pages.replay.controls import name_of, recordable
from ui.pages.replay.snippet import snippet

KEY = "player"
WORDS = (
    "player",
    "play",
    "pause",
    "scrubber",
    "clock",
    "clock_without_batch",
    "wrong",
    "error",
    "misalignment",
    "apart",
    "steps",
    "legend",
    "legend_plain",
    "alt",
    "alt_right",
    "alt_wrong",
    "alt_curve",
)


def main() -> None:
    say = texts("replay")
    with st.sidebar:
        chosen, dozen = choose_recordings(say)
    found = [loading.recording(experiment) for experiment in chosen]
    for recording in found:
        if isinstance(recording, loading.Missing):
            report_missing(recording, say)
    recordings = [recording for recording in found if isinstance(recording, Recording)]
    if not recordings:
        st.info(say("nothing_to_play"))
        return
    st.markdown(f"#### {say('lead')}")
    step = play(recordings, dozen, say)
    for recording in recordings:
        st.markdown(describe_training(recording, say))
    st.markdown(say("notes"))
    st.caption(say("distance", digits=DIGITS))
    stories = [describe_training(recording, say).replace("*", "") for recording in recordings]
    paths = {
        recording.experiment.name: loading.code_of(loading.recording_path(recording.experiment))
        for recording in recordings
    }
    shown = range(12 * dozen - 12, 12 * dozen)
    take_home(
        "replay",
        snippet(paths, step, shown),
        notes=[*stories, say("distance", digits=DIGITS)],
        training=True,
    )


def choose_recordings(say: Translator) -> tuple[list[Experiment], int]:
    """One or two experiments and a dozen of their digits; what is recorded is offered first."""
    named = recordable()
    offered = sorted(
        named, key=lambda name: is_there(loading.recording_path(named[name])), reverse=True
    )
    sides = [
        draw_select(controls.left(), say, offered, help_text=in_lines((*TABLE_KINDS, *NETWORKS))),
        draw_select(
            controls.right(), say, [*offered, controls.NOTHING], help_text=say("right_help")
        ),
    ]
    dozen = draw_number_buttons(
        controls.DOZEN, say(controls.DOZEN.label_key), show_label=True, help_text=say("digits_help")
    )
    return [named[side] for side in sides if side in named], dozen


def report_missing(missing: loading.Missing, say: Translator) -> None:
    experiment = missing.experiment
    if is_there(loading.recording_path(experiment)):  # but it can't be used
        text = say.markdown("unusable", name=name_of(experiment), reason=missing.reason)
    else:
        text = say.markdown("missing", name=name_of(experiment), command=record_command(experiment))
    st.warning(text, icon=":material/videocam_off:")


def play(recordings: list[Recording], dozen: int, say: Translator) -> int:
    """The player, and the step at which it is paused: the address has it, and is where the player
    starts, once a visit."""
    step = controls.STEP.read(st.query_params.get_all(controls.STEP.key)) or 0
    start = st.session_state.setdefault("replay_start", step)
    sides = []
    for recording in recordings:
        path = loading.recording_path(recording.experiment)
        name, experiment = name_of(recording.experiment), recording.experiment
        about = " ".join(about_model(experiment.name, texts("app")))
        sides.append(player_data(path, changed(path), name, dozen, recording) | {"about": about})
    words = {key: say.template(key) for key in WORDS}
    replay(sides, start, words, language(), key=KEY, on_step=keep_step)
    return step


def keep_step() -> None:
    """The visitor has paused the player elsewhere."""
    address.write(
        controls.STEP.key,
        str(whole(st.session_state[KEY].get("step"), 0, int(controls.STEP.high))),
    )


@st.cache_data(max_entries=200, show_spinner=False, hash_funcs=loading.PATHS)
def player_data(
    path: Path, changed: int, name: str, dozen: int, _recording: Recording
) -> dict[str, Any]:
    """What the player is sent of a recording, made once for all visitors."""
    return side(_recording, name, range(12 * dozen - 12, 12 * dozen))


def describe_training(recording: Recording, say: Translator) -> str:
    """When the answers came, when the grids began to move, and how it ended."""

    def number(step: int) -> str:
        return f"{step:,}"

    path = loading.recording_path(recording.experiment)
    misalignment, moved = alignment(path, changed(path), recording)
    wrong = recording.wrong
    events = []
    for key, reached in (
        ("half", wrong <= DIGITS / 2),
        ("moving", moved >= 1),
        ("tenth", wrong <= DIGITS / 10),
    ):
        if reached.any():
            step = int(recording.steps[reached.int().argmax()])
            events.append((step, say(key, step=number(step))))
    events.sort()
    end = {
        "wrong": int(wrong[-1]),
        "digits": DIGITS,
        "before": f"{misalignment[0]:.1f}",
        "after": f"{misalignment[-1]:.1f}",
    }
    said = [text for _, text in events] + [
        say("plain" if recording.theta is None else "aligned", **end)
    ]
    return say(
        "story",
        name=name_of(recording.experiment),
        events=("；" if say.language == "zh" else "; ").join(said),
    )


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=loading.PATHS)
def alignment(path: Path, changed: int, _recording: Recording) -> tuple[torch.Tensor, torch.Tensor]:
    return _recording.misalignment, _recording.moved
