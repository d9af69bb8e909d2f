"""What a caller was told, and therefore has to find in the end."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Record = dict[str, Any]
Records = dict[int, Record | None]


class Write(NamedTuple):
    """A change that was acknowledged, as an event has to tell of it."""

    request_id: str
    type: str
    entity_id: int


@dataclass
class Ledger:
    """The records of one caller: nobody else changes them."""

    records: defaultdict[str, Records] = field(
        default_factory=lambda: defaultdict[str, Records](dict)
    )
    """By address and id, as they were acknowledged last; None for what was deleted."""
    uncertain: set[str] = field(default_factory=set[str])
    """The marks of what may be there or not: sent once, without a key, and never answered."""
    writes: list[Write] = field(default_factory=list[Write])

    def alive(self, address: str) -> list[Record]:
        """Return what there is at an address."""
        return [record for record in self.records[address].values() if record]

    def differences(self, address: str, found: Sequence[Record]) -> Iterator[str]:
        """Say how what is found there differs from what was acknowledged."""
        for mark, times in Counter(map(mark_of, found)).items():
            if times > 1:
                yield f"{address}: {mark} is there {times} times"
        known = self.records[address]
        there = {record["id"]: record for record in found}
        for id, record in known.items():
            if record is None and id in there:
                yield f"{address}/{id} was deleted, and is there"
            elif record is not None and id not in there:
                yield f"{address}/{id} was acknowledged, and is lost: {record}"
            elif record is not None and there[id] != record:
                yield f"{address}/{id} was acknowledged as {record}, and is {there[id]}"
        for id, record in there.items():
            if id not in known and mark_of(record) not in self.uncertain:
                yield f"{address}/{id} was never asked for: {record}"


def mark_of(record: Record) -> str:
    """Return what a record was given to be told from all others by."""
    return record["notes"] if "notes" in record else record["name"]
