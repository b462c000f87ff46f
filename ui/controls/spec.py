"""What a control is, stated once: its name, where it stands at first, and what else it may be.

A control's name (``key``) is its widget's key and its name in the address. Everything else that the
app wants to know follows from its statement: the widget (widgets.py), what a lesson may say of it
(``accepts``, ``accepted``, ``fitted``), how it stands in the address (``text`` and back, ``read``),
the range that an animation goes through (``sweeps``), and the value in a program to take home
(components/take_home/program.py).

Each page has its own in ``ui/pages/<page>/controls.py``, where ``table()`` has all of them by name.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ui.app.outside import number

Values = dict[str, Any]  # the values of some controls by their keys

FRAMES = 31  # of an animation, at most
CLASSES, CLASS_SIZE = 10, 500  # of the gallery of digits


class Control(ABC):
    """One named piece of a page's state.

    Attributes:
        key: its name.
        default: its value at the start; None for a text that is not there at first.
        label: the key of the text that names it on the page; empty where that is ``key``.
        kept_by_page: whether the page itself keeps it in the address, as a text. The others are
            widgets, which Streamlit binds to the address.
    """

    key: str
    default: Any
    label: str
    kept_by_page: bool

    @property
    def label_key(self) -> str:
        """The key of the text that names it."""
        return self.label or self.key

    @property
    def name(self) -> str:
        """Its name in a program, without the page's or distortion's prefix: ``angle``."""
        return self.key.partition("_")[2] or self.key

    @property
    @abstractmethod
    def accepted(self) -> str:
        """The accepted values in words; a ``Message`` where they need translation."""

    @abstractmethod
    def accepts(self, value: object) -> bool:
        """Whether a value from a lesson's file or an address is one of this control's."""

    @abstractmethod
    def fitted(self, value: Any) -> Any:
        """The value, or this control's nearest one, in the type that the page works with."""

    def text(self, value: Any) -> str | list[str]:
        """An accepted value as it stands in the address."""
        return str(value)

    def read(self, texts: Sequence[str]) -> Any:
        """The accepted value that is nearest to what an address says under this name, once or
        several times; None if that is none. An address may say anything."""
        return texts[-1] if texts and self.accepts(texts[-1]) else None


@dataclass(frozen=True)
class Number(Control):
    """A number from ``low`` to ``high`` in steps of ``step``, all int or all float."""

    key: str
    low: float
    high: float
    default: float
    step: float = 1
    label: str = field(default="", kw_only=True)
    kept_by_page: bool = field(default=False, kw_only=True)

    @property
    def accepted(self) -> str:
        return f"{self.low:g} … {self.high:g}, ± {self.step:g}".replace("-", "−")

    def accepts(self, value: object) -> bool:
        return not isinstance(value, str) and number(value) == self.fitted(value)

    def fitted(self, value: Any) -> Any:
        found = number(value)
        within = self.default if found is None else min(max(found, self.low), self.high)
        steps = round((within - self.low) / self.step)
        return type(self.step)(round(self.low + steps * self.step, 6))

    def read(self, texts: Sequence[str]) -> Any:
        found = number(texts[-1]) if texts else None
        return None if found is None else self.fitted(found)

    def every_value(self) -> list[Any]:
        """All its values, from the lowest to the highest."""
        count = round((self.high - self.low) / self.step)
        return [self.fitted(self.low + i * self.step) for i in range(count + 1)]

    def text(self, value: Any) -> str:
        return str(value) if isinstance(value, int) else f"{value:g}"


@dataclass(frozen=True)
class Slider(Number):
    """A number with a slider.

    Attributes:
        unit: what stands behind the number: "°", "×" or "px".
        trained: the range that training draws from, if it is bounded.
        half: whether it takes half a line; two such in a row share one.
        neutral: where it changes nothing, if that is not the default.
        swept: whether an animation may go through its range; a seed has none that one could watch.
    """

    unit: str = field(default="", kw_only=True)
    trained: tuple[float, float] | None = field(default=None, kw_only=True)
    half: bool = field(default=False, kw_only=True)
    neutral: float | None = field(default=None, kw_only=True)
    swept: bool = field(default=True, kw_only=True)

    @property
    def rest(self) -> float:
        """Where it changes nothing."""
        return self.default if self.neutral is None else self.neutral


@dataclass(frozen=True)
class LiveSlider(Slider):
    """A slider that a page's component draws itself, since its figure follows while it moves; the
    page keeps it in the address (address.py: ``values_in_address``)."""

    kept_by_page: bool = field(default=True, kw_only=True)


def rows(sliders: Sequence[Slider]) -> list[list[Slider]]:
    """Sliders line by line: two half ones in a row share a line."""
    found: list[list[Slider]] = []
    for slider in sliders:
        if slider.half and found and len(found[-1]) == 1 and found[-1][0].half:
            found[-1].append(slider)
        else:
            found.append([slider])
    return found


def arguments(sliders: Sequence[Slider], values: Values) -> Values:
    """The values of sliders by their names, as ``stn_core`` takes them: degrees become radians."""
    return {
        slider.name: math.radians(values[slider.key]) if slider.unit == "°" else values[slider.key]
        for slider in sliders
    }


@dataclass(frozen=True)
class Choice(Control):
    """One of several named options.

    ``option_label`` is what the keys of the options' texts begin with, before "_" and the option;
    empty where that is ``key``.
    """

    key: str
    options: tuple[str, ...]
    default: str
    label: str = field(default="", kw_only=True)
    option_label: str = field(default="", kw_only=True)
    kept_by_page: bool = field(default=False, kw_only=True)

    @property
    def accepted(self) -> str:
        return listed(self.options)

    def accepts(self, value: object) -> bool:
        return value in self.options

    def fitted(self, value: Any) -> str:
        """The option; the default for anything else."""
        return value if value in self.options else self.default

    def option_key(self, option: str) -> str:
        """The key of an option's text."""
        return f"{self.option_label or self.key}_{option}"


@dataclass(frozen=True)
class Choices(Control):
    """Any number of several named options; ``at_start`` are those that are chosen at the start."""

    key: str
    options: tuple[str, ...]
    at_start: tuple[str, ...]
    label: str = field(default="", kw_only=True)
    kept_by_page = False

    @property
    def default(self) -> list[str]:
        return list(self.at_start)

    @property
    def accepted(self) -> str:
        return f"[ {listed(self.options)} ]"

    def accepts(self, value: object) -> bool:
        return isinstance(value, list) and all(name in self.options for name in value)

    def fitted(self, value: Any) -> list[str]:
        return [name for name in value if name in self.options]

    def text(self, value: Any) -> list[str]:
        return list(value)

    def read(self, texts: Sequence[str]) -> list[str] | None:
        found = list(dict.fromkeys(self.fitted(texts)))
        return found if found or list(texts) == [""] else None


@dataclass(frozen=True)
class Switch(Control):
    """On or off."""

    key: str
    default: bool
    label: str = field(default="", kw_only=True)
    kept_by_page = False
    accepted = "true, false"

    def accepts(self, value: object) -> bool:
        return isinstance(value, bool)

    def fitted(self, value: Any) -> bool:
        return bool(value)

    def text(self, value: Any) -> str:
        return str(value).lower()

    def read(self, texts: Sequence[str]) -> bool | None:
        return {"true": True, "false": False}.get(texts[-1].lower()) if texts else None


@dataclass(frozen=True)
class Text(Control):
    """A text without a widget, which only the address has: such as a digit that was drawn.

    ``reads`` says whether a text is one, ``words`` what is accepted.
    """

    key: str
    reads: Callable[[str], bool]
    words: str
    default = None
    label = ""
    kept_by_page = True

    @property
    def accepted(self) -> str:
        return self.words

    def accepts(self, value: object) -> bool:
        return isinstance(value, str) and self.reads(value)

    def fitted(self, value: Any) -> str | None:
        return value if self.accepts(value) else None


@dataclass(frozen=True)
class GalleryDigit:
    """A gallery digit: its class under ``key``, its number within it under ``number_key``."""

    key: str
    number_key: str
    label: int
    number: int

    def class_control(self) -> Number:
        return Number(self.key, 0, CLASSES - 1, self.label)

    def number_control(self) -> Number:
        return Number(self.number_key, 0, CLASS_SIZE - 1, self.number)

    def place(self, label: int, number: int) -> int:
        """Where the digit lies in the gallery."""
        return CLASS_SIZE * label + number


def by_name(*controls: Control | GalleryDigit) -> dict[str, Control]:
    """Controls by their names, a gallery digit as the two that it is, in the order given."""
    found: list[Control] = []
    for control in controls:
        found += (
            [control.class_control(), control.number_control()]
            if isinstance(control, GalleryDigit)
            else [control]
        )
    return {control.key: control for control in found}


def listed(options: Sequence[str]) -> str:
    """Options with quotes and commas."""
    return ", ".join(f'"{option}"' for option in options)


# Animations


@dataclass(frozen=True)
class Sweep:
    """What an animation goes through: a value of the page with its name, values and unit."""

    key: str
    label: str
    values: tuple[Any, ...]
    unit: str = ""

    def text(self, value: Any) -> str:
        return f"{self.label}: {value:g}{' ' if self.unit.isalpha() else ''}{self.unit}".replace(
            "-", "−"
        )


def sweeps(sliders: Sequence[Slider], say: Callable[[str], str]) -> list[Sweep]:
    """The sliders' ranges, whole if they have few values; ``say`` gives a text by its key."""
    return [
        Sweep(slider.key, say(slider.label_key), _spread(slider), slider.unit)
        for slider in sliders
        if slider.swept
    ]


def _spread(slider: Slider) -> tuple[Any, ...]:
    last = min(round((slider.high - slider.low) / slider.step), FRAMES - 1)
    return tuple(
        dict.fromkeys(
            slider.fitted(slider.low + (slider.high - slider.low) * i / last)
            for i in range(last + 1)
        )
    )
