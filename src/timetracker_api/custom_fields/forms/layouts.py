"""How the fields of a form are arranged, for JSON Forms and for react-jsonschema-form."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.forms.faces import FACES
from timetracker_api.custom_fields.registry import Fields

Node = dict[str, Any]
LayoutFormat = Literal["jsonforms", "rjsf"]

MULTI_LINE = "textarea"
INPUTS = frozenset({"email", "tel", "url"})
"""The widgets that are types of an HTML input."""
RJSF_WIDGETS = frozenset({MULTI_LINE, "checkboxes", "date"})
"""The widgets that react-jsonschema-form has under the same name, and would not choose itself."""


def layout(fields: Fields, format: LayoutFormat) -> Node:
    """Return the layout of a form, in the order of the definitions."""
    return LAYOUTS[format](fields)


def _jsonforms(fields: Fields) -> Node:
    """Compose a UI schema. A group stands where its first field would."""
    elements: list[Node] = []
    groups: dict[str, list[Node]] = {}
    for key, validator in fields.active.items():
        control = _control(validator.definition, is_read_only=key in fields.read_only)
        group = validator.definition.group
        if group is None:
            elements.append(control)
        elif group in groups:
            groups[group].append(control)
        else:
            groups[group] = [control]
            elements.append({"type": "Group", "label": group, "elements": groups[group]})
    return {"type": "VerticalLayout", "elements": elements}


def _control(definition: Definition, *, is_read_only: bool) -> Node:
    options: Node = {}
    if FACES[definition.kind].widget == MULTI_LINE:
        options["multi"] = True
    if definition.placeholder:
        options["placeholder"] = definition.placeholder
    if is_read_only:
        options["readonly"] = True
    control: Node = {"type": "Control", "scope": f"#/properties/{definition.key}"}
    return {**control, "options": options} if options else control


def _rjsf(fields: Fields) -> Node:
    """Compose a uiSchema. RJSF has no groups: they are told to templates that know them."""
    groups: dict[str, list[str]] = {}
    for key, validator in fields.active.items():
        if validator.definition.group is not None:
            groups.setdefault(validator.definition.group, []).append(key)
    told = [{"title": title, "fields": keys} for title, keys in groups.items()]
    return {
        "ui:order": [*fields.active, "*"],
        "ui:options": {"groups": told},
        **{
            key: _options(validator.definition, is_read_only=key in fields.read_only)
            for key, validator in fields.active.items()
        },
    }


def _options(definition: Definition, *, is_read_only: bool) -> Node:
    widget = FACES[definition.kind].widget
    options: Node = {}
    if widget in RJSF_WIDGETS:
        options["ui:widget"] = widget
    if widget in INPUTS:
        options["ui:options"] = {"inputType": widget}
    if definition.placeholder:
        options["ui:placeholder"] = definition.placeholder
    if is_read_only:
        options["ui:readonly"] = True
    return options


LAYOUTS: Mapping[LayoutFormat, Callable[[Fields], Node]] = {"jsonforms": _jsonforms, "rjsf": _rjsf}
