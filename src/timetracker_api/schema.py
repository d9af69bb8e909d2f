"""What request and response bodies have in common, and the field types they share."""

import re
import unicodedata
import zoneinfo
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeVar

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from pydantic import (
    MISSING,
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

T = TypeVar("T")

LARGEST_ID = 2**63 - 1
LONGEST_DURATION = 2**31 - 1
"""Seconds; some 68 years."""
LONGEST_NAME, LONGEST_PROSE, LONGEST_EMAIL = 200, 10_000, 254
"""Characters."""


class Schema(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class Body(Schema):
    """Something a client sends. Strict: a JSON number is not a string, and 1 is not true."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    def given(self) -> dict[str, Any]:
        """Return what the client wrote, without the defaults it left to us."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    def whole(self) -> dict[str, Any]:
        """Return all fields, with the defaults for those that were left out."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class Patch(Body):
    """Turns an inherited body into one where every field may be left out.

    Leaving a field out is not the same as sending null:
    a field that cannot be null goes on refusing null.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for field in cls.model_fields.values():
            # The rules belong to the value that is given, not to the choice of giving none.
            given: Any = Annotated[field.annotation, *field.metadata, None]
            field.annotation, field.metadata = given | MISSING, []
            field.default, field.default_factory = MISSING, None
        cls.model_rebuild(force=True)


IdOf = Annotated[int, Field(ge=1, le=LARGEST_ID, examples=[7])]
"""The id of another record."""


DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
TIME = re.compile(
    DATE.pattern
    + r"[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)


def _written_as(form: re.Pattern[str], example: str) -> BeforeValidator:
    """Accept text of this form only: Pydantic would read numbers, as seconds since 1970."""

    def check(value: object) -> object:
        if isinstance(value, str) and form.fullmatch(text := value.strip()):
            return text
        raise PydanticCustomError("type", "Input should be {example}", {"example": example})

    return BeforeValidator(check)


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("type", "Input lies outside the calendar") from None


_A_TIME = _written_as(TIME, "a time such as 2026-11-22T09:30:00Z")

Day = Annotated[
    date,
    _written_as(DATE, "a date such as 2026-11-22"),
    Field(strict=False, examples=["2026-11-22"]),
]
"""A date, as ``YYYY-MM-DD``."""

Moment = Annotated[AwareDatetime, _A_TIME, AfterValidator(_in_utc), Field(strict=False)]
"""An instant, written with its offset and read as UTC."""

WallTime = Annotated[datetime, _A_TIME, Field(strict=False, examples=["2026-11-22T09:30:00Z"])]
"""A time with an offset, or one that clocks show somewhere; `time_entries.instants` reads both."""


class Reference(Schema):
    """Another record, with the name people know it by."""

    id: Annotated[int, Field(examples=[7])]
    """Its number."""
    name: Annotated[str, Field(examples=["Acme"])]
    """Its name."""


class Resource(Schema):
    """Something the API hands out."""

    id: Annotated[int, Field(examples=[7])]
    """Its number, the same for ever."""
    created_at: datetime
    """When it was created."""
    updated_at: datetime
    """When it was last changed."""


def _character_fault(text: str, *, allowed: str) -> PydanticCustomError | None:
    for position, character in enumerate(text):
        # Cc: control; Cs: half of a surrogate pair. Zl and Zp break lines.
        # The bidirectional overrides make text read differently from what it says.
        if (
            unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
            or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        ) and character not in allowed:
            return PydanticCustomError(
                "control_characters",
                "Must not contain control characters; there is one at position {position}",
                {"position": position},
            )
    return None


def one_line(text: str) -> str:
    """Refuse control characters, and those that make text read differently from what it says."""
    if not text.isprintable() and (fault := _character_fault(text, allowed="")):
        raise fault
    return text


def many_lines(text: str) -> str:
    """Refuse the same, but for tabs and line breaks."""
    if not text.isprintable() and (fault := _character_fault(text, allowed="\n\r\t")):
        raise fault
    return text


@dataclass(frozen=True)
class Pattern:
    """Tells the OpenAPI document what a validator checks, where one expression can say it."""

    expression: str

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core)
        texts = (each for each in schema.get("anyOf", [schema]) if each.get("type") == "string")
        for each in texts:
            each["pattern"] = self.expression
        return schema


HARMFUL = r"\u007f-\u009f\u2028-\u202e\u2066-\u2069"

Line = Annotated[str, AfterValidator(one_line), Pattern(rf"^[^\u0000-\u001f{HARMFUL}]*$")]
"""Text on one line, without control characters."""

ALL_BUT_BREAKS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f"

Text = Annotated[str, AfterValidator(many_lines), Pattern(rf"^[^{ALL_BUT_BREAKS}{HARMFUL}]*$")]
"""Text that may have several lines."""

Name = Annotated[Line, Field(min_length=1, max_length=LONGEST_NAME)]

Prose = Annotated[Text, Field(max_length=LONGEST_PROSE)]
"""What there is to say about something."""


# Domains that the Internet does not know, such as `.local`, are those of somebody's own network.
SPECIAL_USE_DOMAIN_NAMES.clear()


def email_address(text: str) -> str:
    """Return an address in its usual form; refuse a name beside it, which would be lost."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        message = "Must be an email address, such as ada@example.com."
        raise PydanticCustomError("type", message) from None


@dataclass(frozen=True)
class Format:
    """Tells the OpenAPI document what a text is."""

    name: str

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(core), "format": self.name}


Email = Annotated[
    str, Field(max_length=LONGEST_EMAIL), AfterValidator(email_address), Format("email")
]
"""The address of a mailbox."""


@cache
def _time_zones() -> Collection[str]:
    """Return the names there are. Looking takes 40 ms: it opens every file there is.

    Two are files, but no zones: what the clock of this machine is set to, and what one is set to
    before anybody has chosen.
    """
    return zoneinfo.available_timezones() - {"localtime", "Factory"}


def _time_zone(name: str) -> str:
    if name not in _time_zones():
        raise PydanticCustomError("time_zone", "Must be an IANA time zone, such as Europe/Brussels")
    return name


TimeZoneName = Annotated[
    str, Field(max_length=64, examples=["Europe/Brussels"]), AfterValidator(_time_zone)
]

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])]
"""An ISO 4217 code."""


def plain_amount(amount: Decimal) -> str:
    """At least two decimals, at most four."""
    cents = amount.quantize(Decimal("0.01"))
    return str(cents if cents == amount else amount.normalize())


AMOUNT = r"^0*[0-9]{1,10}(\.[0-9]{1,4})?$"


def _as_amount(value: object, read: ValidatorFunctionWrapHandler) -> Any:
    """Python would read more as a number than the document says: 1_000, 1e2, or spaces."""
    amount = read(value)
    if isinstance(value, str) and not re.fullmatch(AMOUNT, value):
        raise PydanticCustomError("type", "Must be an amount, such as 95.50.")
    return amount


AMOUNT_READ = WrapValidator(_as_amount)
AMOUNT_SHOWN = PlainSerializer(plain_amount, return_type=str)
LARGEST_AMOUNT = Decimal("9999999999.9999")

Amount = Annotated[
    Decimal,
    Field(strict=False, ge=0, le=LARGEST_AMOUNT, decimal_places=4),
    AMOUNT_READ,
    Field(examples=["95.50"]),
    AMOUNT_SHOWN,
    Pattern(AMOUNT),
]
"""Money: a decimal string such as ``95.50``. A JSON number is read as well."""
