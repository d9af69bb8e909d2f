"""What is wrong with a file, where it says so."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]
PLAIN = re.compile(r"\w+", re.ASCII)


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong."""

    message: str
    path: Path = ()
    """The way to it, from the top of the file."""
    line: int | None = None

    @property
    def place(self) -> str:
        """The path as people write it: ``custom_fields[3].pattern``."""
        return "".join(_step(part) for part in self.path).lstrip(".")


class Refused(Exception):
    """The file cannot be read, or not be applied; nothing was changed."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = sorted(complaints, key=lambda each: each.line or 0)
        super().__init__("; ".join(each.message for each in self.complaints))


class Unreadable(Refused):
    """It is wrong in itself, whatever is in the database."""


def _step(part: str | int) -> str:
    if isinstance(part, str) and PLAIN.fullmatch(part):
        return f".{part}"
    return f"[{part!a}]"
