"""Commands that are imported when they are called: most need little of what the service needs.

That is why they are named here by the text of their address, instead of being imported.
"""

import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

PREFIX = "Value error, "
"""What Pydantic puts in front of what is wrong with a value, and Typer shows as it is."""

Refused = Callable[[Sequence[str], str, str], object]
"""Hears what was typed, why that is refused, and the way out."""


class Unusable(Exception):
    """A file that a command consists of is broken."""

    def __init__(self, problem: str, way_out: str, exit_code: int) -> None:
        super().__init__(f"{problem}. {way_out}.")
        self.problem, self.way_out, self.exit_code = problem, way_out, exit_code


def _nobody(_typed: Sequence[str], _problem: str, _way_out: str) -> None:
    """Tell only the person, which happens anyway."""


def _nothing() -> None:
    """Do what a group does by itself."""


def group(
    help: str,
    commands: Mapping[str, str],
    options: Callable[..., None] = _nothing,
    refused: Refused = _nobody,
) -> typer.Typer:
    """Make a group of commands, each at ``module:name``: a function, or a Typer of its own.

    ``options`` takes those of the group itself.
    """

    class Lazily(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Click passes it
            return [*commands]

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - here as well
            return _load(cmd_name, commands[cmd_name]) if cmd_name in commands else None

        def invoke(self, ctx: Any) -> Any:
            typed = [*ctx._protected_args, *ctx.args]  # noqa: SLF001 - Typer keeps the first there
            try:
                return super().invoke(ctx)
            except TyperException as error:
                error.message = error.message.removeprefix(PREFIX)
                refused(typed, error.format_message().removesuffix("."), "See --help")
                raise
            except Unusable as error:
                refused(typed, error.problem, error.way_out)
                typer.echo(error, err=True)
                raise typer.Exit(error.exit_code) from None

    app = typer.Typer(
        cls=Lazily,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback(help=help)(options)
    return app


def _load(name: str, address: str) -> Any:
    module, _, attribute = address.partition(":")
    try:
        found = getattr(_imported(module), attribute)
    except Unusable as error:
        return _complaining(name, error)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False)
        found.command(name)(function)
    command = get_command(found)
    command.name = name
    return command


def _complaining(name: str, error: Unusable) -> TyperCommand:
    """Return what complains only when it is called, so that a group can list it before that."""

    class Complaining(TyperCommand):
        def make_context(self, *_: Any, **__: Any) -> NoReturn:
            raise error

    return Complaining(name, help="Cannot be imported; call it to see why.")


def _imported(module: str) -> ModuleType:
    """Import without looking for garbage: modules and classes stay to the end.

    Neither now nor when the process ends, which takes a third off a command with nothing to do.
    Where a file is broken, it is named instead.
    """
    if module in sys.modules:
        return sys.modules[module]
    gc.disable()
    try:
        return import_module(module)
    except Exception as error:
        failure = import_module("timetracker_api.migrations.importing").unimportable(error)
        raise Unusable(failure.problem, failure.way_out, failure.exit_code) from error
    finally:
        gc.freeze()
        gc.enable()
