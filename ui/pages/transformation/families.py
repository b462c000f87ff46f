"""What each family of transformations keeps, as a table, and how far the warp that is shown breaks
what its own family does not keep."""

from collections.abc import Mapping
from html import escape

from stn_core import TRANSFORMS
from stn_core.explain.invariants import CONTAINS, KEEPS, PROPERTIES
from ui.app.i18n import Translator
from ui.drawing.canvas import GRID


def families_html(family: str, broken: Mapping[str, float], say: Translator) -> str:
    """The table; ``family`` is marked, and ``broken`` says by how much each property is
    (``broken_invariants``)."""
    head = "".join(f'<th scope="col">{escape(say(f"keeps_{name}"))}</th>' for name in PROPERTIES)
    body = "".join(_row(name, family, broken, say) for name in KEEPS)
    head = f"<thead><tr><td></td>{head}</tr></thead>"
    return (
        f'<div class="families" style="--chosen: {GRID}">'
        f"<table>{head}<tbody>{body}</tbody></table></div>"
    )


def _row(name: str, family: str, broken: Mapping[str, float], say: Translator) -> str:
    chosen, special = name == family, name in CONTAINS[family]
    mark = "▶ " if chosen else "<span>⊂ </span>" if special else ""
    count = say("numbers", count=TRANSFORMS[name].num_params)
    title = escape(say(f"t_family_{name}"))
    title = f'<th scope="row">{mark}{title}<span> · {escape(count)}</span></th>'
    cells = ""
    for each in PROPERTIES:
        if each in KEEPS[name]:
            cells += '<td class="kept">✓</td>'
        else:
            cells += f"<td>{_amount(each, broken[each]) if chosen else ''}</td>"
    return f"<tr{' class=chosen' if chosen else ''}>{title}{cells}</tr>"


def _amount(name: str, value: float) -> str:
    """By how much a property is broken."""
    if name == "size":
        return f"× {value:.2f}" if value < 100 else "× ∞"
    if name == "lines":
        pixels = value * 14
        return f"{pixels:.1f} px" if pixels < 200 else "∞"
    return f"{value:.0f}°"
