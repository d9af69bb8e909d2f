"""The pattern that numbers of invoices are written by."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from timetracker_api.schema import Pattern

ORDINARY = "INV-{year}-{number:4}"
"""The pattern of an organisation that has said nothing else."""

_TEXT = r"[A-Za-z0-9 ._/#-]*"
_YEAR = r"\{year\}"
GRAMMAR = rf"^{_TEXT}({_YEAR}{_TEXT})?\{{number(:[1-9])?\}}{_TEXT}({_YEAR}{_TEXT})?$"


def _pattern(text: str) -> str:
    if not re.fullmatch(GRAMMAR, text):
        message = "Must be text with one {number} in it, such as INV-{year}-{number:4}"
        raise PydanticCustomError("pattern", message)
    return text


NumberPattern = Annotated[
    str,
    Field(max_length=50, examples=[ORDINARY]),
    AfterValidator(_pattern),
    Pattern(GRAMMAR),
]
"""Text that has ``{number}`` or ``{number:4}`` in it, and maybe ``{year}``."""

_PLACEHOLDER = re.compile(r"\{(?P<name>year|number)(?::(?P<width>[1-9]))?\}")


def counts_by_year(pattern: str) -> bool:
    """Return whether every year begins with 1 again."""
    return "{year}" in pattern


def written(pattern: str, year: int, number: int) -> str:
    """Return a number as the pattern says; where it has more digits, all of them."""
    values = {"year": f"{year:04}", "number": str(number)}

    def put(found: re.Match[str]) -> str:
        return values[found["name"]].zfill(int(found["width"] or 0))

    return _PLACEHOLDER.sub(put, pattern)
