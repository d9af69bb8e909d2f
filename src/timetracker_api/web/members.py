"""The names that an object in a body may have, for whoever has sent another one."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel


def members(body: Any, path: Sequence[str | int]) -> Collection[str]:
    """Return the names at a place; ``path`` is as Pydantic gives it, with the tags of unions."""
    models = list(_models(body))
    for part in path:
        # What is no name is a position in a list, or the tag of a union.
        inner = [model.model_fields[part] for model in models if part in model.model_fields]
        tagged = [model for model in models if _has_tag(model, part)]
        if inner:
            models = [each for field in inner for each in _models(field.annotation)]
        elif tagged:
            models = tagged
    return dict.fromkeys(name for model in models for name in model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _has_tag(model: type[BaseModel], tag: str | int) -> bool:
    return any(get_args(field.annotation) == (tag,) for field in model.model_fields.values())
