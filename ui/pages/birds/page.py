"""Exhibit 7, birds: where two or four transformers look on a photograph, and the answers."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial

import streamlit as st
from torch import Tensor

from stn_core import EXPERIMENTS, Checkpoint, Experiment
from ui.app import loading
from ui.app.i18n import Translator, texts
from ui.app.outside import plain
from ui.app.terms import in_lines
from ui.components.messages import new_message
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls import address
from ui.controls.widgets import draw_choice, draw_choices, draw_slider, draw_switch
from ui.pages.birds import controls
from ui.pages.birds.answers import Answer, answer, bird_model, window_trajectory, windows_of
from ui.pages.birds.attention import show_overviews, window_roles
from ui.pages.birds.component import windows
from ui.pages.birds.figure import Guesses, guesses_figure, percent
from ui.pages.birds.measured import checked_metrics
from ui.pages.birds.pictures import BirdPicture, choose_picture
from ui.pages.birds.places import Places, places_from_text, places_of, places_to_text
from ui.pages.birds.search import Search, show_search
from ui.pages.birds.snippet import snippet

TOP = 5  # species a model


def main() -> None:
    say = texts("birds")
    with st.sidebar:
        picture = choose_picture(say)
        chosen = choose_models(say)
        st.markdown(f"**{say('also')}**")
        size = draw_slider(controls.SCALE, say)
        scale = None if size == controls.SCALE.rest else float(size)
        way = draw_switch(controls.WAY, say)
        parts = draw_switch(controls.PARTS, say, disabled=not (picture and picture.parts))
        heat = draw_choice(controls.HEAT, say, show_label=True)
        pull = heat != "off" and draw_switch(controls.PULL, say)
    st.markdown(f"#### {say('title')}")
    if picture is None:
        st.info(say("no_picture"))
        return
    place = st.empty()
    with place, nullcontext() if "b_seen" in st.session_state else st.spinner(say("answering")):
        loaded = [loading.load(experiment) for experiment in chosen]
        ready = [checkpoint for checkpoint in loaded if isinstance(checkpoint, Checkpoint)]
        with_windows = [checkpoint for checkpoint in ready if bird_model(checkpoint).transformers]
        own = [windows_of(checkpoint, picture, scale=scale) for checkpoint in with_windows]
    left, right = st.columns([0.68, 0.32], gap="medium")
    searches = []
    with left:
        for checkpoint, thetas in zip(with_windows, own, strict=True):
            search = show_windows(checkpoint, picture, thetas, scale, way, parts, heat, pull, say)
            searches += [search] if search else []
        if not with_windows:
            st.image(picture.shown, caption=say("no_windows"), width="stretch")
    # while the windows are there
    answers = [answer(each, picture, places_of_hand(each, picture), scale) for each in ready]
    with right:
        sentences, doubts = show_guesses(ready, answers, picture, say)
    for sentence in doubts:
        st.warning(sentence, icon=":material/help:")
    for missing in loaded:
        if isinstance(missing, loading.Missing):
            name = loading.name(missing.experiment)
            sentence = say.markdown("refused", name=name, reason=missing.reason)
            st.warning(sentence, icon=":material/model_training:")
    if not chosen:
        st.info(say("no_models"))
    show_overviews(say)
    if ready:
        show_species(ready[0], say)
        both = zip(ready, answers, strict=True)
        by_hand = {
            e.experiment.name: found.thetas
            if len(found.thetas) and (scale or places_of_hand(e, picture))
            else None
            for e, found in both
        }
        take_home("birds", snippet(picture.source, by_hand), notes=sentences)
    st.session_state["b_seen"] = True
    for search in searches:
        search()
    if searches:
        st.rerun()  # with what they found


def choose_models(say: Translator) -> list[Experiment]:
    """The models to show; those of all 200 species if there are checkpoints of them."""
    birds = [
        e for e in EXPERIMENTS.values() if e.birds and (e.data == "cub50" or loading.is_there(e))
    ]
    available = {loading.name(experiment): experiment for experiment in birds}
    st.markdown(f"**{say('b_models')}**", help=in_lines(("st", "cnn")))
    names = draw_choices(controls.models(), say, list(available))
    return [experiment for name, experiment in available.items() if name in names]


def show_windows(
    checkpoint: Checkpoint,
    picture: BirdPicture,
    own: Tensor,
    scale: float | None,
    way: bool,
    parts: bool,
    heat: str,
    pull: bool,
    say: Translator,
) -> Callable[[], None] | None:
    """The windows of one model on the picture, where its ``own`` thetas (N, P) have them or the
    visitor has put them; and the search for the map of places, if that is wanted and not there yet:
    it takes seconds, so it comes when all else is shown."""
    experiment, model = checkpoint.experiment, bird_model(checkpoint)
    key = f"windows_{experiment.name}"
    take(key, controls.places(experiment).key)
    hand = places_of_hand(checkpoint, picture)
    name = loading.name(experiment)
    st.markdown(f"**{plain(name)}**")
    matrices = model.transforms[0].coefficients(own)
    if matrices.shape[1] != 2:
        st.warning(say.markdown("not_flat", name=name))
        return None
    walk = window_trajectory(checkpoint, picture) if way else None
    places, moments = walk if isinstance(walk, tuple) else (None, [])
    search = known = None
    if heat != "off" and int(heat) <= len(model.transformers):
        found = answer(checkpoint, picture, hand, scale)
        search = Search(checkpoint, picture, found, int(heat) - 1, pull)
        known = search.known()
    named = [] if scale else window_roles(checked_metrics(checkpoint.metrics), say)
    windows(name, picture, matrices, hand, places, moments, parts, known, say, key, named)
    more = {"whole_too": model.whole, "close_up_too": model.close_up}
    if any(more.values()):
        st.caption(" ".join(say(key) for key, there in more.items() if there))
    bar = st.empty()
    if isinstance(walk, loading.Missing):
        st.caption(walk.reason)
    if heat != "off" and not search:
        st.caption(say.markdown("no_such_window", name=name, number=heat))
    if search and known:
        show_search(known, search.found, checkpoint, picture, say)
    return partial(search.run, bar, say) if search and not search.done else None


def places_of_hand(checkpoint: Checkpoint, picture: BirdPicture) -> Places | None:
    """Where the visitor has put a model's windows on this picture; None for the network's."""
    text = st.query_params.get(controls.places(checkpoint.experiment).key)
    return places_from_text(text, picture.key, len(bird_model(checkpoint).transformers))


def take(key: str, name: str) -> None:
    """Where the visitor let go of the windows since the last run, into the address under a name."""
    said = new_message(key)
    if said is None:
        return
    picture, places = places_of(said)
    address.write(name, None if places is None else places_to_text(picture, places))


def show_guesses(
    ready: Sequence[Checkpoint], answers: Sequence[Answer], picture: BirdPicture, say: Translator
) -> tuple[list[str], list[str]]:
    """Show the likeliest species of every model; returns them in words, and who is not sure."""
    if not ready:
        return [], []
    guesses, sentences, doubts = [], [], []
    for checkpoint, found in zip(ready, answers, strict=True):
        classes, name = checkpoint.experiment.classes, loading.name(checkpoint.experiment)
        values, order = found.probabilities.topk(TOP)
        names = [classes[i] for i in order.tolist()]
        truth = picture.species if picture.species in classes else None
        guesses.append(Guesses(name, names, values.tolist(), truth))
        sentences.append(
            say("answers", name=name, species=names[0], percent=percent(values[0].item()))
        )
        doubts.append(doubt(checkpoint, name, values[0].item(), say))
    plot(guesses_figure(guesses), key="b_figure", alt=" ".join(sentences))
    if picture.species:
        st.caption(say.markdown("truth", species=picture.species))
    return sentences, list(filter(None, doubts))


def doubt(checkpoint: Checkpoint, name: str, probability: float, say: Translator) -> str:
    """That a model is not sure, and what that means on validation photographs; "" if it is."""
    about = checked_metrics(checkpoint.metrics).get("unsure")
    if about is None or probability >= about.below:
        return ""
    return say.markdown(
        "unsure",
        name=name,
        percent=percent(probability),
        below=percent(about.below),
        sure=f"{about.sure:.0f}",
        sure_right=f"{about.sure_right:.0f}",
        unsure_right=f"{about.unsure_right:.0f}",
    )


def show_species(checkpoint: Checkpoint, say: Translator) -> None:
    classes = checkpoint.experiment.classes
    with st.expander(say("species", count=len(classes))):
        st.markdown(", ".join(plain(name) for name in sorted(classes)) + ".")
        st.caption(say("species_note"))
