"""What a file asks for, checked as far as that is possible without a database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from timetracker_api.custom_fields.rules import completed
from timetracker_api.definition_file import plain_yaml
from timetracker_api.definition_file.complaints import Complaint, Path, Unreadable
from timetracker_api.definition_file.plain_yaml import Document
from timetracker_api.definition_file.sections import FIELDS, SECTIONS, Identity, Section
from timetracker_api.entities import Values
from timetracker_api.problems import Fault, Invalid
from timetracker_api.schema import Body
from timetracker_api.web.errors import faults

VERSION = 1


class Outline(Body):
    """The file as a whole; what stands in its lists is looked at one by one."""

    version: Literal[1]
    custom_fields: list[Any] = []
    link_templates: list[Any] = []


@dataclass(frozen=True)
class Wanted:
    """One definition that is to exist."""

    section: Section
    path: Path
    values: Values
    """All its attributes, in the form in which they are stored; a user is still a name."""

    @property
    def identity(self) -> Identity:
        """What tells it from the others."""
        return self.section.of(self.values)


@dataclass
class DefinitionFile:
    """Everything a file asks for."""

    document: Document
    wanted: list[Wanted] = field(default_factory=list[Wanted])

    def complaints(self, path: Path, faults: Sequence[Fault]) -> Iterator[Complaint]:
        """Say of faults of one definition where in the file they are."""
        for fault in faults:
            yield self.document.complaint((*path, *_steps(fault.pointer)), fault.message)

    def of(self, section: Section) -> Sequence[Wanted]:
        """Return what stands in one of the lists."""
        return [each for each in self.wanted if each.section is section]


def read(source: bytes) -> DefinitionFile:
    """Read a file, or raise `Unreadable` with everything that is wrong with it."""
    file = DefinitionFile(plain_yaml.read(source))
    try:
        outline = Outline.model_validate(file.document.data)
    except ValidationError as error:
        raise Unreadable(file.complaints((), _faults(error, file.document.data, Outline))) from None
    found: list[Complaint] = []
    for section in SECTIONS:
        for position, data in enumerate(getattr(outline, section.name)):
            path = (section.name, position)
            try:
                file.wanted.append(Wanted(section, path, _checked(section, data)))
            except Invalid as problem:
                found += file.complaints(path, problem.faults)
    found += _repeated(file)
    if found:
        raise Unreadable(found)
    return file


def _checked(section: Section, data: Any) -> Values:
    try:
        values = section.body.model_validate(data).model_dump(mode="json")
    except ValidationError as error:
        raise Invalid(*_faults(error, data, section.body)) from None
    if section is not FIELDS:
        return values
    if values["kind"] != "user" or values["default"] is None:
        return completed(values)
    username = values["default"]
    wrong = () if isinstance(username, str) else (_not_a_username(),)
    return completed(values | {"default": None}, *wrong) | {"default": username}


def _not_a_username() -> Fault:
    message = "Write the name the user signs in with; ids differ between installations."
    return Fault(pointer="/default", code="type", message=message)


def _repeated(file: DefinitionFile) -> Iterator[Complaint]:
    seen: dict[tuple[str, Identity], Wanted] = {}
    for each in file.wanted:
        first = seen.setdefault((each.section.name, each.identity), each)
        if first is not each:
            line = file.document.lines[first.path]
            message = f"The {each.section.called(each.identity)} is in line {line} already."
            yield file.document.complaint((*each.path, each.section.identity[-1]), message)


def _faults(error: ValidationError, data: Any, read_as: type[Body]) -> Sequence[Fault]:
    found = error.errors(include_url=False)
    return faults([{**each, "loc": ("body", *each["loc"])} for each in found], data, read_as)


def _steps(pointer: str) -> Iterator[str | int]:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        yield int(name) if name.isascii() and name.isdigit() else name
