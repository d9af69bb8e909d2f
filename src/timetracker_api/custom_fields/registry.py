"""All definitions there are, as this process remembers them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.definition import ATTRIBUTES, Definition
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.values import Validator
from timetracker_api.db.schema_version import Snapshot
from timetracker_api.db.session import context


@dataclass(frozen=True)
class Fields:
    """The custom fields of one entity type, as people with one role know them."""

    active: Mapping[str, Validator] = field(default_factory=dict[str, Validator])
    """In the order of forms: by position, then label."""
    inactive: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    """The keys of fields that others give values to."""
    hidden: Mapping[str, Validator] = field(default_factory=dict[str, Validator])
    """Fields of which nothing may be learned: to every question they are undefined."""

    @cached_property
    def required(self) -> frozenset[str]:
        """The keys that new records must have, as far as the caller can see to that."""
        return self._mandatory(self.active) - self.read_only

    @cached_property
    def complete(self) -> frozenset[str]:
        """The keys that a record must have to be complete, whoever writes it."""
        return self._mandatory(self.active) | self._mandatory(self.hidden)

    def _mandatory(self, fields: Mapping[str, Validator]) -> frozenset[str]:
        found = (each.definition for each in fields.values())
        return frozenset(each.key for each in found if each.is_mandatory and each.is_active)

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """What new records have, also of fields that the caller does not see."""
        found = (each.definition for each in (*self.active.values(), *self.hidden.values()))
        return {
            each.key: each.default for each in found if each.is_active and each.default is not None
        }

    @cached_property
    def unique(self) -> Sequence[Definition]:
        """The fields in which no two records may have the same, whoever writes them."""
        found = (each.definition for each in (*self.active.values(), *self.hidden.values()))
        return [each for each in found if each.is_unique and each.is_active]

    def undefined(self, keys: Iterable[str], prefix: str = "") -> Iterator[tuple[str, str]]:
        """Say of each key that it has no active definition, and which one it may stand for."""
        for position, key in enumerate(keys):
            if key in self.inactive:
                yield key, f"The custom field {key} is not active."
                continue
            # Comparing one key with all others takes milliseconds, so a request gets a few.
            candidates = self.active if position < MOST_SUGGESTIONS else ()
            nearest = get_close_matches(key, candidates, n=1)
            hint = f" Did you mean {prefix}{nearest[0]}?" if nearest else ""
            yield key, f"No custom field {key!a} is defined here.{hint}"


MOST_SUGGESTIONS = 5


class Registry:
    """All definitions, ready to check values."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self._validators = [Validator(each) for each in definitions]
        self._seen: dict[tuple[str, str | None], Fields] = {}

    def fields(self, entity_type: str, role: str | None) -> Fields:
        """Return the fields of an entity type as people with this role know them."""
        known = self._seen.get((entity_type, role))
        if known is None:
            known = self._seen[entity_type, role] = self._fields(entity_type, role)
        return known

    def hidden(self, role: str | None) -> frozenset[str]:
        """Return the keys of all fields that people with this role must not learn of."""
        found = (each.definition for each in self._validators)
        return frozenset(each.key for each in found if not each.is_readable(role))

    def _fields(self, entity_type: str, role: str | None) -> Fields:
        ours = {
            each.definition.key: each
            for each in self._validators
            if entity_type in each.definition.applies_to
        }
        seen = {key: each.definition for key, each in ours.items()}
        readable = {key for key, each in seen.items() if each.is_readable(role)}
        return Fields(
            active={k: each for k, each in ours.items() if k in readable and seen[k].is_active},
            inactive=frozenset(k for k in readable if not seen[k].is_active),
            read_only=frozenset(k for k in readable if not seen[k].is_writable(role)),
            hidden={k: each for k, each in ours.items() if k not in readable},
        )


_columns = select(*(getattr(CustomFieldDefinition, name) for name in ATTRIBUTES)).order_by(
    CustomFieldDefinition.position, CustomFieldDefinition.label, CustomFieldDefinition.id
)


async def _load(session: AsyncSession) -> Registry:
    rows = await session.execute(_columns)
    return Registry([Definition(**row) for row in rows.mappings()])


_snapshot = Snapshot(_load)


async def registry(session: AsyncSession) -> Registry:
    """Return all definitions, as of the version the session sees."""
    return await _snapshot.current(session)


async def fields_of(session: AsyncSession, entity_type: str) -> Fields:
    """Return the custom fields of an entity type, as the caller knows them."""
    return (await registry(session)).fields(entity_type, context(session).role)


async def hidden_keys(session: AsyncSession) -> frozenset[str]:
    """Return the keys of all fields that the caller must not learn of."""
    return (await registry(session)).hidden(context(session).role)
