"""A visitor's windows on a picture, from a browser and from a URL. Neither is trusted."""

from collections.abc import Sequence
from typing import Any

from ui.components.messages import finite

MOST_WINDOWS = 4

Places = tuple[tuple[float, float], ...]


def places_of(said: Any) -> tuple[str, Places | None]:
    """The key of the picture and the places of a message, checked; no places for the network's own,
    or if it is no message."""
    try:
        key, places = said["picture"], said["places"]
        if not isinstance(key, str):
            return "", None
        return key[:8], None if places is None else checked(places)
    except (KeyError, TypeError, ValueError):
        return "", None


def places_to_text(key: str, places: Places) -> str:
    """Where the windows are on a picture, for a URL."""
    return ",".join([key, *(f"{value:.2f}" for place in places for value in place)])


def places_from_text(text: str | None, key: str, count: int) -> Places | None:
    """The places in a URL's text; None if there are none for that picture and so many windows."""
    head, *numbers = (text or "").split(",")
    if head != key or len(numbers) != 2 * count:
        return None
    try:
        return checked(list(zip(numbers[::2], numbers[1::2], strict=True)))
    except ValueError:
        return None


def are_places(text: str) -> bool:
    """Whether a URL's text has places for any picture."""
    key, *numbers = text.split(",")
    return places_from_text(text, key, len(numbers) // 2) is not None


def checked(places: Sequence[Sequence[Any]]) -> Places:
    """Places brought into the picture. ValueError if they are none."""
    if not 1 <= len(places) <= MOST_WINDOWS:
        raise ValueError(f"expected 1 to {MOST_WINDOWS} places; got {len(places)}")
    return tuple((_fitted(x), _fitted(y)) for x, y in places)


def _fitted(value: Any) -> float:
    return round(min(max(finite(value), -1.0), 1.0), 2)
