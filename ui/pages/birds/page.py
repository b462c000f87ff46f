"""Exhibit 7, birds: where two or four transformers look on a photograph, and the answers."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st
import torch

from stn_core import EXPERIMENTS, Checkpoint, Experiment
from stn_core.allocator import give_back_memory
from stn_core.evaluation.bird_metrics import HOLDS, ROLES, wilson_interval
from ui.app import loading
from ui.app.i18n import Translator, texts
from ui.app.outside import plain
from ui.components.messages import new_message
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls import address
from ui.controls.widgets import draw_choice, draw_choices, draw_slider, draw_switch
from ui.pages.birds import controls
from ui.pages.birds.answers import (
    Answer,
    answer,
    bird_model,
    probability_gradients,
    scan,
    scan_places,
    window_trajectory,
)
from ui.pages.birds.component import Heat, windows
from ui.pages.birds.figure import Guesses, guesses_figure, percent
from ui.pages.birds.measured import checked_metrics
from ui.pages.birds.overview import overview_figure
from ui.pages.birds.pictures import BirdPicture, choose_picture
from ui.pages.birds.places import Places, places_from_text, places_of, places_to_text
from ui.pages.birds.snippet import snippet

TOP = 5  # species a model
OVERVIEWS = ("cub50-2st-cnn", "cub50-4st-cnn")


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
        own = [answer(checkpoint, picture, None, scale) for checkpoint in with_windows]
    left, right = st.columns([0.68, 0.32], gap="medium")
    found, searches = {}, []
    with left:
        for checkpoint, theirs in zip(with_windows, own, strict=True):
            shown, search = show_windows(
                checkpoint, picture, theirs, scale, way, parts, heat, pull, say
            )
            found[checkpoint.experiment.name] = shown
            searches += [search] if search else []
        if not with_windows:
            st.image(picture.shown, caption=say("no_windows"), width="stretch")
    # while the windows are there
    answers = [found.get(each.experiment.name) or answer(each, picture, None) for each in ready]
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
    if st.session_state.get("b_seen") != picture.key:
        st.session_state["b_seen"] = picture.key
        give_back_memory()  # the streams' maps of a photograph are 100 MB
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
    st.markdown(f"**{say('b_models')}**")
    names = draw_choices(controls.models(), say, list(available))
    return [experiment for name, experiment in available.items() if name in names]


# A model's windows


def show_windows(
    checkpoint: Checkpoint,
    picture: BirdPicture,
    own: Answer,
    scale: float | None,
    way: bool,
    parts: bool,
    heat: str,
    pull: bool,
    say: Translator,
) -> tuple[Answer, Callable[[], None] | None]:
    """The windows of one model on the picture, where its ``own`` answer has them or the visitor has
    put them; what it answers, and the search for the map of places, if that is wanted and not there
    yet: it takes seconds, so it comes when all else is shown."""
    experiment, model = checkpoint.experiment, bird_model(checkpoint)
    key = f"windows_{experiment.name}"
    take(key, controls.places(experiment).key)
    hand = places_of_hand(checkpoint, picture)
    found = own if hand is None else answer(checkpoint, picture, hand, scale)
    name = loading.name(experiment)
    st.markdown(f"**{plain(name)}**")
    matrices = model.transforms[0].coefficients(own.thetas)
    if matrices.shape[1] != 2:
        st.warning(say.markdown("not_flat", name=name))
        return found, None
    walk = window_trajectory(checkpoint, picture) if way else None
    places, moments = walk if isinstance(walk, tuple) else (None, [])
    there = heat != "off" and int(heat) <= len(model.transformers)
    search = Search(checkpoint, picture, found, int(heat) - 1, pull) if there else None
    known = search.known() if search else None
    named = [] if scale else window_roles(checked_metrics(checkpoint.metrics), say)
    windows(name, picture, matrices, hand, places, moments, parts, known, say, key, named)
    bar = st.empty()
    if isinstance(walk, loading.Missing):
        st.caption(walk.reason)
    if heat != "off" and not there:
        st.caption(say.markdown("no_such_window", name=name, number=heat))
    if known:
        show_search(known, found, checkpoint, picture, say)
    return found, partial(search.run, bar, say) if search and not search.done else None


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


# The map of places


@dataclass(frozen=True)
class Search:
    """The probability of the species that counts, with one window at every place and the others
    where they are; with ``pull`` also where the gradient through the pixels pulls it. What was
    found is kept in the visit that asks for it, the last twenty."""

    checkpoint: Checkpoint
    picture: BirdPicture
    found: Answer
    window: int
    pull: bool

    @property
    def asked(self) -> tuple[Any, ...]:
        others = (theta for i, theta in enumerate(self.found.thetas.tolist()) if i != self.window)
        rounded = tuple(tuple(round(value, 4) for value in theta) for theta in others)
        return self.checkpoint.experiment.name, self.picture.key, self.window, rounded

    @property
    def species(self) -> int:
        return species_that_counts(self.checkpoint, self.picture, self.found)

    @property
    def done(self) -> bool:
        kept = _kept()
        return self.asked in kept and (not self.pull or (*self.asked, self.species) in kept)

    def known(self) -> Heat | None:
        """What was found so far; None before the first time."""
        model, scanned, pulled = bird_model(self.checkpoint), _kept().get(self.asked), None
        if scanned is None:
            return None
        arrows: tuple[tuple[float, ...], ...] = ()
        if self.pull and (pulled := _kept().get((*self.asked, self.species))):
            rows = torch.cat((scan_places(model)[1:-1, 1:-1], *pulled), dim=-1).flatten(0, 1)
            arrows = tuple(tuple(round(value, 4) for value in row) for row in rows.tolist())
        return Heat(
            self.window,
            tuple(round(value, 5) for value in scanned[:, self.species].tolist()),
            model.reach,
            arrows,
        )

    def run(self, bar: Any, say: Translator) -> None:
        """Find what is not known yet, and show in ``bar`` how far it is."""
        kept, model, what = (
            _kept(),
            bird_model(self.checkpoint),
            (self.picture, self.found, self.window),
        )
        if self.asked not in kept:
            kept[self.asked] = scan(
                model, *what, lambda share: bar.progress(share, say("searching"))
            )
        if self.pull:
            bar.progress(1.0, say("pulling"))
            kept[(*self.asked, self.species)] = probability_gradients(
                model, *what, self.species, kept[self.asked]
            )
        while len(kept) > 20:
            kept.pop(next(iter(kept)))


def _kept() -> dict[tuple[Any, ...], Any]:
    return st.session_state.setdefault("b_scans", {})


def species_that_counts(checkpoint: Checkpoint, picture: BirdPicture, found: Answer) -> int:
    """The true species where it is known, else the answer."""
    classes = checkpoint.experiment.classes
    return (
        classes.index(picture.species)
        if picture.species in classes
        else int(found.probabilities.argmax())
    )


def show_search(
    heat: Heat, found: Answer, checkpoint: Checkpoint, picture: BirdPicture, say: Translator
) -> None:
    species = species_that_counts(checkpoint, picture, found)
    here, best = found.probabilities[species].item(), max(heat.values)
    better = sum(value > here for value in heat.values)
    st.markdown(
        say.markdown(
            "searched",
            number=heat.window + 1,
            species=checkpoint.experiment.classes[species],
            here=percent(here),
            best=percent(best),
            better=better,
            count=len(heat.values),
        )
    )
    if heat.pulls:
        signs = [g * m > 0 for _, _, gx, gy, mx, my in heat.pulls for g, m in ((gx, mx), (gy, my))]
        st.markdown(describe_pull(torch.tensor(signs), say))


def describe_pull(signs: torch.Tensor, say: Translator) -> str:
    """What the gradient through the pixels is worth: ``signs`` (N,) says at which places and in
    which direction it has the sign of the map's slope."""
    share, low, high = wilson_interval(signs)
    key = "pulled_by_chance" if low <= 50 <= high else "pulled_up" if low > 50 else "pulled_down"
    verdict = say(key, others=f"{100 - share:.0f}")
    return say("pulled", share=f"{share:.0f}", count=len(signs), verdict=verdict)


# What it says


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


def window_roles(metrics: dict[str, Any], say: Translator) -> list[tuple[str, str]]:
    """What each window of a model lies nearest to most often, and in what share of the test
    photographs: of two windows the head or the body, of more one of ``ROLES``; none if that was not
    measured."""
    looks, measured = metrics.get("attention", []), metrics.get("roles", [])
    if len(looks) == 2 and all("body" in look for look in looks):
        bodies = [look["body"][0] for look in looks]
        measured = [{"head": 100 - body, "body": body} for body in bodies]
    elif len(measured) != len(looks) or any(each.keys() != ROLES.keys() for each in measured):
        return []  # another version's
    named = []
    for shares in measured:
        role = max(shares, key=lambda name: shares[name])
        often = "mostly" if shares[role] > 50 else "often"
        named.append((say(often, role=say(f"role_{role}")), f"{shares[role]:.0f} %"))
    return named


def show_overviews(say: Translator) -> None:
    """Where the windows lie on all test photographs: a picture a model, side by side, and the
    figures, with those of windows that did not learn."""
    known = {name: checked_metrics(loading.metrics(EXPERIMENTS[name])) for name in OVERVIEWS}
    known = {
        name: metrics
        for name, metrics in known.items()
        if "density" in metrics and window_roles(metrics, say)
    }
    if not known:
        return
    st.markdown(f"##### {say('overview')}")
    columns = st.columns(len(OVERVIEWS), gap="medium")
    for (name, metrics), column in zip(known.items(), columns, strict=False):
        model, roles = loading.name(EXPERIMENTS[name]), window_roles(metrics, say)
        rows = [
            say("overview_row", number=i, role=role, share=share)
            for i, (role, share) in enumerate(roles, 1)
        ]
        words = {part: say(f"part_{part}") for part in ("beak", "back", "belly", "tail")}
        figure = overview_figure(metrics["density"], rows, metrics["parts"], words)
        alt = say("overview_alt", name=model, rows="; ".join(rows).replace("<br>", " "))
        with column:
            st.markdown(f"**{plain(model)}**")
            plot(figure, key=f"b_overview_{name}", alt=alt)
    # beside a single picture there is room for the table
    (st if len(known) > 1 else columns[1]).markdown(attention_table(known, say))
    looks = [look for metrics in known.values() for look in metrics["attention"]]
    spread = max((look[kind][2] - look[kind][1]) / 2 for look in looks for kind in HOLDS)
    st.caption(f"{say('overview_note')} {say('holds_note', spread=f'{spread:.1f}')}")


def attention_table(known: dict[str, dict[str, Any]], say: Translator) -> str:
    """How often the windows of models, by their experiments' names, hold the head, the head when
    they are cut, and the middle of the bird, beside windows that did not learn: Markdown."""
    rows = [["", *(say(f"holds_{kind}") for kind in HOLDS)], ["---"] + ["--:"] * len(HOLDS)]
    for name, metrics in known.items():
        windows = zip(metrics["attention"], window_roles(metrics, say), strict=True)
        for i, (look, (role, _)) in enumerate(windows, 1):
            window = say("window_row", model=loading.name(EXPERIMENTS[name]), number=i, role=role)
            rows.append([window, *(f"{look[kind][0]:.0f} %" for kind in HOLDS)])
    reference = next(iter(known.values()))["reference"]
    place = {axis: f"{reference['fixed'][axis]:.2f}".replace("-", "−") for axis in "xy"}
    for kind in ("fixed", "centred"):
        shares = [f"{reference[kind][holds]:.0f} %" for holds in HOLDS]
        rows.append([say(f"window_{kind}", **place), *shares])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def show_species(checkpoint: Checkpoint, say: Translator) -> None:
    classes = checkpoint.experiment.classes
    with st.expander(say("species", count=len(classes))):
        st.markdown(", ".join(plain(name) for name in sorted(classes)) + ".")
        st.caption(say("species_note"))
