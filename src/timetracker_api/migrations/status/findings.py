"""What an examination finds: each in a sentence, with the command that sets it right."""

from dataclasses import dataclass
from typing import Literal

from timetracker_api.migrations.failures import Failure

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a database."""

    subject: str
    text: str
    level: Level = "ok"
    way_out: str = ""
    failure: Failure | None = None
    """What this is in terms of exit codes, where it is a problem."""

    def document(self) -> dict[str, str]:
        """Return it for a program."""
        return {
            "level": self.level,
            "subject": self.subject,
            "text": self.text,
            "way_out": self.way_out,
        }

    def __str__(self) -> str:
        line = f"{self.level:8} {self.subject:12} {self.text}"
        return f"{line}\n{'':22}-> {self.way_out}" if self.way_out else line


def problem(subject: str, failure: Failure) -> Finding:
    """Return what keeps the database from being used or migrated."""
    return Finding(subject, failure.problem, "problem", failure.way_out, failure)


def warning(subject: str, text: str, way_out: str) -> Finding:
    """Return what will be a problem some day."""
    return Finding(subject, text, "warning", way_out)


def size(bytes: int) -> str:
    """Return a number of bytes for people."""
    return f"{bytes / 1_000_000:.1f} MB"
