"""What a custom field can hold. A kind is one entry in `KINDS`.

Values are kept in one canonical JSON form per kind, so that equality, order and uniqueness can be
decided by the database: decimals as text of the definition's scale, dates in ISO 8601, instants in
UTC with six decimals and ``Z``.
"""

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.patterns import whole_match
from timetracker_api.db.json_keys import DECIMAL_DIGITS, LONGEST_COMPARED, Comparable, Form
from timetracker_api.schema import LARGEST_ID, many_lines, one_line
from timetracker_api.urls import safe_url

SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader understands exactly."""

LONGEST_TEXT, USUAL_TEXT, LONGEST_LONG_TEXT, LONGEST_LIST = 2000, 255, 65_536, 100
DEFAULT_SCALE = 2
URL_SCHEMES = ("https", "http")

WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{1,38}[0-9]", re.ASCII)


@dataclass(frozen=True)
class Kind:
    """How values of a kind are checked, stored and read from text."""

    noun: str
    """What a value must be, in a sentence."""
    accepts: Callable[[Definition], Any]
    """The annotation that Pydantic checks values against."""
    stores: Callable[[Definition, Any], Any] = lambda _, value: value
    """The JSON form of a checked value."""
    reads: Callable[[str], Any] = str
    """The JSON form of a value that was written in a URL; raises ValueError."""
    constraints: frozenset[str] = frozenset()
    """The attributes of a definition that mean something for this kind."""
    form: Form | None = "text"
    """What values are compared and sorted as; None for those that have no order."""
    can_be_unique: bool = True
    is_list: bool = False

    def comparable(self, column: Any, definition: Definition) -> Comparable:
        """Return the values of a field as an expression that compares and sorts."""
        if self.form is None:
            raise ValueError(f"{definition.kind} has no order")
        return Comparable(column, definition.key, self.form, self._scale(definition))

    def compared(self, value: Any) -> Any:
        """Return a stored value in the form of that expression."""
        if self.form == "decimal":
            return int(value.replace(".", ""))
        return value[:LONGEST_COMPARED] if self.form == "text" else value

    def _scale(self, definition: Definition) -> int:
        return scale_of(definition.scale) if self.form == "decimal" else 0


def _refuse(code: str, message: str, **context: str) -> PydanticCustomError:
    return PydanticCustomError(code, message, context)  # pyright: ignore[reportArgumentType] - codes are ours


def unbounded(definition: Definition) -> Definition:
    """Return it without the rules that may have been tightened: what could have been stored."""
    bounds = dict.fromkeys(("min_length", "pattern", "minimum", "maximum"))
    return replace(definition, **bounds, max_length=LONGEST_LONG_TEXT)


def longest(definition: Definition) -> int:
    """Return the most characters that a text can have."""
    if definition.max_length is not None:
        return definition.max_length
    if definition.kind == "text":
        return USUAL_TEXT
    # Matching takes as long as the text is: see `patterns`.
    return LONGEST_TEXT if definition.pattern else LONGEST_LONG_TEXT


def _text(definition: Definition) -> Any:
    return _string(definition, one_line)


def _long_text(definition: Definition) -> Any:
    return _string(definition, many_lines)


def _string(definition: Definition, clean: Callable[[str], str]) -> Any:
    constraints = StringConstraints(
        strict=True,
        strip_whitespace=True,
        min_length=definition.min_length,
        max_length=longest(definition),
        pattern=definition.pattern and whole_match(definition.pattern),
    )
    return Annotated[str, constraints, AfterValidator(clean)]


def _integer(definition: Definition) -> Any:
    lowest = -SAFE_INTEGER if definition.minimum is None else definition.minimum
    highest = SAFE_INTEGER if definition.maximum is None else definition.maximum
    return Annotated[int, Field(strict=True, ge=lowest, le=highest)]


def _duration(definition: Definition) -> Any:
    lowest = 0 if definition.minimum is None else definition.minimum
    highest = SAFE_INTEGER if definition.maximum is None else definition.maximum
    return Annotated[int, Field(strict=True, ge=lowest, le=highest)]


def scale_of(scale: int | None) -> int:
    """Return how many decimals a value has."""
    return DEFAULT_SCALE if scale is None else scale


def _decimal(definition: Definition) -> Any:
    bounds = Field(
        ge=None if definition.minimum is None else Decimal(definition.minimum),
        le=None if definition.maximum is None else Decimal(definition.maximum),
        max_digits=DECIMAL_DIGITS,
        decimal_places=scale_of(definition.scale),
    )
    return Annotated[Decimal, BeforeValidator(partial(_number, scale_of(definition.scale))), bounds]


def _number(scale: int, value: object) -> object:
    if isinstance(value, float) and math.isfinite(value) and math.ulp(value) >= 10.0**-scale:
        # The last decimal that was written is lost already.
        raise _refuse("decimal_from_float", "Input should be text")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{Decimal(repr(value)):f}"
    if isinstance(value, str) and DECIMAL.fullmatch(text := value.strip()):
        return Decimal(text).normalize() if "." in text else Decimal(text)
    raise _refuse("decimal_type", "Input should be a decimal number")


def _decimal_text(definition: Definition, value: Decimal) -> str:
    text = f"{value:.{scale_of(definition.scale)}f}"
    return text.removeprefix("-") if not value else text


def _written_as(form: re.Pattern[str], code: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and form.fullmatch(text := value.strip()):
            return text
        raise _refuse(code, "Input is not written as expected")

    return BeforeValidator(check)


def _date(definition: Definition) -> Any:
    bounds = Field(
        ge=definition.minimum and date.fromisoformat(definition.minimum),
        le=definition.maximum and date.fromisoformat(definition.maximum),
    )
    return Annotated[date, _written_as(DATE, "date_type"), bounds]


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _refuse("datetime_type", "Input lies outside the calendar") from None


def _instant(_definition: Definition) -> Any:
    return Annotated[AwareDatetime, _written_as(INSTANT, "datetime_type"), AfterValidator(_in_utc)]


def _instant_text(_definition: Definition, value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _url(definition: Definition) -> Any:
    schemes = definition.schemes or URL_SCHEMES

    def check(value: str) -> str:
        if not safe_url(value, schemes):
            raise _refuse("url_type", "Input should be a URL", schemes=" or ".join(schemes))
        return value

    constraints = StringConstraints(strict=True, strip_whitespace=True, max_length=LONGEST_TEXT)
    return Annotated[str, constraints, AfterValidator(check)]


def _email(_definition: Definition) -> Any:
    return Annotated[str, BeforeValidator(_address)]


def _address(value: object) -> str:
    if isinstance(value, str):
        with suppress(EmailNotValidError):
            return validate_email(value.strip(), check_deliverability=False).normalized
    raise _refuse("email_type", "Input should be an email address")


def _phone(_definition: Definition) -> Any:
    return Annotated[str, _written_as(PHONE, "phone_type")]


def _choice(definition: Definition) -> Any:
    active = {choice["value"] for choice in definition.choices if choice["is_active"]}
    every = {choice["value"] for choice in definition.choices}

    def check(value: str, info: ValidationInfo) -> str:
        if value in active:
            return value
        if value not in every:
            raise _refuse("not_a_choice", "Input is not one of the choices")
        stored = info.context
        if value == stored or (isinstance(stored, list) and value in stored):
            return value
        raise _refuse("inactive_choice", "Input is a choice that is no longer offered")

    constraints = StringConstraints(strict=True, strip_whitespace=True)
    return Annotated[str, constraints, AfterValidator(check)]


def _multi_choice(definition: Definition) -> Any:
    return Annotated[
        list[_choice(definition)],
        Field(strict=True, max_length=LONGEST_LIST),
        AfterValidator(lambda values: list(dict.fromkeys(values))),
    ]


def _user(_definition: Definition) -> Any:
    return Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text]


def _whole(text: str) -> int | str:
    return int(text) if WHOLE.fullmatch(text) else text


LENGTHS = frozenset({"min_length", "max_length", "pattern"})
BOUNDS = frozenset({"minimum", "maximum"})

KINDS: Mapping[str, Kind] = {
    "text": Kind("text on one line", _text, constraints=LENGTHS),
    "long_text": Kind("text", _long_text, constraints=LENGTHS),
    "integer": Kind("a whole number", _integer, reads=_whole, constraints=BOUNDS, form="number"),
    "decimal": Kind(
        "a decimal number",
        _decimal,
        stores=_decimal_text,
        constraints=BOUNDS | {"scale"},
        form="decimal",
    ),
    "boolean": Kind(
        "true or false",
        lambda _: Annotated[bool, Field(strict=True)],
        reads=_boolean,
        form="truth",
        can_be_unique=False,
    ),
    "date": Kind(
        "a date such as 2026-01-31",
        _date,
        stores=lambda _, value: value.isoformat(),
        constraints=BOUNDS,
    ),
    "datetime": Kind("an instant such as 2026-01-31T09:00:00Z", _instant, stores=_instant_text),
    "url": Kind("an absolute URL", _url, constraints=frozenset({"schemes"})),
    "email": Kind("an email address", _email),
    "phone": Kind("a telephone number", _phone),
    "choice": Kind("one of its choices", _choice, constraints=frozenset({"choices"})),
    "multi_choice": Kind(
        "a list of its choices",
        _multi_choice,
        constraints=frozenset({"choices"}),
        form=None,
        can_be_unique=False,
        is_list=True,
    ),
    "user": Kind("the id of a user", _user, reads=_whole, form="number"),
    "duration": Kind(
        "a number of seconds", _duration, reads=_whole, constraints=BOUNDS, form="number"
    ),
}
"""Every kind there is, by its name."""

CONSTRAINTS = frozenset[str]().union(*(kind.constraints for kind in KINDS.values()))
"""The attributes of a definition that only some kinds have."""
