"""Every answer that is not the one asked for, as RFC 9457 problem details.

* Problem
  x MalformedBody          400   not JSON, or JSON we refuse to guess about
  x Unauthenticated        401
  x Forbidden              403
  x NotFound               404
  x MethodNotAllowed       405
  x Conflict               409   the state of things forbids it
    - NotUnique                  somebody else has that value
    - InUse                      something still refers to it
    - Archived                   it keeps its history, and takes nothing new
    - RequestInProgress          the same Idempotency-Key is being worked on
    - SecretShown                the same Idempotency-Key asks for a secret twice
  x PreconditionFailed     412   it has changed since you read it
  x BodyTooLarge           413
  x UnsupportedMediaType   415
  x Invalid                422   the values themselves are wrong
    - KeyReused                  the same Idempotency-Key came with another request
  x TooManyRequests        429
  x InternalError          500
  x Unavailable            503   the database cannot be reached, or is not ready
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


class Fault(BaseModel):
    """One thing that is wrong with the input."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    pointer: Annotated[str, Field(examples=["/name"])]
    """A JSON pointer to the input at fault; for a parameter, its name behind a slash."""
    source: Annotated[Literal["body", "query", "path", "header"], Field(examples=["body"])] = "body"
    """Where that input stands."""
    code: Annotated[str, Field(examples=["required"])]
    """What is wrong, for programs."""
    message: Annotated[str, Field(examples=["Name is required."])]
    """What is wrong, for people."""


class ProblemDetails(BaseModel):
    """What went wrong and, as far as it can be said, with which part of the input."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="allow")

    type: Annotated[str, Field(examples=["/problems/invalid"])]
    """The path of a page that explains this kind of problem."""
    title: Annotated[str, Field(examples=["Some values are not acceptable"])]
    """The kind of problem in words; the same every time."""
    status: Annotated[int, Field(examples=[422])]
    """The HTTP status."""
    code: Annotated[str, Field(examples=["invalid"])]
    """The kind of problem, for programs."""
    detail: Annotated[str, Field(examples=["1 value is not acceptable."])]
    """What went wrong this time."""
    request_id: Annotated[str | None, Field(examples=["0f5a8c3e9b7d4a61"])] = None
    """The request as the log knows it."""
    errors: list[Fault] = []
    """Every fault that was found, not only the first."""


class Problem(Exception):
    """An answer that is not the one asked for."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    title: ClassVar[str] = "Something went wrong"
    headers: Mapping[str, str] = {}
    sample: ClassVar[Mapping[str, Any]] = {}
    """An example of a fault."""

    def __init__(
        self,
        detail: str | None = None,
        *faults: Fault,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or f"{self.title}."
        self.faults = list(faults)
        self.headers = {**type(self).headers, **(headers or {})}
        self.members = members

    @classmethod
    def slug(cls) -> str:
        """Return the name in its ``type`` and, with underscores, its ``code``."""
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("-")

    def details(self, request_id: str | None) -> ProblemDetails:
        """Return the body of the answer."""
        return ProblemDetails(
            type=f"/problems/{self.slug()}",
            title=self.title,
            status=self.status,
            code=self.slug().replace("-", "_"),
            detail=self.detail,
            request_id=request_id,
            errors=self.faults,
            **self.members,
        )

    @classmethod
    def example(cls) -> dict[str, Any]:
        """Return the body of such an answer, for the OpenAPI document."""
        problem = cls()
        problem.faults = [Fault(**cls.sample)] if cls.sample else []
        return problem.details("0f5a8c3e9b7d4a61").model_dump(mode="json")


class MalformedBody(Problem):
    """The body is not JSON, or is JSON that two readers could understand differently: a name
    that occurs twice in one object, `NaN`, or nesting beyond all use.
    """

    status = HTTPStatus.BAD_REQUEST
    title = "The body cannot be read"


class Unauthenticated(Problem):
    """The request carries no token, or one that is unknown, expired or revoked."""

    status = HTTPStatus.UNAUTHORIZED
    title = "Sign in first"
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}


class Forbidden(Problem):
    """The token is good, but its scopes or the role of its user do not allow this."""

    status = HTTPStatus.FORBIDDEN
    title = "Not allowed"


class NotFound(Problem):
    """There is nothing at this address, or nothing that you may see."""

    status = HTTPStatus.NOT_FOUND
    title = "No such thing"


class MethodNotAllowed(Problem):
    """The address exists, but not for this method; `Allow` names those it has."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    title = "Not with this method"


class Conflict(Problem):
    """The request is fine in itself; the present state of things forbids it."""

    status = HTTPStatus.CONFLICT
    title = "That clashes with the state of things"


class NotUnique(Conflict):
    """Another record has this value already; `errors` points to the field."""

    title = "That is taken"


class InUse(Conflict):
    """Other records refer to this one. Where history hangs on it, archive it instead."""

    title = "Something still refers to it"


class Archived(Conflict):
    """What is archived keeps its history, and takes nothing new. Unarchive it first."""

    title = "It is archived"


class RequestInProgress(Conflict):
    """A request with the same `Idempotency-Key` is still being worked on. Ask again shortly."""

    title = "The same request is in progress"
    headers: Mapping[str, str] = {"Retry-After": "1"}


class SecretShown(Conflict):
    """This request was carried out before, and its answer held a secret that is shown only once.
    Nothing was done now.
    """

    title = "The secret was shown already"


class PreconditionFailed(Problem):
    """The record has changed since you read it: its `ETag` is no longer the one in `If-Match`."""

    status = HTTPStatus.PRECONDITION_FAILED
    title = "It has changed meanwhile"


class BodyTooLarge(Problem):
    """The body is larger than this installation accepts."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "The body is too large"


class UnsupportedMediaType(Problem):
    """Bodies are JSON: send `Content-Type: application/json`."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    title = "Send JSON"


class Invalid(Problem):
    """Some values are not acceptable; `errors` lists every one of them."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Some values are not acceptable"
    sample: ClassVar = {"pointer": "/name", "code": "required", "message": "Name is required."}

    def __init__(self, *faults: Fault, detail: str | None = None) -> None:
        count = len(faults)
        values = "1 value is" if count == 1 else f"{count} values are"
        super().__init__(detail or f"{values} not acceptable.", *faults)


class KeyReused(Invalid):
    """This `Idempotency-Key` came with a different request before. Use a new one."""

    title = "The key belongs to another request"


class TooManyRequests(Problem):
    """Too many requests; `Retry-After` says in how many seconds to try again."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "Too many requests"


class InternalError(Problem):
    """A mistake of ours. The log has the rest under the `request_id`."""

    title = "A mistake of ours"


class Unavailable(Problem):
    """The database cannot be reached, is busy, or has not been migrated yet."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Not available at the moment"
    headers: Mapping[str, str] = {"Retry-After": "5"}


def every(root: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Go through all kinds of problems there are."""
    for kind in root.__subclasses__():
        yield kind
        yield from every(kind)


def pointer(*path: str | int) -> str:
    """Write a path as a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def fault(name: str, code: str, message: str) -> Fault:
    """Say what is wrong with a member of the body."""
    return Fault(pointer=pointer(name), code=code, message=message)
