"""YAML as far as JSON goes: no aliases, no tags, no dates, no key twice, and ``no`` is a word.

What is read is what the API would be sent, with the line that every part of it stands on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import yaml
from yaml.composer import ComposerError
from yaml.events import Event
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from timetracker_api.definition_file.complaints import Complaint, Path, Unreadable

LARGEST = 10 * 2**20
DEEPEST = 20
TAG = "tag:yaml.org,2002:"


@dataclass
class Document:
    """What a file says."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict[Path, int])

    def complaint(self, path: Path, message: str) -> Complaint:
        """Complain about a part of the file, or about what is missing from it."""
        at = path
        while at not in self.lines and at:
            at = at[:-1]
        return Complaint(message, path, self.lines.get(at))


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: Mapping[str, Any] = {}
    depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = cast(Any, self).peek_event()
        if event.anchor:  # of an alias as well
            raise _refusal("anchors and aliases are not used here", event)
        if event.tag:
            raise _refusal("tags are not used here", event)
        if self.depth == DEEPEST:
            raise _refusal("it is nested too deeply", event)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _refusal(problem: str, event: Event) -> ComposerError:
    return ComposerError(None, None, problem, event.start_mark)


for _name, _form, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", list("tf")),
    ("int", r"-?(0|[1-9][0-9]{0,18})", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]{0,18})\.[0-9]{1,18}", list("-0123456789")),
):
    yaml.add_implicit_resolver(
        TAG + _name, re.compile(rf"(?:{_form})$", re.ASCII), _first, Loader=_Loader
    )


def read(source: bytes) -> Document:
    """Read a file, or raise `Unreadable`."""
    if len(source) > LARGEST:
        raise Unreadable([Complaint(f"It is larger than {LARGEST // 2**20} MiB.")])
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable([Complaint("It is not written in UTF-8.")]) from None
    node = _composed(text)
    if node is None:
        raise Unreadable([Complaint("It is empty.")])
    return _Reader().read(node)


def _composed(text: str) -> Node | None:
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise Unreadable([Complaint(f"It cannot be read: {error.problem}.", (), line)]) from None
    except yaml.YAMLError:
        raise Unreadable([Complaint("It holds characters that YAML does not allow.")]) from None


class _Reader:
    def __init__(self) -> None:
        self.document = Document()
        self.complaints: list[Complaint] = []

    def read(self, node: Node) -> Document:
        self.document.data = self._value(node, ())
        if self.complaints:
            raise Unreadable(self.complaints)
        return self.document

    def _value(self, node: Node, path: Path) -> Any:
        self.document.lines.setdefault(path, _line(node))
        if isinstance(node, SequenceNode):
            return [self._value(each, (*path, at)) for at, each in enumerate(node.value)]
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        return _scalar(node)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.complaints.append(Complaint("A name must be text.", path, _line(key)))
                continue
            at = (*path, key.value)
            if key.value in found:
                self.complaints.append(Complaint("This stands here twice.", at, _line(key)))
            self.document.lines[at] = _line(key)
            found[key.value] = self._value(value, at)
        return found


def _line(node: Node) -> int:
    return node.start_mark.line + 1


def _scalar(node: Node) -> Any:
    match node.tag.removeprefix(TAG):
        case "null":
            return None
        case "bool":
            return node.value == "true"
        case "int":
            return int(node.value)
        case "float":
            return float(node.value)
        case _:
            return node.value


class OnOneLine(dict[str, Any]):
    """A mapping that is written within braces."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - its signature
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - its signature
        return True


def _text(_dumper: yaml.SafeDumper, text: str) -> Node:
    style = "|" if "\n" in text else None
    return ScalarNode(f"{TAG}str", text, style=style)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> Node:
    plain = not any(isinstance(each, dict | list) for each in items)
    return dumper.represent_sequence(f"{TAG}seq", items, flow_style=plain)


def _on_one_line(dumper: yaml.SafeDumper, data: OnOneLine) -> Node:
    return dumper.represent_mapping(f"{TAG}map", data.items(), flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(OnOneLine, _on_one_line)


def write(data: Any) -> str:
    """Write it so that `read`, and every other reader of YAML, reads the same."""
    return yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=1_000_000,
    )
