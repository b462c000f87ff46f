"""Two digits in two channels: the pair of transformers shares them out, and nobody told it to."""

from collections.abc import Iterable
from typing import Any

import streamlit as st
import torch

from stn_core import Checkpoint, Experiment
from stn_core.evaluation.pair_metrics import STRAIGHT, Straightening
from stn_core.evaluation.report import COMMAND, PairResult, Report
from stn_core.explain.readings import signed
from stn_core.interchange.errors import ExportError
from stn_core.models.pairs import PAIR_MODELS
from stn_core.training.recording import DIGITS, Recording
from ui.app import loading
from ui.app.i18n import Translator, in_markdown, texts, unbroken
from ui.app.terms import in_lines
from ui.components.messages import new_message
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls import address
from ui.controls.distortion_state import SLIDERS, distorted, drawn, undistorted
from ui.controls.spec import Values
from ui.controls.widgets import draw_choice, draw_gallery_digit
from ui.pages.pairs import controls
from ui.pages.pairs.component import Settled, settled, show_pairs
from ui.pages.pairs.figure import learning_figure
from ui.pages.pairs.snippet import snippet

KEY = "pairs"
PAIR = "2st-cnn-affine"
CHANNELS = ("first", "second")


def main() -> None:
    say = texts("pairs")
    take(settled(new_message(KEY)))
    with st.sidebar:
        st.markdown(f"**{say('kind')}**", help=in_lines(("r", "rts")))
        kind = draw_choice(controls.KIND, say)
        st.caption(say(f"kind_{kind.lower()}"))
        st.markdown(f"**{say('model')}**", help=in_lines(("st", "cnn", "fcn", "affine")))
        experiment = controls.experiment_of(kind, draw_choice(controls.MODEL, say, st.pills))
        chosen = []
        for number, digit in enumerate(controls.DIGITS):
            st.markdown(f"**{say(CHANNELS[number])}**")
            chosen.append(draw_gallery_digit(digit, say))
    sentence = say(f"sentence_{kind.lower()}")
    st.markdown(f"#### {say('title')}\n\n{sentence}")
    report = loading.report()
    measured = report.pairs if isinstance(report, Report) else {}
    digits, labels = [digit for digit, _ in chosen], [label for _, label in chosen]
    values = values_in_address(kind.lower())
    checkpoint = loading.load(experiment)
    found = measured.get(experiment.name)
    if isinstance(checkpoint, Checkpoint):
        live(digits, labels, kind.lower(), values, checkpoint, found, say)
    else:
        st.warning(
            say.markdown("missing", name=loading.name(experiment), reason=checkpoint.reason),
            icon=":material/model_training:",
        )
    st.markdown(f"#### {say('measured_title')}")
    if any(found.experiment.data == experiment.data for found in measured.values()):
        st.markdown(table(kind.lower(), measured, say))
        said = {"degrees": f"{STRAIGHT:g}", "chance": by_chance(report, kind)}
        st.caption(say(f"measured_note_{kind.lower()}", **said))
    else:
        st.info(say.markdown("nothing_measured", command=COMMAND))
    note = learning(kind, say)
    take_home(
        "pairs",
        snippet(digits, labels, kind.lower(), values, experiment.name),
        notes=[sentence, note],
    )


def values_in_address(kind: str) -> list[Values]:
    """The values of each digit's sliders, by the names that one digit has."""
    found = []
    for own in controls.sliders(kind):
        values = address.values_in_address(own)
        pairs = zip(SLIDERS[kind], own, strict=True)
        found.append({plain.key: values[slider.key] for plain, slider in pairs})
    return found


def take(said: Settled | None) -> None:
    """What has settled, or was wished for, into the address."""
    if said is None:
        return
    values = list(said.values)
    if said.wish == "upright":
        values = [undistorted(said.kind)] * 2
    elif said.wish == "random":
        generator = torch.Generator().manual_seed(torch.seed() % 2**31)
        values = [drawn(said.kind, generator) for _ in values]
    for own, given in zip(controls.sliders(said.kind), values, strict=True):
        named = zip(SLIDERS[said.kind], own, strict=True)
        address.write_values(own, {slider.key: given[plain.key] for plain, slider in named})


# The live figure


def live(
    digits: list[torch.Tensor],
    labels: list[int],
    kind: str,
    values: list[Values],
    checkpoint: Checkpoint,
    measured: PairResult | None,
    say: Translator,
) -> None:
    """The figure that follows the hand, and PyTorch's answer below it."""
    straight = measured.straightening if measured else None
    heads = [head(straight, number, say) for number in range(len(checkpoint.model.transforms))]
    try:
        show_pairs(digits, labels, kind, values, checkpoint, heads, say, KEY)
    except ExportError as error:
        st.warning(in_markdown(error.sentence))
    image = torch.cat(
        [distorted(digit, kind, each) for digit, each in zip(digits, values, strict=True)], dim=1
    )
    with torch.inference_mode():
        probabilities = checkpoint.model(image).softmax(1)[0]
    answer = int(probabilities.argmax())
    st.caption(
        say(
            "answer",
            first=labels[0],
            second=labels[1],
            sum=sum(labels),
            answer=answer,
            share=f"{100 * probabilities[answer].item():.0f}",
        )
    )


def head(straight: Straightening | None, number: int, say: Translator) -> str:
    """What was measured of a transformer: how much it follows either digit, and undoes its turn."""
    if straight is None:
        return ""
    first, second = map(per_cent, straight.undone[number])
    if straight.followed is None:
        return unbroken(say("undoes", first=first, second=second))
    shifts = map(per_cent, straight.followed[number])
    named = dict(zip(("first_shift", "second_shift"), shifts, strict=True))
    return unbroken(say("follows", first=first, second=second, **named))


def per_cent(value: float) -> str:
    return signed(value, 0, plus="")


# The measurements


def table(kind: str, measured: Any, say: Translator) -> str:
    """Each model's error, and what its transformers do with either digit."""
    data = controls.data_of(kind)
    shifted = any(
        each.straightening and each.straightening.followed
        for each in measured.values()
        if each.experiment.data == data
    )
    columns = ("share", "undone", "followed") if shifted else ("share", "undone")
    heads = [
        say("corner"),
        say("error"),
        say("parameters"),
        say("transformer", number=""),
        *(say(f"column_{what}") for what in columns),
        say("one_each"),
    ]
    lines = [heads, ["---"] * len(heads)]
    for model in reversed(PAIR_MODELS):
        found = measured.get(f"{data}-{model}")
        name = loading.model_name(model)
        if found is None:
            lines.append([name, say("unmeasured"), *[""] * (len(heads) - 2)])
            continue
        error = f"{found.error:.2f} ± {found.standard_error:.2f}"
        start = [name, error, f"{found.parameters:,}"]
        straight = found.straightening
        if straight is None:
            lines.append([*start, "–", *[""] * (len(heads) - len(start) - 1)])
            continue
        both = "" if straight.both is None else f"{straight.both:.1f}"
        for number, shares in enumerate(straight.shares):
            figures = [both_digits(f"{share:.1f}" for share in shares)]
            figures.append(both_digits(map(per_cent, straight.undone[number])))
            if shifted:
                followed = straight.followed
                figures.append(both_digits(map(per_cent, followed[number])) if followed else "")
            lines.append([*start, str(number + 1), *figures, both])
            start, both = ["", "", ""], ""
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def both_digits(figures: Iterable[str]) -> str:
    return "; ".join(figures).replace(" ", "\u00a0")


def by_chance(report: Any, kind: str) -> str:
    """In how many pairs, in per cent, a transformer that never turns leaves a digit as straight."""
    bounds = report.trained(kind.lower(), "rotation") if isinstance(report, Report) else None
    return "–" if bounds is None else f"{200 * STRAIGHT / (bounds[1] - bounds[0]):.0f}"


def learning(kind: str, say: Translator) -> str:
    """How the pair's transformers came to share the digits out; back comes what is said of it."""
    experiment: Experiment = controls.experiment_of(kind, loading.model_name(PAIR))
    recording = loading.recording(experiment)
    st.markdown(f"#### {say('learning_title')}")
    if not isinstance(recording, Recording):
        st.info(say.markdown("unrecorded", name=loading.name(experiment), reason=recording.reason))
        return ""
    # where digits are shifted, following their places is what helps
    shares = [moment.followed or moment.undone for moment in recording.straightening]
    last = [[per_cent(value) for value in row] for row in shares[-1]]
    sentence = say(
        f"learned_{kind.lower()}",
        pairs=DIGITS,
        first_first=last[0][0],
        first_second=last[0][1],
        second_first=last[1][0],
        second_second=last[1][1],
    )
    st.markdown(unbroken(sentence))
    figure = learning_figure(
        recording.steps.tolist(),
        shares,
        [say("line", transformer=k, digit=c) for k in (1, 2) for c in (1, 2)],
        [say("first"), say("second")],
        [say("transformer", number=k) for k in (1, 2)],
        say(f"axis_{kind.lower()}"),
        say("steps_axis"),
    )
    plot(figure, key="two_figure", alt=sentence)
    return sentence
