"""What somebody is to read, in English, and what it takes to say it in another language."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


class Sentence(str):
    """``template`` with its blanks filled by ``details``, which may be Sentences too; ``key`` names it for who translates it."""

    key: str
    template: str
    details: dict[str, Any]

    def __new__(cls, key: str, template: str, **details: Any) -> "Sentence":
        sentence = super().__new__(cls, template.format(**details))
        sentence.key, sentence.template, sentence.details = key, template, details
        return sentence


class Complaint(ValueError):
    """An error whose message is a Sentence."""

    def __init__(self, key: str, template: str, **details: Any) -> None:
        self.sentence = Sentence(key, template, **details)
        super().__init__(self.sentence)


NOTHING = Sentence("nothing", "nothing")


def about_file(kind: type[Complaint], path: Path, command: str) -> Callable[..., Complaint]:
    """What makes the errors about a file: each names it, says what is wrong, and gives the command that makes a good one."""

    def fail(key: str, template: str, **details: Any) -> Complaint:
        what = Sentence(key, template, **details)
        return kind("unusable", "{path}: {what}. Make a good one with: {command}", path=path, what=what, command=command)

    return fail
