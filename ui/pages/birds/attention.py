"""Where a model's windows lie on all test photographs, and what each looks at most often."""

from typing import Any

import streamlit as st

from stn_core import EXPERIMENTS
from stn_core.evaluation.bird_metrics import HOLDS, ROLES
from stn_core.explain.readings import signed
from ui.app import loading
from ui.app.i18n import Translator
from ui.app.outside import plain
from ui.components.plot import plot
from ui.pages.birds.measured import checked_metrics
from ui.pages.birds.overview import overview_figure

OVERVIEWS = ("cub50-2st-cnn", "cub50-4st-cnn")


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
        named.append((say(often, role=say(f"role_{role}")), f"{shares[role]:.0f}\u00a0%"))
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
    place = {axis: signed(reference["fixed"][axis], 2, plus="") for axis in "xy"}
    for kind in ("fixed", "centred"):
        shares = [f"{reference[kind][holds]:.0f} %" for holds in HOLDS]
        rows.append([say(f"window_{kind}", **place), *shares])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
