"""What applying a file changes, told as people review it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from timetracker_api.definition_file.sections import Identity, Section
from timetracker_api.entities import Values


@dataclass(frozen=True)
class Change:
    """One definition that is added or changed."""

    section: Section
    identity: Identity
    before: Values | None
    """None for one that is new."""
    after: Values
    """What is different; all of it where it is new."""

    def lines(self) -> Iterator[str]:
        """Give a line for each thing that changes."""
        called = self.section.called(self.identity)
        if self.before is None:
            kind = f" ({self.after['kind']})" if "kind" in self.after else ""
            yield f"+ {called}{kind}"
            return
        for name, value in self.after.items():
            for line in _attribute(name, self.before[name], value):
                yield f"~ {called}: {line}"

    def document(self) -> dict[str, Any]:
        """Return the same for programs."""
        before = self.before or {}
        return {
            "action": "add" if self.before is None else "change",
            "section": self.section.name,
            **dict(zip(self.section.identity, self.identity, strict=True)),
            "attributes": {
                name: {"old": before.get(name), "new": value} for name, value in self.after.items()
            },
        }


@dataclass
class Outcome:
    """What a file has changed."""

    changes: list[Change] = field(default_factory=list[Change])
    left_alone: list[tuple[Section, Identity]] = field(
        default_factory=list[tuple[Section, Identity]]
    )
    """What the file does not mention."""

    def lines(self) -> Iterator[str]:
        """Give the lines of the report."""
        for change in self.changes:
            yield from change.lines()
        for section, identity in self.left_alone:
            yield f"- only in the database: {section.called(identity)} (left alone)"
        if not self.changes:
            yield "nothing to change"

    def document(self) -> dict[str, Any]:
        """Return the same for programs."""
        return {
            "changes": [change.document() for change in self.changes],
            "only_in_database": [
                {"section": section.name, **dict(zip(section.identity, identity, strict=True))}
                for section, identity in self.left_alone
            ],
        }


def _attribute(name: str, old: Any, new: Any) -> Iterator[str]:
    if name != "choices":
        yield f"{name} {_json(old)} -> {_json(new)}"
        return
    before, after = _by_value(old), _by_value(new)
    for value in (value for value in before if value not in after):
        yield f"choice {_json(value)} removed"
    for value, choice in after.items():
        if value not in before:
            yield f"choice {_json(value)} added"
            continue
        for part in choice:
            if choice[part] != before[value].get(part):
                was = _json(before[value].get(part))
                yield f"choice {_json(value)}: {part} {was} -> {_json(choice[part])}"
    kept = [value for value in before if value in after]
    if kept != [value for value in after if value in before]:
        yield f"choices in the order {', '.join(map(_json, after))}"


def _by_value(choices: Sequence[Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    return {choice["value"]: choice for choice in choices}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
