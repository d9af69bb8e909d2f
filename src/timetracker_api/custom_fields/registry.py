"""All definitions there are, as this process remembers them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.definition import ATTRIBUTES, Definition
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.values import Validator
from timetracker_api.db.schema_version import Snapshot


@dataclass(frozen=True)
class Fields:
    """The custom fields of one entity type."""

    active: Mapping[str, Validator] = field(default_factory=dict[str, Validator])
    """In the order of forms: by position, then label."""
    inactive: frozenset[str] = frozenset()

    @property
    def mandatory(self) -> frozenset[str]:
        """The keys that new records must have."""
        return frozenset(k for k, each in self.active.items() if each.definition.is_mandatory)

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


Registry = Mapping[str, Fields]
NONE = Fields()
MOST_SUGGESTIONS = 5

_columns = select(*(getattr(CustomFieldDefinition, name) for name in ATTRIBUTES)).order_by(
    CustomFieldDefinition.position, CustomFieldDefinition.label, CustomFieldDefinition.id
)


async def _load(session: AsyncSession) -> Registry:
    rows = await session.execute(_columns)
    definitions = [Definition(**row) for row in rows.mappings()]
    types = {name for definition in definitions for name in definition.applies_to}
    return {name: _fields(name, definitions) for name in types}


def _fields(entity_type: str, definitions: Sequence[Definition]) -> Fields:
    ours = [each for each in definitions if entity_type in each.applies_to]
    return Fields(
        active={each.key: Validator(each) for each in ours if each.is_active},
        inactive=frozenset(each.key for each in ours if not each.is_active),
    )


_snapshot = Snapshot(_load)


async def fields_of(session: AsyncSession, entity_type: str) -> Fields:
    """Return the custom fields of an entity type, as of the version the session sees."""
    return (await _snapshot.current(session)).get(entity_type, NONE)
