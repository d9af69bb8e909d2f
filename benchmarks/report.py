"""The report: sections of tables, and what misses its goal."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

TRIED = Path(__file__).with_name("tried.md")
"""What no measurement says: how the figures came about, and why some are not better."""


@dataclass
class Section:
    """What a suite has found so far."""

    title: str
    about: str
    lines: list[str] = field(default_factory=list[str])
    """Tables, and what there is to say of them, in Markdown."""
    misses: list[str] = field(default_factory=list[str])
    """What has not met its goal, each in a few words."""

    def say(self, text: str) -> None:
        """Add some lines, and show them to whoever waits for the rest."""
        print(text, file=sys.stderr)
        self.lines.append(text)

    def found(self, row: str, outcome: str, *, is_met: bool | None) -> None:
        """Add a row to a table, and the outcome to the misses if it is one."""
        self.say(row)
        if is_met is False:
            self.misses.append(outcome)

    @property
    def text(self) -> str:
        """Return it as Markdown."""
        return "\n".join((f"## {self.title}", "", self.about.strip(), "", *self.lines))


def report(about: str, sections: Sequence[Section]) -> str:
    """Return the whole of it as Markdown."""
    misses = [f"- {each}" for section in sections for each in section.misses] or ["Nothing."]
    ending = "\n".join(("## What misses its goal", "", *misses))
    tried = TRIED.read_text(encoding="utf-8")
    parts = ("# Benchmarks", about, *(each.text for each in sections), ending, tried)
    return "\n\n".join(parts)


def verdict(*, is_met: bool | None) -> str:
    """Return a cell that says whether a goal is met; nothing where there is none."""
    return {True: "yes", False: "**no**", None: ""}[is_met]
