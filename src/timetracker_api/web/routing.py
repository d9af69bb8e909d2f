"""Routers that secure and document their operations by themselves."""

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from itertools import chain
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from fastapi import APIRouter, Depends, Path, Request, Response, Security, params, status
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match
from starlette.types import Scope

from timetracker_api import entities
from timetracker_api.auth.principal import authorize
from timetracker_api.db.base import Entity
from timetracker_api.db.session import Writing, request_context
from timetracker_api.problems import (
    BodyTooLarge,
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    MalformedBody,
    NotFound,
    PreconditionFailed,
    Problem,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    pointer,
)
from timetracker_api.schema import LARGEST_ID
from timetracker_api.web import caching, idempotency
from timetracker_api.web.body import StrictRequest, require_json
from timetracker_api.web.parameters import ID, Parameters, unknown_parameter

E = TypeVar("E", bound=Entity)

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SECRET = "x-secret"  # noqa: S105 - the name of a mark, not a secret
"""Marks an operation whose answer holds a secret, which is never stored."""

Id = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Its number.", examples=[7])]


class Number(Convertor[str]):
    """An id in an address, written in the one way it can be: whatever else is no record's."""

    regex = ID

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return str(value)


register_url_convertor("number", Number())


class ResourceRouter(APIRouter):
    """Every operation under one noun: tagged, scoped, and honest about how it can fail.

    ``scope`` is the first half of the scopes its operations need, by default the noun with
    underscores; `None` where being somebody is enough, and ``public`` where not even that is.
    What is read ``for_writers`` takes the scope for writing.
    """

    def __init__(
        self,
        noun: str,
        *,
        scope: str | None = "",
        public: bool = False,
        for_writers: bool = False,
        tag: str | None = None,
    ) -> None:
        super().__init__(
            prefix=f"/{noun}",
            tags=[tag or noun],
            route_class=ResourceRoute,
            generate_unique_id_function=operation_id,
        )
        self.scope = noun.replace("-", "_") if scope == "" else scope
        self.public = public
        self.for_writers = for_writers

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Look at the routes only for what can be under the noun.

        The framework asks every router before the right one; to try all routes of each would
        cost more than the rest of a short answer. It would also overlook a line break at the end.
        """
        path: str = scope["path"]
        if self.prefix not in path or path.endswith("\n"):
            return Match.NONE, {}
        return super().matches(scope)

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Add an operation; called by ``@router.get`` and its like."""
        methods = set(options["methods"])
        if not self.public:
            reading = methods <= SAFE and not self.for_writers
            scopes = [f"{self.scope}:{'read' if reading else 'write'}"] if self.scope else []
            options["dependencies"] = [
                Security(authorize, scopes=scopes),
                *([Depends(idempotency.once)] if "POST" in methods else ()),
                *(options.get("dependencies") or ()),
            ]
        path = path.replace("{id}", "{id:number}")  # so that /users/me is never asked for as an id
        options["responses"] = {
            **answers(*_possible(self.prefix + path, methods, public=self.public)),
            **(options.get("responses") or {}),
        }
        if listed := _documented(endpoint):
            options["openapi_extra"] = {
                "parameters": listed,
                **(options.get("openapi_extra") or {}),
            }
        super().add_api_route(path, endpoint, **options)


class ResourceRoute(APIRoute):
    """Reads JSON strictly, and adds to the answer what follows from the record it is about."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler. Runs inside the transaction, which commits after it."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None
        created = self.status_code == status.HTTP_201_CREATED
        secret = bool((self.openapi_extra or {}).get(SECRET))
        parameters = _parameters(self.dependant)

        async def answer(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            if request.scope["query_string"]:
                _check_query(request, parameters)
            if takes_body:
                await require_json(request)
            response = await handle(request)
            known = request_context(request)
            if known.next_page is not None:
                following = request.url.include_query_params(**known.next_page)
                response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
            if known.subject is not None and response.body:
                if created:
                    response.headers["Location"] = f"{request.url.path}/{known.subject['id']}"
                if_none_match = request.headers.get("if-none-match")
                asked = if_none_match if request.method in SAFE else None
                response = caching.tagged(response, known.subject["version"], asked)
            response.headers["Cache-Control"] = "no-store" if secret else "private, no-cache"
            await idempotency.remember(request, response, secret=secret)
            return response

        return answer


def _parameters(dependant: Dependant) -> frozenset[str] | None:
    """Return the names of all query parameters; None where they are a model, which knows them."""
    if _model(dependant.call) is not None:
        return None
    names = {field.alias for field in dependant.query_params}
    for each in dependant.dependencies:
        inner = _parameters(each)
        if inner is None:
            return None
        names |= inner
    return frozenset(names)


def _model(dependency: Any) -> type[Parameters] | None:
    """Return the model that a dependency reads from the query, if it does."""
    model = getattr(dependency, "__self__", None)
    return model if isinstance(model, type) and issubclass(model, Parameters) else None


def _documented(endpoint: Callable[..., Any]) -> list[dict[str, Any]]:
    """Return the query parameters that are a model, for the OpenAPI document."""
    marks = chain.from_iterable(
        get_args(hint) for hint in get_type_hints(endpoint, include_extras=True).values()
    )
    models = (_model(each.dependency) for each in marks if isinstance(each, params.Depends))
    return [each for model in models if model for each in model.documented()]


def _check_query(request: Request, known: frozenset[str] | None) -> None:
    """Refuse parameters that mean nothing here or are given twice, of which one would be dropped,
    and NUL, which no database can look for.
    """
    given = request.query_params.multi_items()
    names = Counter(name for name, _ in given)
    faults = [
        _in_query(name, "control_characters", "Must not contain the character NUL.")
        for name, value in given
        if "\0" in name + value
    ]
    faults += [
        _in_query(name, "type", f"{name} must be given once.")
        for name, count in names.items()
        if count > 1
    ]
    if known is not None:
        faults += [unknown_parameter(name, sorted(known)) for name in names if name not in known]
    if faults:
        raise Invalid(*faults)


def _in_query(name: str, code: str, message: str) -> Fault:
    return Fault(pointer=pointer(name), source="query", code=code, message=message)


def operation_id(route: APIRoute) -> str:
    """Return the function's name: what you grep for is what the generated client calls."""
    return route.name


def _possible(path: str, methods: set[str], *, public: bool) -> Sequence[type[Problem]]:
    kinds: list[type[Problem]] = [Unavailable, Invalid, TooManyRequests]
    if not public:
        kinds += [Unauthenticated, Forbidden]
    if "{" in path or ("POST" in methods and path.count("/") > 1):
        kinds += [NotFound]  # a command may also name a record in its body
    if not methods <= SAFE:
        kinds += [Conflict]
    if methods & {"POST", "PUT", "PATCH"}:
        kinds += [MalformedBody, BodyTooLarge, UnsupportedMediaType]
    if methods & {"PUT", "PATCH", "DELETE"} or ("{" in path and "POST" in methods):
        kinds += [PreconditionFailed]
    return kinds


def answers(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI ``responses`` of an operation that may end in these problems."""
    reference = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        int(problem.status): {
            "description": problem.title,
            "content": {
                "application/problem+json": {"schema": reference, "example": problem.example()}
            },
        }
        for problem in problems
    }


def for_writing(kind: type[E]) -> Any:
    """Give the entity the path names, to an endpoint that declares it with this.

    ``Annotated[Client, for_writing(Client)]``. Nobody else can change it before the transaction
    ends, so that no change is lost; and it is still the one the caller has seen, if the caller
    says which one that was.
    """

    async def named(session: Writing, id: Id, if_match: caching.IfMatch = None) -> E:
        entity = await entities.locked(session, kind, id)
        caching.check_unchanged(entity, if_match)
        return entity

    return Depends(named)
