"""The map of places: the answer with one window at every place, and where the pixels pull it."""

import threading
from dataclasses import dataclass
from typing import Any

import streamlit as st
import torch

from stn_core import Checkpoint
from stn_core.allocator import give_back_memory
from stn_core.evaluation.bird_metrics import wilson_interval
from stn_core.files import changed
from ui.app.i18n import Translator
from ui.app.loading import checkpoint_path
from ui.pages.birds.answers import Answer, bird_model, probability_gradients, scan, scan_places
from ui.pages.birds.component import Heat
from ui.pages.birds.figure import percent
from ui.pages.birds.pictures import BirdPicture

KEPT = 400  # maps of places, of 16 KB each
SEARCHES = threading.Lock()  # one at a time: who asks for the same finds it when its turn comes


@dataclass(frozen=True)
class Search:
    """The probability of the species that counts, with one window at every place and the others
    where they are; with ``pull`` also where the gradient through the pixels pulls it. What was
    found is kept for everybody, the last ``KEPT``."""

    checkpoint: Checkpoint
    picture: BirdPicture
    found: Answer
    window: int
    pull: bool

    @property
    def asked(self) -> tuple[Any, ...]:
        """What the answer depends on: all but where the window is."""
        thetas, experiment = self.found.thetas.clone(), self.checkpoint.experiment
        thetas[self.window, list(bird_model(self.checkpoint).shift_indices)] = 0
        rounded = tuple(round(value, 4) for value in thetas.flatten().tolist())
        file = changed(checkpoint_path(experiment))
        return experiment.name, file, self.picture.key, self.window, rounded

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
        kept, model = _kept(), bird_model(self.checkpoint)
        what, species = (self.picture, self.found, self.window), (*self.asked, self.species)
        bar.progress(0.0, say("searching"))
        with SEARCHES:
            while len(kept) > KEPT - 2:
                kept.pop(next(iter(kept)))
            if self.asked not in kept:
                kept[self.asked] = scan(
                    model, *what, lambda share: bar.progress(share, say("searching"))
                )
            if self.pull and species not in kept:
                bar.progress(1.0, say("pulling"))
                kept[species] = probability_gradients(model, *what, self.species, kept[self.asked])
            give_back_memory()


@st.cache_resource(show_spinner=False)
def _kept() -> dict[tuple[Any, ...], Any]:
    return {}


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
