"""What somebody is to read, in English, and what it takes to say it in another language."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


class Message(str):
    """``template`` with its blanks filled by ``details``, which may be messages too; ``key`` names
    it for who translates it."""

    key: str
    template: str
    details: dict[str, Any]

    def __new__(cls, key: str, template: str, **details: Any) -> "Message":
        message = super().__new__(cls, template.format(**details))
        message.key, message.template, message.details = key, template, details
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.key, self.template, self.details)


class StnError(ValueError):
    """An error whose message is a Message."""

    def __init__(self, key: str, template: str, **details: Any) -> None:
        self.sentence = Message(key, template, **details)
        super().__init__(self.sentence)

    def __reduce__(self) -> tuple[Any, ...]:
        sentence = self.sentence
        return _again, (type(self), sentence.key, sentence.template, sentence.details)


def _again(kind: type, key: str, template: str, details: dict[str, Any]) -> Any:
    """A message or an error anew, as another process reads it."""
    return kind(key, template, **details)


NOTHING = Message("nothing", "nothing")


def about_file(kind: type[StnError], path: Path, command: str) -> Callable[..., StnError]:
    """What makes the errors about a file: each names it, says what is wrong, and gives the command
    that makes a good one."""

    def fail(key: str, template: str, **details: Any) -> StnError:
        what = Message(key, template, **details)
        return kind(
            "unusable",
            "{path}: {what}. Make a good one with: {command}",
            path=path,
            what=what,
            command=command,
        )

    return fail
