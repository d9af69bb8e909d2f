"""The pages for people say what the code does."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from itertools import pairwise
from pathlib import Path
from shutil import which
from typing import Any, cast, get_args

import pytest
from pydantic import BaseModel

from servers import serving
from timetracker_api import codes, problems, urls
from timetracker_api.api import PREFIX
from timetracker_api.app import create_app
from timetracker_api.auth.scopes import DESCRIPTIONS, SCOPES, Role, Scope
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.custom_fields.models import entities_with_custom_fields
from timetracker_api.settings import Settings

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "timetracker_api"
PAGES = (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md")))
CURL = ROOT / "tests" / "curl.py"
PATIENCE = 60
"""Seconds the tour may take."""


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    """The paths of the OpenAPI document, without the names of their parameters."""
    app = create_app(Settings(_env_file=None))  # pyright: ignore[reportCallIssue] - of pydantic-settings
    return {
        re.sub(r"{\w+}", "{}", path): methods for path, methods in app.openapi()["paths"].items()
    }


def read(name: str) -> str:
    return (ROOT / name).read_text()


def blocks(text: str) -> list[tuple[str, str]]:
    """Return language and content of the code blocks of a page."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of all tables of a page by what their first cell says."""
    cells = [
        re.split(r"(?<!\\)\|", line)[1:-1] for line in re.findall(r"^\|.*\|$", text, re.MULTILINE)
    ]
    stripped = [[cell.strip() for cell in row] for row in cells]
    return {row[0].strip("`"): row[1:] for row in stripped}


def written(default: object) -> str:
    """Return how a default stands in the table."""
    if default is None or default == []:
        return "none"
    words = cast(list[Any], default) if isinstance(default, list) else [default]
    texts = (str(each).lower() if isinstance(each, bool) else str(each) for each in words)
    return f"`{','.join(texts)}`"


def variables(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str]]:
    """Give every environment variable with the default it stands for."""
    for name, field in model.model_fields.items():
        variable = prefix + name.upper()
        if isinstance(field.default, BaseModel):
            yield from variables(type(field.default), f"{variable}__")
        else:
            yield variable, written(field.default)


def test_every_setting_is_documented_with_its_default():
    documented = {name: cells[0] for name, cells in rows(read("docs/configuration.md")).items()}
    settings = dict(variables(Settings, "TIMETRACKER_"))
    assert {name: documented.get(name) for name in settings} == settings


def test_the_settings_in_the_readme_have_the_defaults_they_have():
    settings = dict(variables(Settings, "TIMETRACKER_"))
    mentioned = {
        name: cells[0]
        for name, cells in rows(read("README.md")).items()
        if name.startswith("TIMETR")
    }
    assert mentioned
    assert mentioned.items() <= settings.items()


def test_no_page_mentions_a_setting_that_does_not_exist():
    settings = dict(variables(Settings, "TIMETRACKER_"))
    for page in PAGES:
        found = set(re.findall(r"TIMETRACKER_[A-Z_]*[A-Z]", page.read_text()))
        assert found <= settings.keys(), page.name


def test_every_kind_of_problem_is_explained_with_status_and_title():
    documented = rows(read("docs/errors.md").partition("\n## Codes\n")[0])
    kinds = {kind.slug(): [str(int(kind.status)), kind.title] for kind in problems.every()}
    assert {slug: documented.get(slug, [])[:2] for slug in kinds} == kinds


def parsed() -> Iterator[ast.Module]:
    for file in SOURCE.rglob("*.py"):
        if "migrations" not in file.parts:
            yield ast.parse(file.read_text())


def places_of_codes(module: ast.Module) -> dict[str, int]:
    """Return at which place a function takes the code of a fault, by its name."""
    found = {"PydanticCustomError": 0, "refusal": 0, "LinkFault": 0}
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args]
            if "code" in names and node.name != "__init__":
                found[node.name] = names.index("code")
    return found


def constants(node: ast.AST) -> set[str]:
    """Return the texts that an expression may be."""
    if isinstance(node, ast.IfExp):
        return constants(node.body) | constants(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def sent() -> Iterator[str]:
    """Give every code of a fault that is written down where it is found."""
    modules = [*parsed()]
    everywhere = {k: v for each in modules for k, v in places_of_codes(each).items()}
    shared = {name: place for name, place in everywhere.items() if not name.startswith("_")}
    for module in modules:
        places = shared | places_of_codes(module)
        for node in ast.walk(module):
            match node:
                case ast.keyword(arg="code") | ast.Assign(targets=[ast.Name("code")]):
                    yield from constants(node.value)
                case ast.Call(ast.Name(function), arguments) if function in places:
                    yield from (
                        code
                        for each in arguments[places[function] :][:1]
                        for code in constants(each)
                    )
                case _:
                    pass


def test_the_codes_on_the_page_are_those_that_are_sent():
    documented = rows(read("docs/errors.md").partition("\n## Codes\n")[2])
    known = set(map(codes.code_of, sent()))
    known |= set(codes.CODES.values()) | set(get_args(urls.FaultCode))
    assert known == documented.keys() - {"code", "---"}


def test_every_scope_is_explained_in_the_words_of_the_code():
    documented = rows(read("docs/authentication.md"))
    assert {scope: documented.get(scope, [""])[0] for scope in Scope} == DESCRIPTIONS


def test_every_role_is_documented_with_its_scopes():
    text = read("docs/authentication.md")
    scopes = rows(text)
    header = next(line for line in text.splitlines() if line.startswith("| scope |"))
    columns = [cell.strip().strip("`") for cell in header.split("|")[2:-1]]
    documented = {
        role: {scope for scope in Scope if scopes[scope][columns.index(role)] == "yes"}
        for role in Role
    }
    assert documented == SCOPES


def test_every_type_of_record_with_custom_fields_is_documented():
    text = read("docs/custom-fields.md")
    assert not [name for name in entities_with_custom_fields() if f"`{name}`" not in text]


def test_every_kind_of_custom_field_is_documented():
    assert KINDS.keys() <= rows(read("docs/custom-fields.md")).keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path):
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        name, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = page.parent / name if name else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text()), target


def anchors(text: str) -> set[str]:
    """Return what headings can be linked by."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def exists(operations: dict[str, Any], method: str, path: str) -> bool:
    """Tell whether the document has an operation; a number, or a name in braces, is a parameter."""
    plain = re.sub(r"/(\d+|{\w+})(?=/|$)", "/{}", path.partition("?")[0])
    return any(method.lower() in operations.get(each, {}) for each in (plain, PREFIX + plain))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_only_operations_that_exist(page: Path, operations: dict[str, Any]):
    text = page.read_text()
    for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/[^\s`]*)", text):
        assert exists(operations, method, path), f"{method} {path}"
    for _, script in blocks(text):
        for command in re.findall(r'curl (.*?"\$BASE.*)', script.replace("\\\n", "")):
            path = re.search(r'"\$BASE([^"]*)"', command)
            given = re.search(r"-X (\w+)", command)
            assert path is not None, command
            method = given[1] if given else "POST" if " -d " in command else "GET"
            assert exists(operations, method, path[1]), command


@pytest.fixture
def service(tmp_path: Path) -> Iterator[str]:
    """Start the service in an empty folder; return what it prints."""
    with serving(tmp_path) as server:
        yield server.wait_until().stdout


def test_the_service_starts_with_the_words_the_readme_shows(service: str):
    started, _ = read("README.md").split("## A five-minute tour\n")
    ((_, expected),) = [block for block in blocks(started) if block[0] == "text"]
    printed = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", service)
    assert same(expected, printed), f"the README shows\n{expected}\nbut it is\n{printed}"


def path_with_curl(folder: Path) -> str:
    """Return where programs are looked for, curl or a stand-in among them."""
    if which("curl") is None:
        folder.joinpath("curl").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{CURL}" "$@"\n')
        folder.joinpath("curl").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_the_tour_in_the_readme_answers_what_it_shows(service: str, tmp_path: Path):
    for language, shown, answer in followed(tour(), service, tmp_path):
        assert same(shown, answer), f"the README shows {language}\n{shown}\nbut it is\n{answer}"


def test_who_has_taken_the_tour_can_record_time_as_its_page_shows(service: str, tmp_path: Path):
    page = blocks(read("docs/time-tracking.md").partition("\n- **Where.**")[0])
    steps = list(followed([*tour(), *page], service, tmp_path))
    (_, codes, answers), (_, entry, recorded) = steps[-2:]
    assert same(codes, answers)
    shown = {name: each for name, each in json.loads(entry).items() if each != "..."}
    assert json.loads(recorded).items() >= shown.items()


def test_who_has_recorded_time_can_bill_it_as_its_page_shows(service: str, tmp_path: Path):
    before = blocks(read("docs/time-tracking.md").partition("\n- **Where.**")[0])
    page = blocks(read("docs/invoices.md"))
    steps = list(followed([*tour(), *before, *page], service, tmp_path))
    for _, shown, answer in steps[-len(page) // 2 :]:
        assert shows(json.loads(shown), json.loads(answer)), f"the page shows\n{shown}\n{answer}"


def shows(shown: Any, answer: Any) -> bool:
    """Tell whether an answer is what a page shows of it; three dots stand for the rest."""
    if isinstance(shown, dict):
        parts = cast(dict[str, Any], shown)
        whole = parts.pop("...", None) is None
        return all(
            name in answer and shows(each, answer[name]) for name, each in parts.items()
        ) and (not whole or parts.keys() == answer.keys())
    if isinstance(shown, list):
        each = zip(cast(list[Any], shown), answer, strict=True)
        return all(shows(one, other) for one, other in each)
    return shown == answer


def tour() -> list[tuple[str, str]]:
    """Return the blocks of the tour."""
    _, tour = read("README.md").split("## A five-minute tour\n")
    return blocks(tour.partition("\n## ")[0])


def followed(
    told: list[tuple[str, str]], service: str, folder: Path
) -> Iterator[tuple[str, str, str]]:
    """Run what is told, and give for every step the language, what is shown, and the answer."""
    told = [*told, ("sh", "")]
    script = "".join(f"{text}echo '@@'\n" for language, text in told if language == "sh")
    for name, value in {
        "BASE": found(rf"(http\S+{PREFIX})", service),
        "PASSWORD": found(r"password  (\S+)", service),
    }.items():
        script, count = re.subn(f"^{name}=.*$", f"{name}='{value}'", script, flags=re.MULTILINE)
        assert count == 1
    done = subprocess.run(  # noqa: S603 - what the README tells people to run
        ["sh", "-eu", "-c", script],  # noqa: S607 - in any POSIX shell
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "PATH": path_with_curl(folder)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    answers = iter(done.stdout.split("@@\n"))
    for (language, _), (following, expected) in pairwise(told):
        if language == "sh":
            yield following, expected if following != "sh" else "", next(answers)


def same(expected: str, answer: str) -> bool:
    """Compare as doctest does: three dots stand for anything, and spaces are alike."""
    return OutputChecker().check_output(expected, answer, ELLIPSIS | NORMALIZE_WHITESPACE)


def found(pattern: str, text: str) -> str:
    """Return what stands in the place of the group."""
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]
