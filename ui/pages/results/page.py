"""The paper's table measured again, how far invariance reaches, what transformers align."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from stn_core import EXPERIMENTS, Experiment
from stn_core.data.distortions import TABLE_KINDS
from stn_core.data.pairs import PAIRS
from stn_core.evaluation.report import COMMAND, PAPER_SAMPLES, PARAMETERS, ModelResult, Report
from stn_core.experiments.plugins import is_own
from stn_core.models.digits import DIGIT_MODELS
from stn_core.models.pairs import PAIR_MODELS
from ui.app import loading
from ui.app.i18n import LANGUAGES, Translator, texts
from ui.app.terms import NETWORKS, about, about_model, in_lines
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.widgets import draw_choice, draw_choices, draw_switch
from ui.pages.results import controls
from ui.pages.results.figure import Cell, CurvePanel, curves_figure, means_figure, table_html
from ui.pages.results.snippet import snippet

FORMER_VIEWS = {"Each seed": "seeds", "各种子": "seeds"}  # in addresses of earlier versions
UNITS = {"rotation": "°", "scale": "×", "shift": "px"}


def main() -> None:
    say = texts("results")
    st.html(Path(__file__).parent / "results.css")
    st.markdown(f"#### {say('title')}")
    report = loading.report()
    if isinstance(report, str):
        st.warning(report, icon=":material/table_chart:")
        return
    show_table(report, say)
    st.markdown(f"#### {say('curves_title')}")
    kind = choose_kind(say)
    curves_of = choose_curves(kind, say)
    logarithmic = draw_switch(controls.LOGARITHMIC, say)
    show_curves(report, kind, curves_of, logarithmic, say)
    st.markdown(f"#### {say('means_title')}")
    transformer_of = choose_transformer(kind, say)
    show_means(report, transformer_of, say)
    show_pairs(report, say)
    st.caption(say.markdown("origin", **report.origin))
    curves = [experiment.name for experiment in curves_of if experiment.name in report.models]
    aligned = report.models.get(transformer_of.name)
    aligns = transformer_of.name if aligned and aligned.after else None
    program = snippet(loading.code_of(loading.REPORT), kind, curves, aligns)
    take_home("results", program, notes=[say("origin", **report.origin)])


# The table


def show_table(report: Report, say: Translator) -> None:
    cells = [e for e in EXPERIMENTS.values() if e.paper_error is not None and not e.birds]
    st.markdown(summary(report, cells, say))
    views = {
        Translator("results", each)(controls.SHOW.option_key(name)): name
        for each in LANGUAGES
        for name in controls.SHOW.options
    }
    view = draw_choice(controls.SHOW, say, former=FORMER_VIEWS | views)
    names = {model: loading.model_name(model) for model in DIGIT_MODELS}
    names |= {
        e.title: loading.name(e)
        for e in EXPERIMENTS.values()
        if (is_own(e) or e.warps_maps) and (e.name in report.models or loading.is_there(e))
    }
    terms = texts("app")
    rows = [
        (
            (name, about_model(title, terms)),
            [cell(report, f"{kind}-{title}", view, say) for kind in TABLE_KINDS],
        )
        for title, name in names.items()
    ]
    columns = [(kind.upper(), about(terms, kind)) for kind in TABLE_KINDS]
    below = (say("ours"), say("paper")) if view == "error" else None
    st.html(table_html(say("corner"), columns, rows, below))
    if view == "trainings":
        st.caption(say("trainings_note"))
    st.caption(
        say(
            "how_to_read",
            seeds=len(report.settings["seeds"]),
            digits=f"{report.settings['digits']:,}",
        )
    )
    show_reading_of_p(report, say)
    show_missing(report, cells, say)


READINGS_OF_P = ("p", "pxy")


def show_reading_of_p(report: Report, say: Translator) -> None:
    """Which reading of P the table has and why, and how the same models do on the other one."""
    st.markdown(say("which_p"))
    compared, behind = ("cnn", "st-cnn-affine"), loading.oracle()
    rows = [
        [
            say("read_as"),
            *(loading.model_name(model) for model in compared),
            say("behind_the_true_map"),
        ]
    ]
    for kind in READINGS_OF_P:
        found = [report.models.get(f"{kind}-{model}") for model in compared]
        figures = [None if measured is None else measured.error for measured in found]
        rows.append([say(f"read_as_{kind}"), *map(in_per_cent, [*figures, behind.get(kind)])])
    rows.append(
        [say("paper"), *(f"{EXPERIMENTS[f'p-{model}'].paper_error} %" for model in compared), "–"]
    )
    st.markdown("\n".join([line(rows[0]), line(["---"] * 4), *map(line, rows[1:])]))


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def in_per_cent(error: float | None) -> str:
    return "–" if error is None else f"{error:.2f} %"


def summary(report: Report, cells: Sequence[Experiment], say: Translator) -> str:
    """What the table says, in sentences: how many cells meet the paper, whether transformers help,
    and at what cost."""
    found = [report.models[e.name] for e in cells if e.name in report.models]
    met = sum(measured.meets_paper for measured in found)
    said = [say("met", met=met, total=len(cells), above=len(found) - met)]
    if len(found) < len(cells):
        said.append(say("unmeasured", missing=len(cells) - len(found)))
    pairs = [
        (measured, report.models[plain])
        for measured in found
        if (plain := without_transformer(measured.experiment)) in report.models
        and plain != measured.experiment.name
    ]
    if pairs:
        said.append(
            say(
                "lower",
                lower=sum(one.error < plain.error for one, plain in pairs),
                pairs=len(pairs),
            )
        )
    seen = [measured.about["samples"] for measured in found if measured.about["samples"]]
    if seen:
        low, high = in_millions(min(seen)), in_millions(max(seen))
        key = "samples_seen" if low == high else "samples_seen_range"
        said.append(say(key, low=low, high=high, paper=in_millions(PAPER_SAMPLES)))
    return " ".join(said)


def without_transformer(experiment: Experiment) -> str:
    """The experiment's name, or for one with transformers, of the same network without."""
    return f"{experiment.data}-{experiment.model.removeprefix('st-').split('-')[0]}"


def in_millions(count: int) -> str:
    return f"{count / 1e6:.1f}"


def cell(report: Report, name: str, view: str, say: Translator) -> Cell | None:
    """One cell of the table; None where the paper has no such model, unless it is an own one or
    warps maps."""
    experiment = EXPERIMENTS.get(name)
    if experiment is None:
        return None
    if experiment.paper_error is None and not (is_own(experiment) or experiment.warps_maps):
        return None
    link = None if experiment.warps_maps else loading.digits_link(experiment)
    said = experiment.paper_error if experiment.paper_error is not None else "–"
    where = {"model": loading.name(experiment), "kind": say(experiment.data), "paper": said}
    paper, measured = f"{said}" if view == "error" else "", report.models.get(name)
    if measured is None:
        there = loading.is_there(experiment)
        hint = say("empty_cell", command=COMMAND if there else experiment.command, **where)
        large = say("not_measured" if there else "not_trained")
        return Cell(large, paper, hint, link if there else None)
    large, small = quantity(measured, view, say)
    about = {
        key: say("unknown") if value is None else value for key, value in measured.about.items()
    }
    samples = measured.about["samples"]
    hint = say(
        "cell",
        error=f"{measured.error:.2f}",
        seeds=in_turn(measured.errors),
        parameters=f"{measured.parameters:,}",
        samples=say("unknown") if samples is None else f"{samples:,}",
        date=about["date"],
        commit=about["commit"],
        **where,
    )
    return Cell(
        large,
        small,
        hint,
        link,
        None if experiment.paper_error is None else measured.meets_paper,
    )


def in_turn(errors: Sequence[float]) -> str:
    return ", ".join(f"{error:.2f}" for error in errors)


def quantity(measured: ModelResult, view: str, say: Translator) -> tuple[str, str]:
    """What stands in a cell, large and small."""
    about, unknown = measured.about, say("unknown")
    if view == "seeds":
        least, most = min(measured.errors), max(measured.errors)
        return f"{measured.error:.2f} ± {measured.standard_error:.2f}", say(
            "from_to", low=f"{least:.2f}", high=f"{most:.2f}"
        )
    if view == "trainings":
        trained = loading.training_seeds().get(measured.experiment.name)
        if trained is None or len(trained.seeds) < 2:
            return f"{measured.error:.2f}", say("one_training")
        return f"{trained.mean:.2f} ± {trained.deviation:.2f}", say(
            "trainings", count=len(trained.seeds), devices=", ".join(dict.fromkeys(trained.devices))
        )
    if view == "parameters":
        return f"{measured.parameters:,}", ""
    if view == "samples":
        epochs = "" if about["epochs"] is None else say("epochs", count=about["epochs"])
        return (
            unknown
            if about["samples"] is None
            else say("million", count=in_millions(about["samples"]))
        ), epochs
    if view == "time":
        minutes = (
            unknown
            if about["seconds"] is None
            else say("minutes", count=f"{about['seconds'] / 60:.0f}")
        )
        return minutes, about["device"] or unknown
    if view == "date":
        return about["date"] or unknown, (about["commit"] or unknown)[:8]
    paper = measured.experiment.paper_error
    return f"{measured.error:.2f}", "–" if paper is None else f"{paper}"


def show_missing(report: Report, cells: Sequence[Experiment], say: Translator) -> None:
    """What is not measured or not up to date, with the commands on demand."""
    missing = [e for e in cells if e.name not in report.models]
    if missing:
        commands = [e.command for e in missing if not loading.is_there(e)]
        with st.expander(say("missing", count=len(missing))):
            st.code("\n".join([*commands, COMMAND]), language="sh")
    changed = [name for name, measured in report.models.items() if loading.has_changed(measured)]
    if changed:
        st.warning(
            say.markdown("changed", names=", ".join(changed), command=COMMAND),
            icon=":material/update:",
        )


# Two digits


def show_pairs(report: Report, say: Translator) -> None:
    """The errors on two digits at once; nothing where none was measured."""
    kinds, rows = pair_errors(report)
    if not kinds:
        return
    st.markdown(f"#### {say('pairs_title')}")
    head = [say("corner"), *(kind.upper() for kind in kinds)]
    lines = [line(head), line(["---"] * len(head)), *(line([name, *row]) for name, row in rows)]
    st.markdown("\n".join(lines))
    st.caption(pairs_note(report, say))


def pair_errors(report: Report) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """The distortions with which pairs were measured, and for each model its name and its errors in
    per cent, "–" where there is none."""
    data = [data for data in PAIRS if any(f"{data}-{name}" in report.pairs for name in PAIR_MODELS)]
    rows = []
    for model in PAIR_MODELS:
        found = [report.pairs.get(f"{each}-{model}") for each in data]
        errors = [
            "–" if one is None else f"{one.error:.2f} ± {one.standard_error:.2f}" for one in found
        ]
        rows.append((loading.model_name(model), errors))
    return [PAIRS[each] for each in data], rows


def pairs_note(report: Report, say: Translator) -> str:
    """How these errors are to be read."""
    return say("pairs_note", seeds=len(report.settings["seeds"]))


# The curves


def choose_kind(say: Translator) -> str:
    """The kind of data whose curves and means are shown."""
    st.markdown(f"**{say('kind')}**", help=in_lines(TABLE_KINDS))
    kind = draw_choice(controls.KIND, say).lower()
    st.caption(say(kind))
    return kind


def choose_curves(kind: str, say: Translator) -> list[Experiment]:
    """The models whose curves are drawn."""
    st.markdown(f"**{say('curves')}**", help=in_lines(NETWORKS))
    names = draw_choices(controls.curves(kind), say)
    return [experiment for name, experiment in loading.experiments(kind).items() if name in names]


def show_curves(
    report: Report, kind: str, chosen: Sequence[Experiment], logarithmic: bool, say: Translator
) -> None:
    """The curves of some models of one kind of data, with what they say."""
    found = [report.models[e.name] for e in chosen if e.name in report.models]
    absent = [loading.name(e) for e in chosen if e.name not in report.models]
    if found:
        message = invariance(report, kind, found, say)
        st.markdown(message)
        figure = curves_figure(
            [panel(report, kind, parameter, found, say) for parameter in PARAMETERS],
            {m.experiment.title: loading.name(m.experiment) for m in found},
            say("error_axis"),
            say("guessing"),
            say("range"),
            logarithmic,
        )
        plot(figure, key="curves_figure", alt=message.replace("*", ""))
    else:
        st.info(say("no_curves"))
    count, clutter = report.settings["curve_digits"], say("with_clutter") if kind == "tc" else ""
    notes = [
        say(
            "curves_note",
            count=f"{count:,}",
            every=report.settings["digits"] // count,
            clutter=clutter,
        )
    ]
    st.caption(
        " ".join(notes + ([say.markdown("without", names=", ".join(absent))] if absent else []))
    )


def panel(
    report: Report, kind: str, parameter: str, found: Sequence[ModelResult], say: Translator
) -> CurvePanel:
    unit, trained = UNITS[parameter], report.trained(kind, parameter)
    if trained:
        low, high = (f"{bound:g}{unit}".replace("-", "−") for bound in trained)
        note = say(
            "note_trained_shift" if (kind, parameter) == ("rts", "shift") else "note_trained",
            low=low,
            high=high,
        )
    else:
        note = say(f"note_{kind}" if kind in ("p", "e") else "note_never")
    errors = {measured.experiment.title: measured.curves[parameter] for measured in found}
    return CurvePanel(say(parameter), unit, report.sweep(kind, parameter), trained, note, errors)


def invariance(report: Report, kind: str, found: Sequence[ModelResult], say: Translator) -> str:
    """The largest errors inside and outside the range of training, of the first parameter that has
    one; and what follows."""
    parameter = next(name for name in PARAMETERS if report.trained(kind, name))
    low, high = report.trained(kind, parameter) or (0.0, 0.0)
    values = report.sweep(kind, parameter)
    largest = {}
    for side in (True, False):
        inside = [i for i, value in enumerate(values) if (low <= value <= high) == side]
        largest[side] = [
            max((measured.curves[parameter][i] for i in inside), default=0.0) for measured in found
        ]
    listed = {
        side: describe_errors(list(zip(errors, found, strict=True)), say)
        for side, errors in largest.items()
    }
    said = say("invariance", parameter=say(parameter), inside=listed[True], outside=listed[False])
    ends = all(
        outside > 5 * inside for inside, outside in zip(largest[True], largest[False], strict=True)
    )
    return f"{said} {say('invariance_lesson')}" if ends else said


def describe_errors(errors: list[tuple[float, ModelResult]], say: Translator) -> str:
    """The error of each model; of many, the smallest and the largest."""
    ordered = sorted(errors, key=lambda pair: pair[0])
    shown, between = (errors, ", ") if len(errors) <= 4 else ([ordered[0], ordered[-1]], " … ")
    return between.join(
        say("of_model", error=f"**{error:.1f}**", model=loading.name(m.experiment))
        for error, m in shown
    )


# Before and after


def choose_transformer(kind: str, say: Translator) -> Experiment:
    """The model whose transformer's mean images are shown."""
    st.markdown(f"**{say('transformer')}**")
    return controls.transformers(kind)[draw_choice(controls.means(kind), say, st.pills)]


def show_means(report: Report, experiment: Experiment, say: Translator) -> None:
    """The mean images before and after the transformer of one model, with what they say."""
    kind = experiment.data
    measured = report.models.get(experiment.name)
    if measured is None or measured.after is None:
        command = COMMAND if loading.is_there(experiment) else experiment.command
        st.info(
            say.markdown(
                "means_missing", model=loading.name(experiment), kind=say(kind), command=command
            )
        )
        return
    before, after = report.before[kind], measured.after
    shares = {"before": before.share, "after": after.share, "undistorted": report.undistorted.share}
    said = {key: f"{100 * share:.0f}" for key, share in shares.items()}
    message = say("aligned" if after.share < before.share else "not_aligned", **said)
    st.markdown(message)
    figure = means_figure(
        before.means,
        after.means,
        (say("before"), say("after", model=loading.name(experiment))),
        (f"{said['before']} %", f"{said['after']} %"),
        say("variance_caption"),
    )
    plot(figure, key="means_figure", alt=message.replace("*", ""))
    st.caption(
        say(
            "variance_note",
            digits=f"{report.settings['digits']:,}",
            within_before=f"{before.within:.2f}",
            within_after=f"{after.within:.2f}",
            between_before=f"{before.between:.2f}",
            between_after=f"{after.between:.2f}",
        )
    )
