"""The trap of the learning rate: a real training run, watched while it runs."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from stn_core.explain.pitfalls import TrainingSnapshot, small_model_size, small_samples
from ui.app.i18n import Translator, percent, unbroken
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.spec import Sweep, Values
from ui.controls.widgets import draw_choice
from ui.drawing.canvas import Figure
from ui.pages.trouble import controls, snippet
from ui.pages.trouble.figure import run_figure
from ui.pages.trouble.live_training import SECONDS, Run, training_service

ALONE = 40.0  # % errors of the classifier alone, at rate 0: 40 to 43 from four seeds


def rate(say: Translator) -> None:
    """A real training run with the localiser's rate as chosen, watched while it runs."""
    chosen = float(draw_choice(controls.RATE, say, st.pills, show_label=True))
    left, right, _ = st.columns((1, 1, 3))
    left.button(
        say("train"), on_click=begin, type="primary", width="stretch", icon=":material/play_arrow:"
    )
    right.button(say("stop"), on_click=stop, width="stretch", icon=":material/stop:")
    run: Run | None = st.session_state.get("w_run")
    if run is not None and run.rate != chosen:
        stop()
        run = None
    active = run is not None and not run.done and not st.session_state.get("w_stopped_at")
    st.fragment(watch, run_every=0.5 if active else None)(run, chosen, active, say)
    note = say("rate_note", parameters=f"{small_model_size():,}", seconds=f"{SECONDS:.0f}")
    st.caption(note)
    moments = seen_moments(run)
    others = other_runs(run)
    over = (
        [Sweep("moment", say("rate_steps"), tuple(moment.step for moment in moments))]
        if moments
        else []
    )

    def scene(values: Values) -> Figure:
        return training_figure([m for m in moments if m.step <= values["moment"]], others, say)

    take_home(
        "trouble",
        snippet.rate(chosen, moments[-1].step if moments else 600),
        scene,
        {},
        over,
        [note],
    )


def visitor() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else "nobody"


def begin() -> None:
    """Train at the rate that is chosen now, even if the page has not been drawn since."""
    stop()
    run = training_service().watch(float(st.session_state[controls.RATE.key]), visitor())
    st.session_state["w_run"], st.session_state["w_full"] = run, run is None
    st.session_state["w_stopped_at"] = 0


def stop() -> None:
    """Watch no more, with what was seen kept; the run ends if nobody else watches it."""
    run: Run | None = st.session_state.get("w_run")
    if run is not None and not run.done:
        training_service().leave(run, visitor())
        st.session_state["w_stopped_at"] = max(len(run.moments), 1)


def watch(run: Run | None, chosen: float, active: bool, say: Translator) -> None:
    """The run as it stands; when it has ended, the page is told, which then asks no more."""
    until = st.session_state.get("w_stopped_at") or None
    moments = seen_moments(run)
    ended = run is not None and (run.done or until is not None)
    sentence = describe_run(run, moments, ended, is_lost(moments), chosen, say)
    st.markdown(f"#### {unbroken(sentence)}")
    plot(training_figure(moments, other_runs(run), say), key="w_figure", alt=sentence)
    if active and ended:
        st.rerun()


def seen_moments(run: Run | None) -> list[TrainingSnapshot]:
    """The moments of a run that the visitor has seen: up to where it was stopped."""
    return list(run.moments[: st.session_state.get("w_stopped_at") or None]) if run else []


def other_runs(run: Run | None) -> list[list[TrainingSnapshot]]:
    """The moments of the runs that went to their end, at other rates."""
    return [
        other.moments
        for other in training_service().finished()
        if run is None or other.rate != run.rate
    ]


def is_lost(moments: Sequence[TrainingSnapshot]) -> bool:
    return bool(moments) and not moments[-1].outside < 0.9


def training_figure(
    moments: Sequence[TrainingSnapshot],
    others: Sequence[Sequence[TrainingSnapshot]],
    say: Translator,
) -> Figure:
    return run_figure(small_samples(), moments, others, is_lost(moments), say)


def describe_run(
    run: Run | None,
    moments: Sequence[TrainingSnapshot],
    ended: bool,
    lost: bool,
    chosen: float,
    say: Translator,
) -> str:
    name = f"{chosen:g}"
    if run is None:
        return say("rate_full") if st.session_state.get("w_full") else say("rate_start", rate=name)
    if not moments:
        ahead = training_service().ahead(run)
        return say("rate_wait", ahead=ahead) if ahead else say("rate_begins", rate=name)
    now = moments[-1]
    values = {
        "rate": name,
        "step": now.step,
        "error": f"{now.error:.0f} %",
        "outside": percent(now.outside),
    }
    if not ended:
        return say("rate_running", **values)
    if lost:
        return say("rate_lost", **values)
    if now.step < 600:
        return say("rate_stopped", **values)
    if chosen == 0:
        return say("rate_none", **values)
    return say("rate_fine" if now.error < ALONE else "rate_poor", **values)
