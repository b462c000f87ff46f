"""What glibc does with freed memory: a training wants to keep it, a server to give it back.
Elsewhere these do nothing."""

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -3, -4, -8  # as in malloc.h


def keep_freed_memory() -> None:
    """Keep the memory that a batch frees for the next one: fetching it from the kernel anew costs a
    third of a training step, and more than half of reading sixteen photographs of birds."""
    _call("mallopt", M_MMAP_MAX, 0)  # no separate mappings for large blocks
    _call("mallopt", M_TRIM_THRESHOLD, 2**31 - 1)


def share_heaps() -> None:
    """Two heaps for all threads: Streamlit runs every visitor's script in threads of its own, and
    each would keep a heap. They keep what is freed, up to 128 MB, until ``give_back_memory``:
    fetching a model's maps from the kernel anew, each on its own, would take most of its time."""
    _call("mallopt", M_ARENA_MAX, 2)
    _call("mallopt", M_MMAP_THRESHOLD, 2**25)  # the largest there is
    _call("mallopt", M_TRIM_THRESHOLD, 2**27)


def give_back_memory() -> None:
    """Return what is free to the operating system; 2 to 8 ms."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None) if os.name == "posix" else None
    if function:
        function(*arguments)
