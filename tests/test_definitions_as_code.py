"""Custom fields and link templates as a file: ``timetracker-api custom-fields``."""

import asyncio
import json
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import func, select, update

from given import Given
from servers import Ended
from terminal import On
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.db.schema_version import SchemaVersion
from timetracker_api.db.session import Database
from timetracker_api.events.models import Event

APPLY, EXPORT = "apply", "export"
PATHS = ("/custom-field-definitions?limit=100", "/link-templates?limit=100")

FILE = """\
version: 1
custom_fields:
  - key: tier
    label: Tier
    kind: choice
    choices:
      - {value: gold, label: Gold}
      - {value: tin, label: Tin}
  - key: debtor_number
    label: Debtor number
    kind: text
    pattern: '[0-9]{4}'
link_templates:
  - name: Open in ERP
    field_key: debtor_number
    url_template: https://erp.example.com/{value}?tier={custom.tier}
"""

EVERYTHING: dict[str, dict[str, Any]] = {
    "text": {"default": "no", "min_length": 2, "max_length": 9, "pattern": "[a-z]+"},
    "long_text": {"description": "One\n  two\n\tthree: é 👍", "default": "a\n\n b\r\nc #"},
    "integer": {"minimum": -3, "maximum": 2**53 - 1, "default": 0},
    "decimal": {"minimum": "-0.5", "maximum": 10, "scale": 3, "default": "1"},
    "boolean": {"default": False, "position": -7},
    "date": {"minimum": "2026-01-31", "default": "2026-02-01", "is_mandatory": True},
    "datetime": {"default": "2026-01-31T10:00:00+01:00", "applies_to": ["task", "client"]},
    "url": {"schemes": ["mailto", "https"], "is_active": False},
    "email": {"is_unique": True, "is_indexed": True, "placeholder": "ada@example.com"},
    "phone": {"group": "no", "read_roles": ["manager", "member"], "write_roles": ["manager"]},
    "choice": {
        "choices": [
            {"value": "1", "label": "Yes"},
            {"value": "true", "label": "~", "color": "#ffd700", "is_active": False},
        ],
        "default": "1",
    },
    "multi_choice": {"choices": [{"value": "null", "label": "{a: b}"}], "default": ["null"]},
    "user": {},
    "duration": {"default": 0, "label": "- Duration: 'à' \"la\" & *"},
}


@pytest.fixture
def on(on: On) -> On:
    """Runs one of the commands for custom fields on the database of the tests."""
    return partial(on, "custom-fields")


async def said(answer: Awaitable[Ended]) -> list[str]:
    """Return the lines that a command has printed in the end."""
    ended = await answer
    assert (ended.exit_code, ended.stderr) == (0, ""), ended
    return ended.stdout.splitlines()


async def refused(answer: Awaitable[Ended], exit_code: int) -> list[str]:
    """Return what a command has complained of."""
    ended = await answer
    assert (ended.exit_code, ended.stdout) == (exit_code, ""), ended
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()


async def traces(database: Database) -> list[Any]:
    """Return what no application leaves as it was that changes anything."""
    definition = CustomFieldDefinition
    async with database.read() as session:
        versions = await session.execute(select(definition.key, definition.version))
        return [
            await session.scalar(select(SchemaVersion.version)),
            await session.scalar(select(func.count()).select_from(Event)),
            sorted(map(tuple, versions)),
        ]


async def test_what_is_exported_makes_another_installation_the_same(
    on: On, given: Given, tmp_path: Path
):
    ada = await given.a_user("Ada")
    for number, (kind, attributes) in enumerate(EVERYTHING.items()):
        default = {"default": ada["id"]} if kind == "user" else {}
        await given.a_field(f"a_{kind}", kind, **{"position": number % 4, **attributes, **default})
    await given.a_template("a_text", "https://a.example/{value}?b={custom.a_date}", position=3)
    await given.a_template("client.id", "mailto:%value%@a.example", name="no", is_active=False)
    assert EVERYTHING.keys() == KINDS.keys()

    exported = "\n".join(await said(on(EXPORT))) + "\n"
    assert "default: Ada\n" in exported
    shown = await definitions(given.api)
    for path in PATHS:
        for each in (await given.api.get(path)).json()["items"]:
            await given.api.delete(f"{path.partition('?')[0]}/{each['id']}")
    added = await said(on(APPLY, "-", stdin=exported))
    assert [line[0] for line in added] == ["+"] * (len(KINDS) + 2)
    await said(on(EXPORT, "again.yaml"))
    assert (tmp_path / "again.yaml").read_text() == exported
    assert await definitions(given.api) == shown


async def definitions(api: AsyncClient) -> list[dict[str, Any]]:
    """Return all definitions without what differs between installations."""
    items = [item for path in PATHS for item in (await api.get(path)).json()["items"]]
    items.sort(key=lambda item: item.get("key") or item["name"])
    own = {"id", "created_at", "updated_at", "created_by_id", "version"}
    return [{name: item[name] for name in item.keys() - own} for item in items]


async def test_a_file_is_applied_once_and_then_changes_nothing(on: On, database: Database):
    assert await said(on(APPLY, "-", stdin=FILE)) == [
        "+ field tier (choice)",
        "+ field debtor_number (text)",
        '+ link template "Open in ERP" of debtor_number',
    ]
    before = await traces(database)
    assert await said(on(APPLY, "-", stdin=FILE)) == ["nothing to change"]
    assert await traces(database) == before


async def test_a_user_is_known_by_the_name_whatever_its_case(on: On, given: Given):
    ada = await given.a_user("Ada")
    field = "- {key: owner, label: Owner, kind: user, default: ADA}"
    file = f"version: 1\ncustom_fields:\n{field}\n"
    assert await said(on(APPLY, "-", stdin=file)) == ["+ field owner (user)"]
    assert await said(on(APPLY, "-", stdin=file)) == ["nothing to change"]
    assert "    default: Ada" in await said(on(EXPORT))
    assert (await given.api.delete(f"/users/{ada['id']}")).status_code == 204
    [line] = await refused(on(EXPORT), 1)
    assert "The default of the field owner is a user who does not exist." in line


async def test_what_would_not_be_accepted_today_is_not_exported(
    on: On, given: Given, database: Database
):
    field = await given.a_field("tier")
    table: Any = CustomFieldDefinition.__table__
    async with database.engines.writing.begin() as connection:
        await connection.execute(
            update(table).where(table.c.id == field["id"]).values(position=2**21)
        )
    [line] = await refused(on(EXPORT), 1)
    assert "The field tier would not be accepted today: position: " in line


async def test_differences_are_told_and_nothing_else_is_touched(
    on: On, given: Given, database: Database
):
    await said(on(APPLY, "-", stdin=FILE))
    await given.a_field("old_field")
    changed = (
        FILE.replace("[0-9]{4}'", "[0-9]{4,10}'\n    placeholder: '10042'")
        .replace("label: Gold}", "label: GOLD, color: '#ffd700'}")
        .replace("{value: tin, label: Tin}", "{value: iron, label: Iron}")
        .replace("name: Open in ERP", "name: Open in ERP\n    position: 5")
    )
    wanted = [
        '~ field tier: choice "tin" removed',
        '~ field tier: choice "gold": label "Gold" -> "GOLD"',
        '~ field tier: choice "gold": color null -> "#ffd700"',
        '~ field tier: choice "iron" added',
        '~ field debtor_number: placeholder null -> "10042"',
        '~ field debtor_number: pattern "[0-9]{4}" -> "[0-9]{4,10}"',
        '~ link template "Open in ERP" of debtor_number: position 0 -> 5',
        "- only in the database: field old_field (left alone)",
    ]
    before = await traces(database)
    tried = await said(on(APPLY, "-", "--dry-run", stdin=changed))
    assert tried == [*wanted, "nothing was changed: this was a dry run"]
    assert await traces(database) == before
    assert await said(on(APPLY, "-", stdin=changed)) == wanted
    versions = {"debtor_number": 2, "old_field": 1, "tier": 2}
    assert (await traces(database))[-1] == sorted(versions.items())


async def test_a_link_template_goes_where_its_field_goes_unless_the_file_says_so(
    on: On, given: Given
):
    narrow = FILE.replace("[0-9]{4}'", "[0-9]{4}'\n    applies_to: [project]")
    wide = narrow.replace("[project]", "[project, task]")
    for file, shown_on in ((FILE, "client"), (narrow, "project"), (wide, "project, task")):
        await said(on(APPLY, "-", stdin=file))
        (template,) = (await given.api.get("/link-templates")).json()["items"]
        assert ", ".join(template["applies_to"]) == shown_on
        assert await said(on(APPLY, "-", stdin=file)) == ["nothing to change"]
    exported = "\n".join(await said(on(EXPORT)))
    assert exported.count(" applies_to: [project, task]\n") == 2
    wrong = wide + "    applies_to: [client, project]\n"
    [line] = await refused(on(APPLY, "-", stdin=wrong), 1)
    assert line.startswith(
        "-:18: link_templates[0].applies_to: There is no debtor_number on client"
    )


async def test_what_the_file_does_not_mention_can_be_deactivated(on: On, given: Given):
    await given.a_field("old_field")
    await given.a_field("older_field", is_active=False)
    await given.a_template("old_field", "https://a.example/{value}")
    arguments = (APPLY, "-", "--deactivate-missing")
    assert await said(on(*arguments, stdin="version: 1")) == [
        "~ field old_field: is_active true -> false",
        '~ link template "Open" of old_field: is_active true -> false',
        "- only in the database: field older_field (left alone)",
    ]
    assert (await said(on(*arguments, stdin="version: 1")))[-1] == "nothing to change"


async def test_everything_that_is_wrong_with_a_file_is_said_at_once(on: On, tmp_path: Path):
    (tmp_path / "fields.yaml").write_text(
        FILE.replace("[0-9]{4}", "(a")
        .replace("label: Tier", "lable: Tier")
        .replace("label: Gold", "label: 5")
        + "    icon: No icon\n"
    )
    # Nothing is asked of the database before the file is as it should be.
    nowhere = {"TIMETRACKER_DATABASE_URL": "postgresql://a@127.0.0.1:1/b"}
    lines = await refused(on(APPLY, "fields.yaml", **nowhere), 2)
    assert [line.split(": ")[:2] for line in lines] == [
        ["fields.yaml:3", "custom_fields[0].label"],
        ["fields.yaml:4", "custom_fields[0].lable"],
        ["fields.yaml:7", "custom_fields[0].choices[0].label"],
        ["fields.yaml:12", "custom_fields[1].pattern"],
        ["fields.yaml:17", "link_templates[0].icon"],
    ]


async def test_the_same_definition_twice_is_refused(on: On):
    _, template = FILE.split("link_templates:\n")
    called = 'link template "Open in ERP" of debtor_number'
    [line] = await refused(on(APPLY, "-", stdin=FILE + template), 2)
    assert line == f"-:17: link_templates[1].name: The {called} is in line 14 already."
    field = "- {key: a, label: A, kind: text}\n"
    [line] = await refused(on(APPLY, "-", stdin=f"version: 1\ncustom_fields:\n{field * 2}"), 2)
    assert line == "-:4: custom_fields[1].key: The field a is in line 3 already."


async def test_what_the_database_refuses_is_said_with_its_place_and_nothing_changes(
    on: On, given: Given, database: Database
):
    await said(on(APPLY, "-", stdin=FILE))
    await given.a_client(custom_fields={"tier": "gold", "debtor_number": "1234"})
    before = await traces(database)
    wrong = (
        FILE.replace("      - {value: gold, label: Gold}\n", "")
        .replace("kind: text", "kind: long_text")
        .replace("{custom.tier}", "{custom.other}")
        .replace("link_templates:", "  - {key: name, label: Name, kind: text}\nlink_templates:")
        .replace(
            "link_templates:",
            "  - {key: owner, label: Owner, kind: user, default: nobody}\nlink_templates:",
        )
    )
    for arguments in ((APPLY, "-"), (APPLY, "-", "--dry-run")):
        lines = await refused(on(*arguments, stdin=wrong), 1)
        found = {line.split(": ")[1]: line for line in lines}
        assert list(found) == [
            "custom_fields[0].choices",
            "custom_fields[1].kind",
            "custom_fields[2].key",
            "custom_fields[3].default",
            "link_templates[0].url_template",
        ]
        assert "gold is chosen on 1 client record" in found["custom_fields[0].choices"]
        assert "/convert" in found["custom_fields[1].kind"]
        assert "There is no user 'nobody'." in found["custom_fields[3].default"]
        assert await traces(database) == before


async def test_room_is_made_before_it_is_needed(on: On, given: Given):
    await given.a_field("last")
    narrow = {"TIMETRACKER_LIMITS__DEFINITIONS": "1"}
    first = "{key: first, label: First, kind: text}"
    last = "{key: last, label: Last, kind: text, is_active: %s}"
    file = f"version: 1\ncustom_fields:\n- {first}\n- {last}\n"
    [line] = await refused(on(APPLY, "-", stdin=file % "true", **narrow), 1)
    assert line == "-:3: custom_fields[0]: A client can have 1 active custom fields."
    assert len(await said(on(APPLY, "-", stdin=file % "false", **narrow))) == 2


async def test_programs_get_one_document_whatever_happens(on: On, tmp_path: Path):
    (tmp_path / "fields.yaml").write_text(FILE)
    good, bad, missing, unmigrated = await asyncio.gather(
        on(APPLY, "fields.yaml", "--json", "--dry-run"),
        on(APPLY, "-", "--json", stdin="version: 2"),
        on(APPLY, "nowhere.yaml", "--json"),
        on(APPLY, "fields.yaml", "--json", TIMETRACKER_DATABASE_URL="sqlite:///new.db"),
    )
    told = json.loads(good.stdout)
    assert (told["ok"], told["exit_code"], told["dry_run"]) == (True, 0, True)
    assert told["changes"][2]["attributes"]["is_active"] == {"old": None, "new": True}
    assert {name: told["changes"][2][name] for name in ("action", "section", "name")} == {
        "action": "add",
        "section": "link_templates",
        "name": "Open in ERP",
    }
    told = json.loads(bad.stdout)
    assert (told["ok"], told["exit_code"], bad.exit_code) == (False, 2, 2)
    assert [(each["line"], each["path"]) for each in told["errors"]] == [(1, "version")]
    assert json.loads(missing.stdout)["exit_code"] == missing.exit_code == 2
    assert missing.stderr == "nowhere.yaml: No such file or directory.\n"
    assert json.loads(unmigrated.stdout)["exit_code"] == unmigrated.exit_code == 5
    assert "Run `timetracker-api db upgrade`" in unmigrated.stderr
