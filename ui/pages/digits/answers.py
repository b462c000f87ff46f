"""What the networks answer to a digit: PyTorch's answer, as a figure and in sentences."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st
import torch
from torch import Tensor

from stn_core import Checkpoint
from stn_core.data.likeness import unsure_below
from stn_core.explain.readings import Reading, grid_curves, readings
from stn_core.models.digits import DigitModel
from ui.app import loading
from ui.app.i18n import Translator, texts
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.distortion_state import SLIDERS, distorted
from ui.controls.spec import Values, sweeps
from ui.drawing.canvas import Figure
from ui.pages.digits.figure import Row, digits_figure
from ui.pages.digits.snippet import snippet

# for some models, by title, a name and a theta (P,): they get a second row
ThetasByHand = dict[str, tuple[str, Tensor]]
Loaded = Sequence[Checkpoint | loading.Missing]


class Answers(NamedTuple):
    """What the models answer: the figure, a sentence for each of its rows, and the probabilities of
    each row by the model's title."""

    figure: Figure
    sentences: list[str]
    probabilities: dict[str, list[list[float]]]


def show(answers: Answers, loaded: Loaded) -> None:
    """The figure, what the models answer in words, and why some are missing."""
    say = texts("digits")
    alt = " ".join(answers.sentences).replace("*", "") or say("alt")
    plot(answers.figure, key="figure", alt=alt)
    for checkpoint in loaded:
        if isinstance(checkpoint, loading.Missing):
            name = loading.name(checkpoint.experiment)
            st.warning(
                say.markdown("missing", model=name, reason=checkpoint.reason),
                icon=":material/model_training:",
            )
    if not loaded:
        st.info(say("no_model"))
    st.markdown("  \n".join(answers.sentences))


@torch.inference_mode()
def answered(
    image: Tensor,
    label: int | None,
    loaded: Loaded,
    say: Translator,
    by_hand: ThetasByHand | None = None,
) -> Answers:
    """What the models answer to an image (1, 1, H, W)."""
    rows, sentences = [], []
    probabilities: dict[str, list[list[float]]] = {}
    for checkpoint in loaded:
        if isinstance(checkpoint, loading.Missing):
            continue
        title = checkpoint.experiment.title
        answers = [explain(image, label, checkpoint, say)]
        if by_hand and title in by_hand:
            answers.append(explain(image, label, checkpoint, say, *by_hand[title]))
        for row, sentence in answers:
            rows.append(row)
            answer = max(range(10), key=row.probabilities.__getitem__)
            if label is None and row.probabilities[answer] < unsure_below():
                sentence = (
                    f"{say('unsure', percent=f'{100 * row.probabilities[answer]:.0f}')} {sentence}"
                )
            sentences.append(say("answers", model=row.name, answer=answer, window=sentence))
        probabilities[title] = [list(row.probabilities) for row, _ in answers]
    return Answers(digits_figure(image[0, 0], rows, say), sentences, probabilities)


def take_home_answers(
    page: str,
    digit: Tensor,
    label: int | None,
    kind: str,
    values: Values,
    loaded: Loaded,
    by_hand: ThetasByHand | None = None,
) -> None:
    """The menu of a page that shows answers to one digit (28, 28), distorted."""
    say = texts("digits")
    there = [checkpoint.experiment for checkpoint in loaded if isinstance(checkpoint, Checkpoint)]
    thetas = {e.name: by_hand[e.title][1] for e in there if by_hand and e.title in by_hand}
    take_home(
        page,
        snippet(digit, label, kind, values, [e.name for e in there], thetas),
        lambda values: answered(distorted(digit, kind, values), label, loaded, say, by_hand).figure,
        values,
        sweeps(SLIDERS[kind], texts("controls")),
    )


def explain(
    image: Tensor,
    label: int | None,
    checkpoint: Checkpoint,
    say: Translator,
    name: str | None = None,
    theta: Tensor | None = None,
) -> tuple[Row, str]:
    """One model's answer to image (1, 1, H, W), ready to draw, and its window in words; ``theta``
    (P,) may come from elsewhere."""
    model = checkpoint.model
    answer = (
        model.explain(image)
        if theta is None or not isinstance(model, DigitModel)
        else model.explain(image, theta[None])
    )
    name = name or loading.name(checkpoint.experiment)
    probabilities = answer.logits.softmax(1)[0].tolist()
    if not answer.transformers:
        return Row(name, probabilities, label), say("no_transformer")
    (trace,), (transform,) = answer.transformers, model.transforms
    size = (image.shape[2], image.shape[3])
    coefficients = transform.coefficients(trace.theta)[0]
    matrix = coefficients.tolist() if coefficients.shape[1] == 3 else None
    lines = readings(transform, trace.theta[0], size)
    curves = grid_curves(transform, trace.theta[0], size)
    row = Row(name, probabilities, label, curves, matrix, lines, trace.output[0, 0])
    return row, describe_readings(lines, say)


def describe_readings(lines: Sequence[Reading], say: Translator) -> str:
    """The readings as one sentence about the window."""
    said = [
        describe_fact(name, figures, say) for line in lines for name, figures in line.facts.items()
    ]
    return say("window", facts=say("comma").join(said)) if said else say("identity")


def describe_fact(name: str, figures: Mapping[str, str], say: Translator) -> str:
    if name != "moved":
        return say(f"is_{name}", **figures)
    return say(
        "is_moved",
        moves=say("and").join(say(f"to_{side}", pixels=pixels) for side, pixels in figures.items()),
    )
