"""Distort a digit and see what each network does about it."""

from typing import Any

import streamlit as st
import torch

from stn_core import DISTORTIONS, TRANSFORMS, Checkpoint, Experiment
from stn_core.datasets import gallery
from stn_core.explanation import grid_curves, in_words, readings
from stn_core.photographs import PictureError, read_digit
from ui import models, state
from ui.figures import Row, digits_figure
from ui.plot import plot


def main() -> None:
    with st.sidebar:
        digit, label = choose_digit()
        kind = choose_kind()
        values = choose_distortion(kind)
    st.markdown(f"#### One digit, distorted: {DISTORTIONS[kind].title}")
    chosen = choose_models(kind)
    image = state.distorted(digit, kind, values)
    show(image, label, [models.load(experiment) for experiment in chosen])
    note(kind, values)


def choose_digit() -> tuple[torch.Tensor, int | None]:
    """A digit of the gallery, or the visitor's own: uint8 (28, 28), with its class if that is known."""
    st.markdown("**Digit**")
    digits = gallery()
    place = st.segmented_control(
        "Where from", ("Gallery", "Upload"), key="from", default="Gallery", required=True, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    if place == "Upload":
        own = choose_upload()
        if own is not None:
            return own, None
    label = st.pills(
        "Class", list(range(10)), key="digit", default=state.DIGIT, required=True, bind="query-params", label_visibility="collapsed"
    )
    label = state.DIGIT if label is None else label  # an empty class in the address
    left, right = st.columns(2, vertical_alignment="bottom")
    number = left.number_input("Number", 0, 499, state.NUMBER, key="number", bind="query-params", label_visibility="collapsed")
    right.button("Shuffle", on_click=shuffle, width="stretch", icon=":material/shuffle:")
    return digits.images[500 * label + number], label


def shuffle() -> None:
    st.session_state["number"] = int(torch.randint(500, (1,)))


def choose_upload() -> torch.Tensor | None:
    file = st.file_uploader("A photographed or scanned digit", key="file", on_change=take_upload, max_upload_size=10)
    if "upload_error" in st.session_state and file is not None:
        st.error(st.session_state["upload_error"])
    text = st.query_params.get("own")
    if text is None:
        return None
    own = state.digit_from_text(text)
    if own is None:
        st.error("The address holds a digit that can't be read: it was cut off or changed. Upload the picture again.")
    return own


def take_upload() -> None:
    """Bring the uploaded picture to MNIST's form and keep it in the URL, so that a link shows the same."""
    st.session_state.pop("upload_error", None)
    file = st.session_state["file"]
    if file is None:
        st.query_params.pop("own", None)
        return
    try:
        st.query_params["own"] = state.digit_to_text(read_digit(file.getvalue()))
    except PictureError as error:
        st.session_state["upload_error"] = str(error)


def choose_kind() -> str:
    st.markdown("**Distortion**")
    kinds = [kind.upper() for kind in DISTORTIONS]
    chosen = st.segmented_control(
        "Distortion", kinds, key="kind", default="R", required=True, bind="query-params", label_visibility="collapsed"
    )
    return (chosen or "R").lower()  # an empty name in the address chooses nothing


def choose_distortion(kind: str) -> state.Values:
    values: state.Values = {}
    pair: list[Any] = []
    for slider in state.SLIDERS[kind]:
        label = f"{slider.label} ({slider.unit})" if slider.unit else slider.label
        if slider.half:
            pair = pair or list(st.columns(2))
            place = pair.pop(0)
        else:
            place = st.container()
            if slider.trained:
                label += f", trained {state.in_figures(slider.trained)}"
        values[slider.key] = place.slider(
            label, slider.low, slider.high, slider.default, slider.step, format="%g", key=slider.key, bind="query-params"
        )
    left, right = st.columns(2)
    help = "At random, from the distribution that training draws from"
    left.button("Draw", on_click=draw, args=(kind,), width="stretch", icon=":material/casino:", help=help)
    right.button("Reset", on_click=reset, args=(kind,), width="stretch", icon=":material/undo:")
    return values


def draw(kind: str) -> None:
    st.session_state.update(state.drawn(kind, torch.Generator().manual_seed(torch.seed() % 2**31)))


def reset(kind: str) -> None:
    st.session_state.update(state.undistorted(kind))


def choose_models(kind: str) -> list[Experiment]:
    available = models.experiments(kind)
    names = st.pills(
        "Models", list(available), selection_mode="multi", default=["CNN", "ST-CNN affine"], key=f"models_{kind}",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    missing = [name for name, experiment in available.items() if name not in names and not models.is_there(experiment)]
    if missing:
        st.caption(f"Not trained yet: {', '.join(missing)}.")
    return [experiment for name, experiment in available.items() if name in names]


@torch.inference_mode()
def show(image: torch.Tensor, label: int | None, loaded: list[Checkpoint | models.Missing]) -> None:
    rows, sentences = [], []
    for checkpoint in loaded:
        if isinstance(checkpoint, models.Missing):
            continue
        row, sentence = explain(image, label, checkpoint)
        rows.append(row)
        sentences.append(f"**{row.name}** answers {max(range(10), key=row.probabilities.__getitem__)}. {sentence}")
    alt = " ".join(sentences).replace("*", "") or "The distorted digit."
    plot(digits_figure(image[0, 0], rows), key="figure", alt=alt)
    for checkpoint in loaded:
        if isinstance(checkpoint, models.Missing):
            st.warning(f"{models.name(checkpoint.experiment)}: {checkpoint.reason}", icon=":material/model_training:")
    if not loaded:
        st.info("Choose a model above.")
    st.markdown("  \n".join(sentences))


def explain(image: torch.Tensor, label: int | None, checkpoint: Checkpoint) -> tuple[Row, str]:
    """One model's answer to image (1, 1, H, W), ready to draw, and its window in words."""
    answer = checkpoint.model.explain(image)
    name = models.name(checkpoint.experiment)
    probabilities = answer.logits.softmax(1)[0].tolist()
    if not answer.transformers:
        return Row(name, probabilities, label), "It has no transformer."
    (trace,), (transform,) = answer.transformers, checkpoint.model.transforms
    theta, size = trace.theta[0], (image.shape[2], image.shape[3])
    matrix = transform.coefficients(trace.theta)[0].tolist() if transform is not TRANSFORMS["tps"] else None
    lines = readings(transform, theta, size)
    row = Row(name, probabilities, label, grid_curves(transform, theta, size), matrix, lines, trace.output[0, 0])
    return row, in_words(lines)


def note(kind: str, values: state.Values) -> None:
    outside = state.outside_training(kind, values)
    if outside:
        st.warning(f"Outside what training saw: {', '.join(outside)}. How a model fails there is part of the lesson.")


main()
