"""Regular expressions that people may write.

They run in Pydantic's engine, whose time grows with the length of the text and nothing else: it
knows no look-around and no back-references, and a pattern with them is refused.
"""

import re
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter
from pydantic_core import SchemaError

LONGEST_PATTERN = 500

ASCII = {"d": "[0-9]", "D": "[^0-9]", "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]"}


def whole_match(pattern: str) -> str:
    """Make a pattern match whole texts, and its classes mean ASCII as they do in JSON Schema."""
    narrowed = re.sub(r"\\(.)", lambda found: ASCII.get(found[1], found[0]), pattern)
    return rf"\A(?:{narrowed})\z"


def fault(pattern: str) -> str | None:
    """Return why a pattern cannot be used, or None."""
    try:
        TypeAdapter(Annotated[str, StringConstraints(pattern=whole_match(pattern))])
    except SchemaError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return next((line for line in lines if line.startswith("error:")), lines[-1])
    return None
