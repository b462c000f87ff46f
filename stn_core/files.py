"""Files: written whole or not at all, and read only where there is one to read."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from stn_core.messages import Message, StnError

_FULL = Message("disk_full", "the disk is full: free some space, or name another place")
_FORBIDDEN = Message(
    "not_allowed", "writing is not allowed there: name another place, or change its permissions"
)
_FILE_FOR_FOLDER = Message(
    "file_for_folder", "a file lies where its folder should be: name another place"
)
_FOLDER_FOR_FILE = Message(
    "folder_for_file", "a folder lies in its place: take that away, or name another place"
)
_REASONS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: _FORBIDDEN,
    errno.EEXIST: _FILE_FOR_FOLDER,
    errno.ENOTDIR: _FILE_FOR_FOLDER,
    errno.EISDIR: _FOLDER_FOR_FILE,
}


class FileError(StnError):
    """A file that can't be written; the message names it and says why and what to do."""


def write_file(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Write a file so that there is at any moment, whoever reads and whatever ends the process, the
    old one or the new one, and either is whole.

    The content goes to a hidden file beside it, under a name that nobody else has, which then takes
    its place; the permissions are those of any new file. Folders that are missing are made. A
    stream, such as /dev/null or a pipe that somebody reads, is written into. FileError in one
    sentence if that can't be done; nothing is left behind then.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    with _sentences(path):
        if _is_stream(path):
            # which says at once if nobody reads a pipe
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            os.set_blocking(descriptor, True)
            with open(descriptor, "wb") as stream:  # noqa: PTH123
                stream.write(data)
            return path
        place = Path(os.path.realpath(path))  # a link stays one
        with _beside(place) as unfinished:
            with unfinished.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(place)
    return path


def check_writable(path: str | os.PathLike[str]) -> None:
    """FileError if ``write_file`` could not write ``path``: to ask before hours of work."""
    path = Path(path)
    with _sentences(path):
        if _is_stream(path):
            return
        with _beside(Path(os.path.realpath(path))) as unfinished:
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, "is a folder")
            unfinished.touch()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep others who would write ``path`` out until the end. FileError if somebody else does."""
    lock = path.with_name(f".{path.name}.lock")
    with _sentences(path):
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock, timeout=0)
        try:
            held.acquire()
        except Timeout:
            raise FileError(
                "locked",
                "{path} is being written by another run: wait for it, or name another place",
                path=path,
            ) from None
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()
        held.release()


def why_unreadable(path: Path) -> Message | None:
    """Why ``path`` is no file that can be read, None if it is one. A pipe is none: it would be
    waited for."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            return Message("is_folder", "it is a folder")
        if not stat.S_ISREG(kind):
            return Message("no_file", "it is no ordinary file")
        path.open("rb").close()
    except FileNotFoundError:
        if path.is_symlink():
            return Message("dangling", "it is a link to what is not there")
        return Message("not_there", "it is not there")
    except (OSError, ValueError) as error:
        return Message("unreadable", "it can't be read ({why})", why=reason(error))
    return None


def is_there(path: Path) -> bool:
    """Whether anything has that name, also if it can't be read: a folder, a link to nothing."""
    return os.path.lexists(path)


def changed(path: Path) -> int:
    """When a file was changed, in nanoseconds; 0 if there is none."""
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def visible(folder: Path, *patterns: str) -> list[Path]:
    """What matches one of the patterns in a folder, by name, without hidden files and those that
    editors and systems leave (.x, ._x, .#x, ~$x, #x#). Nothing if the folder can't be read."""
    try:
        found = {path for pattern in patterns for path in folder.glob(pattern)}
    except OSError:
        return []
    return sorted(
        path
        for path in found
        if not any(part.startswith((".", "~", "#")) for part in path.relative_to(folder).parts)
    )


def reason(error: BaseException) -> str:
    """What an error says, in one line and without the path that it may name."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split()) or type(error).__name__


def _is_stream(path: Path) -> bool:
    try:
        kind = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A name in the path's folder that nobody else has, and at the end nobody has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        yield unfinished
    finally:
        with suppress(OSError):
            unfinished.unlink()


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        if isinstance(error, StnError):
            raise
        why = _REASONS.get(getattr(error, "errno", None) or 0, reason(error))
        raise FileError(
            "not_written", "{path} can't be written: {why}", path=path, why=why
        ) from error
