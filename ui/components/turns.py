"""Reruns take turns.

Streamlit runs every visitor's page in a thread of its own, and Python runs one thread at a time.
Where fifty compute at once, each waits for the others after every operation of PyTorch, and so does
the server's event loop, which sends what is ready. One after the other, all are done sooner:
``python -m benchmarks.sessions --rush`` counts them.
"""

import threading
from contextlib import AbstractContextManager, nullcontext

from ui.components.take_home import animation_is_asked

_turn = threading.Lock()


def turn() -> AbstractContextManager[object]:
    """To be held while a page computes what it shows, never while it waits for anything. An
    animation, which takes long, waits for no turn: it gives way after each of its pictures."""
    return nullcontext() if animation_is_asked() else _turn
