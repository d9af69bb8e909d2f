"""``timetracker-api users`` and ``tokens``: letting people and programs in."""

import sys
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock
from timetracker_api.auth import passwords
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import EVERYTHING, Role, Scope
from timetracker_api.cli.working import configuration, fail, run
from timetracker_api.db.base import fold
from timetracker_api.sessions.service import add_token
from timetracker_api.users import service
from timetracker_api.users.schemas import UserCreate

users = typer.Typer(help="People who can sign in.", no_args_is_help=True, add_completion=False)
tokens = typer.Typer(help="Tokens for programs.", no_args_is_help=True, add_completion=False)

UserName = Annotated[str, typer.Argument(metavar="NAME", help="What they sign in with.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@users.callback()
def _about_users() -> None:
    """Keep ``create`` a command of its own, also while it is the only one."""


@tokens.callback()
def _about_tokens() -> None:
    """Keep ``create`` a command of its own, also while it is the only one."""


@users.command("create")
def create_user(
    name: UserName,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.MEMBER,
    password_stdin: FromStdin = False,
) -> None:
    """Add somebody who can sign in; without --password-stdin, with a new password it prints."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else passwords.generate()
    try:
        data = UserCreate.model_validate({"username": name, "role": role, "password": password})
    except ValidationError as error:
        fail("; ".join(f"{each['loc'][0]}: {each['msg']}" for each in error.errors()) + ".", 2)

    async def work(session: AsyncSession) -> None:
        await service.create(session, data.whole())

    run(configuration(), work)
    how = "" if password_stdin else f" with the password {password}"
    typer.echo(f"{data.username} can sign in{how}")


@tokens.command("create")
def create_token(
    user: Annotated[str, typer.Option(help="The user it acts for.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; all that the user may if left out.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="Days it lasts.")] = None,
    name: Annotated[str, typer.Option(help="What it is for.")] = "Command line",
) -> None:
    """Make a token, and print it alone: it cannot be read again."""

    async def work(session: AsyncSession) -> str:
        found = await session.scalar(
            select(User.id).where(User.username_key == fold(user), User.archived_at.is_(None))
        )
        if found is None:
            fail(f"There is no user {user}.")
        made = await add_token(
            session,
            user_id=found,
            name=name,
            scopes=sorted(scope) if scope else [EVERYTHING],
            expires_at=clock.now() + timedelta(days=days) if days else None,
        )
        return made["token"]

    typer.echo(run(configuration(), work))
