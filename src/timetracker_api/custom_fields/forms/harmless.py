"""Text that people wrote, made fit for programs that write programs.

Code generators copy titles and descriptions into comments, templates and strings, and not all of
them escape what they copy.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.forms.expressions import ecma

_READS_LIKE = str.maketrans(
    {"<": "\u2039", ">": "\u203a", "{": "(", "}": ")", '"': "'", "`": "'", "\\": ""}
)
_BREAKS_OUT = re.compile(r"""[\\`"<>]|[$#%{]\{|\*/|/\*|'{2}""")


def harmless(text: str) -> str:
    """Return text without whatever could end a comment or a string, or begin a template."""
    line = "".join(each if each.isprintable() else " " for each in text).translate(_READS_LIKE)
    return re.sub(r"'{2,}", "'", re.sub(r"\*(?=/)|/(?=\*)", r"\g<0> ", line)).strip()


def is_harmless(value: Any) -> bool:
    """Whether a value, which must not be changed, can be copied as it is."""
    if isinstance(value, list):
        return all(map(is_harmless, cast(list[Any], value)))
    return not isinstance(value, str) or (value.isprintable() and not _BREAKS_OUT.search(value))


def harmless_definition(definition: Definition) -> Definition:
    """Return a definition for documents that are made into code.

    What people read is rewritten. What programs compare with is left out where it would have to
    be: then the server alone knows.
    """
    choices = definition.choices
    pattern = definition.pattern and ecma(definition.pattern)
    return replace(
        definition,
        label=harmless(definition.label),
        description=definition.description and harmless(definition.description),
        group=definition.group and harmless(definition.group),
        placeholder=definition.placeholder if is_harmless(definition.placeholder) else None,
        default=definition.default if is_harmless(definition.default) else None,
        pattern=pattern if is_harmless(pattern) else None,
        choices=[_choice(each) for each in choices] if _are_harmless(choices) else (),
    )


def _are_harmless(choices: Sequence[Mapping[str, Any]]) -> bool:
    return all(is_harmless(each["value"]) for each in choices)


def _choice(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**choice, "label": harmless(choice["label"])}
