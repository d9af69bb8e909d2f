"""Makes the database say what a file says: all of it or, where one thing is refused, nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.base import fold
from timetracker_api.definition_file import usernames
from timetracker_api.definition_file.changes import Change, Outcome
from timetracker_api.definition_file.complaints import Complaint, Refused
from timetracker_api.definition_file.reading import DefinitionFile, Wanted
from timetracker_api.definition_file.sections import FIELDS, SECTIONS, Identity, Section
from timetracker_api.entities import Values
from timetracker_api.problems import Fault, Invalid, Problem
from timetracker_api.web.errors import problem_of


@dataclass
class _Step:
    """A change, and what it takes."""

    change: Change
    entity: Any = None
    values: Values = field(default_factory=dict[str, Any])
    """What is stored."""
    wanted: Wanted | None = None
    """Where the file asks for it; None for what it does not mention."""

    @property
    def growth(self) -> int:
        """How many more types of records have the field: there is a limit to how many they have,
        so what makes room goes first.
        """
        before = self.change.before
        return _reach({**(before or {}), **self.values}) - (_reach(before) if before else 0)


async def apply(
    session: AsyncSession, file: DefinitionFile, *, deactivate_missing: bool = False
) -> Outcome:
    """Apply a file, or raise `Refused` with everything that forbids it."""
    work = _Work(session, file, deactivate=deactivate_missing)
    existing = {section.name: await work.existing(section) for section in SECTIONS}
    await work.find_users(existing[FIELDS.name])
    for section in SECTIONS:
        steps = await work.steps(section, existing[section.name])
        for step in sorted(steps, key=lambda step: step.growth):
            await work.perform(step)
        work.outcome.changes += [step.change for step in steps]
    if work.found:
        raise Refused(work.found)
    return work.outcome


class _Work:
    def __init__(self, session: AsyncSession, file: DefinitionFile, *, deactivate: bool) -> None:
        self.session = session
        self.file = file
        self.deactivate = deactivate
        self.outcome = Outcome()
        self.found: list[Complaint] = []
        self._names: Mapping[Any, str] = {}
        self._users: Mapping[str, tuple[str, int]] = {}

    async def existing(self, section: Section) -> Mapping[Identity, Any]:
        """Return what there is, which nobody else changes before this is over."""
        kind = section.entity
        found: dict[Identity, Any] = {}
        for entity in await self.session.scalars(select(kind).order_by(kind.id).with_for_update()):
            identity = section.of({name: getattr(entity, name) for name in section.identity})
            found[identity] = entity
        return found

    async def find_users(self, fields: Mapping[Identity, Any]) -> None:
        """Find the users who are defaults, here and in the file."""
        ids = [each.default for each in fields.values() if each.kind == "user" and each.default]
        wanted = [each.values for each in self.file.of(FIELDS)]
        names = [values["default"] for values in wanted if usernames.is_of_user(values)]
        self._names = await usernames.of_ids(self.session, ids) if ids else {}
        self._users = await usernames.known(self.session, names) if names else {}

    async def steps(self, section: Section, existing: Mapping[Identity, Any]) -> list[_Step]:
        """Compare the file with what there is."""
        wanted: dict[Identity, Wanted] = {}
        for each in self.file.of(section):
            values = await section.completed(self.session, each.values)
            wanted[each.identity] = replace(each, values=values)
        steps = [self._step(each, existing.get(identity)) for identity, each in wanted.items()]
        for identity, entity in existing.items():
            if identity in wanted:
                continue
            if self.deactivate and entity.is_active:
                after = {"is_active": False}
                change = Change(section, identity, self._shown(section, entity), after)
                steps.append(_Step(change, entity, after))
            else:
                self.outcome.left_alone.append((section, identity))
        return [step for step in steps if step.change.after]

    def _step(self, wanted: Wanted, entity: Any | None) -> _Step:
        section, values = wanted.section, dict(wanted.values)
        stored = self._with_user(wanted, values)
        before = self._shown(section, entity) if entity is not None else None
        if before is not None:
            if before.get("kind") != values.get("kind"):
                self._refuse_new_kind(wanted, entity)
                values["kind"] = before["kind"]
            values = {name: value for name, value in values.items() if value != before[name]}
        change = Change(section, wanted.identity, before, values)
        return _Step(change, entity, {name: stored[name] for name in values}, wanted)

    def _with_user(self, wanted: Wanted, values: Values) -> Values:
        """Return what is stored; ``values`` get the name as the user writes it."""
        if not usernames.is_of_user(values):
            return values
        user = self._users.get(fold(values["default"]))
        if user is None:
            fault = Fault(
                pointer="/default",
                code="reference_not_found",
                message=f"There is no user {values['default']!a}.",
            )
            self.found += self.file.complaints(wanted.path, [fault])
            return values | {"default": None}
        values["default"], id = user
        return values | {"default": id}

    def _shown(self, section: Section, entity: Any) -> Values:
        """Return what there is as a file would say it."""
        values = {name: getattr(entity, name) for name in section.attributes}
        if section is FIELDS and usernames.is_of_user(values):
            values["default"] = self._names.get(values["default"], values["default"])
        return values

    def _refuse_new_kind(self, wanted: Wanted, entity: Any) -> None:
        message = (
            f"It is of kind {entity.kind}, and its values with it. To convert them, send"
            f" POST /api/v1/custom-field-definitions/{entity.id}/convert first."
        )
        self.found.append(self.file.document.complaint((*wanted.path, "kind"), message))

    async def perform(self, step: _Step) -> None:
        """Make a change as the API does; one that is refused is undone, to go on to the others."""
        section = step.change.section
        try:
            async with self.session.begin_nested():
                if step.entity is None:
                    await section.create(self.session, step.values)
                else:
                    await section.update(self.session, step.entity, step.values)
        except Problem as problem:
            self._refused(step, problem)
        except IntegrityError as error:
            self._refused(step, problem_of(error))

    def _refused(self, step: _Step, problem: Problem) -> None:
        faults = problem.faults
        if not isinstance(problem, Invalid) or not faults:
            at = faults[0].pointer if faults else ""
            faults = [Fault(pointer=at, code=problem.slug(), message=problem.detail)]
        if step.wanted is not None:
            self.found += self.file.complaints(step.wanted.path, faults)
            return
        called = step.change.section.called(step.change.identity)
        self.found += [
            Complaint(f"The {called} cannot be deactivated: {f.message}") for f in faults
        ]


def _reach(values: Mapping[str, Any]) -> int:
    return len(values["applies_to"]) if values["is_active"] else 0
