"""Terms of art, each explained where it stands: under the mouse, with the focus, and at a tap."""

from collections.abc import Iterable, Sequence
from html import escape

from stn_core.data.distortions import TABLE_KINDS
from ui.app.i18n import Translator, texts

NETWORKS = ("st", "cnn", "fcn", "affine", "projective", "tps", "map")  # of a model's name
SIGNS = {"U": "u", "θ": "theta", "V": "v"}


def about(say: Translator, *names: str) -> list[str]:
    """What each term means, in a sentence of the app's texts."""
    return [say(f"term_{name}") for name in names]


def in_lines(names: Iterable[str]) -> str:
    """The same as Markdown in the visitor's language, each in a line: the help of a heading."""
    return "\n\n".join(about(texts("app"), *names))


def about_model(model: str, say: Translator) -> list[str]:
    """What a name such as "rts-st-cnn-affine" or "2st-cnn" means; nothing for a model of somebody's
    own."""
    parts = [part.lstrip("0123456789") for part in model.split("-")]
    return about(say, *parts) if {*parts} <= {*NETWORKS, *TABLE_KINDS} else []


def explained(html: str, sentences: Sequence[str], label: str = "") -> str:
    """A term, as HTML has it, with what it means; without sentences it stays as it is. ``label`` is
    its name where the term itself is a sign."""
    if not sentences:
        return html
    said = escape(" ".join(sentences))
    named = f'role="button" aria-label="{escape(label)}" ' if label else ""
    attributes = f'class="explained" tabindex="0" {named}aria-description="{said}"'
    lines = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    note = f'<span class="explanation" role="tooltip">{lines}</span>'
    return f"<span {attributes}>{html}{note}</span>"
