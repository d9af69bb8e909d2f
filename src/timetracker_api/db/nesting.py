"""Rows of columns as the objects that people are shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Self

SEPARATOR = "__"
"""A column labelled ``client__name`` becomes the member ``name`` of an object ``client``."""

IDENTIFYING = frozenset({"id", "amount", "name"})
"""The members of an inner object without which it is null."""

Pick = Callable[[Sequence[Any]], Sequence[Any]]


@dataclass(frozen=True)
class Members:
    """Some columns of a row, under the names they have in one object."""

    names: Sequence[str]
    pick: Pick
    identity: int | None
    """Which of them has to be there."""

    @classmethod
    def of(cls, places: Sequence[tuple[int, str]]) -> Self:
        """Read the columns at these places, with these names."""
        names = [name for _, name in places]
        identity = next((i for i, name in enumerate(names) if name in IDENTIFYING), None)
        return cls(names, _picking([place for place, _ in places]), identity)

    def whole(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return all of them."""
        return dict(zip(self.names, self.pick(row), strict=True))

    def inner(self, row: Sequence[Any]) -> dict[str, Any] | None:
        """Return all of them, or nothing where they are those of nobody."""
        values = self.pick(row)
        if self.identity is not None and values[self.identity] is None:
            return None
        return dict(zip(self.names, values, strict=True))


@dataclass(frozen=True)
class Shape:
    """What becomes of the columns of one statement; worked out once, and used for every row."""

    outer: Members
    inner: Sequence[tuple[str, Members]]

    @classmethod
    def of(cls, labels: Sequence[str]) -> Self:
        """Read the labels of the columns."""
        members: dict[str, list[tuple[int, str]]] = {"": []}
        for place, label in enumerate(labels):
            parent, _, name = label.rpartition(SEPARATOR)
            members.setdefault(parent, []).append((place, name))
        outer = members.pop("")
        inner = [(parent, Members.of(places)) for parent, places in members.items()]
        return cls(Members.of(outer), inner)

    def shaped(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return a row as an object."""
        values = tuple(row)
        shaped = self.outer.whole(values)
        for parent, members in self.inner:
            shaped[parent] = members.inner(values)
        return shaped


def _picking(places: Sequence[int]) -> Pick:
    """Return what takes these places of a row; `itemgetter` alone would not give one in a list."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: [row[place] for place in places]
