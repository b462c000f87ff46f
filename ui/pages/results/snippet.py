"""The program of the results page."""

from collections.abc import Sequence

from ui.components.take_home.program import program


def snippet(report: str, kind: str, curves: Sequence[str], transformer: str | None) -> str:
    """``report`` is Python for its path; the experiments ``curves`` are drawn, ``transformer`` is
    the one that aligns."""
    code = f"""
report = read_report({report})
for name, measured in report.models.items():  # the table
    paper = measured.experiment.paper_error
    print(name, measured.error, "paper", paper, "meets it:", measured.meets_paper)
curves = {{name: report.models[name].curves for name in {list(curves)!r}}}
for parameter in ("rotation", "scale", "shift"):
    errors = [curve[parameter] for curve in curves.values()]
    print(parameter, report.sweep({kind!r}, parameter), errors)"""
    if transformer:
        code += f"""
before = report.before[{transformer.partition("-")[0]!r}].share
after = report.models[{transformer!r}].after.share
print("variance within the classes, as a share of that between them:", before, "->", after)"""
    imports = ["from stn_core.evaluation.report import read_report"]
    return program(imports, code)
