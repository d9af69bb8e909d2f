"""Regular expressions that people may write.

They run in Pydantic's engine, whose time grows with the length of the text times the size of the
pattern, and nothing else: it knows no look-around and no back-references, and a pattern with them
is refused. `kinds.texts.longest` bounds the length of the text, `ROOM` the size of the pattern.
"""

import re
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter
from pydantic_core import SchemaError

LONGEST_PATTERN = 500
ROOM = 5
"""How many times over a compiled pattern has to fit into what the engine allows, which is 10 MB."""

ASCII = {"d": "[0-9]", "D": "[^0-9]", "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]"}


def whole_match(pattern: str) -> str:
    """Make a pattern match whole texts, and its classes mean ASCII as they do in JSON Schema."""
    return rf"\A(?:{_narrowed(pattern)})\z"


def fault(pattern: str) -> str | None:
    """Return why a pattern cannot be used, in words that end a sentence, or None."""
    # By itself as well: "a)|(?:b" is only whole inside the group of `whole_match`.
    for form in (pattern, whole_match(pattern), f"(?:{_narrowed(pattern)}){{{ROOM}}}"):
        try:
            TypeAdapter(Annotated[str, StringConstraints(pattern=form)])
        except SchemaError as error:
            return _reason(str(error))
    return None


def _narrowed(pattern: str) -> str:
    return re.sub(r"\\(.)", lambda found: ASCII.get(found[1], found[0]), pattern)


def _reason(message: str) -> str:
    found = re.search(r"^\s*error: (.+)$", message, re.MULTILINE)
    return found[1] if found else "with its repetitions written out, it is too large"
