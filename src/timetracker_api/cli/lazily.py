"""Commands that are imported when they are called: most need little of what the service needs.

That is why they are named here by the text of their address, instead of being imported.
"""

import gc
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

PREFIX = "Value error, "
"""What Pydantic puts in front of what is wrong with a value, and Typer shows as it is."""


def _nothing() -> None:
    """Do what a group does by itself."""


def group(
    help: str, commands: Mapping[str, str], options: Callable[..., None] = _nothing
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
            try:
                return super().invoke(ctx)
            except typer.BadParameter as error:
                error.message = error.message.removeprefix(PREFIX)
                raise

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
    found = getattr(_imported(module), attribute)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False)
        found.command(name)(function)
    command = get_command(found)
    command.name = name
    return command


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
    except Exception as error:  # noqa: BLE001 - a module may raise anything
        failure = import_module("timetracker_api.migrations.importing").unimportable(error)
        typer.echo(failure, err=True)
        raise typer.Exit(failure.exit_code) from None
    finally:
        gc.freeze()
        gc.enable()
