import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import configure_mappers

import timetracker_api
from timetracker_api.db.base import Base
from timetracker_api.models import metadata

SOURCE = Path(timetracker_api.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
VERBS = {"get", "post", "put", "patch", "delete", "api_route"}
LONGEST = 300

each_module = pytest.mark.parametrize(
    "module", MODULES, ids=lambda path: str(path.relative_to(SOURCE))
)


def endpoints(module: Path) -> Iterator[ast.AsyncFunctionDef | ast.FunctionDef]:
    """Give the functions behind the addresses of the API that a module defines."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and any(
            isinstance(mark, ast.Call)
            and isinstance(mark.func, ast.Attribute)
            and mark.func.attr in VERBS
            for mark in node.decorator_list
        ):
            yield node


def test_only_the_unit_of_work_commits():
    allowed = (SOURCE / "db" / "session.py", SOURCE / "migrations")
    committing = [
        module
        for module in MODULES
        if re.search(r"\bcommit\(", module.read_text())
        and not any(module == each or each in module.parents for each in allowed)
    ]
    assert committing == []


@each_module
def test_a_module_is_of_one_idea(module: Path):
    assert len(module.read_text().splitlines()) <= LONGEST


def test_most_modules_are_short():
    lengths = sorted(len(module.read_text().splitlines()) for module in MODULES)
    assert lengths[len(lengths) // 2] < 80


@pytest.mark.parametrize(
    "module", sorted(SOURCE.rglob("router.py")), ids=lambda path: path.parent.name
)
def test_an_endpoint_is_a_docstring_and_one_statement(module: Path):
    found = list(endpoints(module))
    assert found
    for endpoint in found:
        assert isinstance(endpoint, ast.AsyncFunctionDef), endpoint.name
        assert ast.get_docstring(endpoint), endpoint.name
        assert len(endpoint.body) == 2, endpoint.name


def test_nothing_is_loaded_behind_ones_back():
    configure_mappers()
    lazy = [
        relationship
        for mapper in Base.registry.mappers
        for relationship in mapper.relationships
        if relationship.lazy != "raise"
    ]
    assert lazy == []
    assert metadata.tables


@each_module
def test_dependencies_do_not_cost_a_thread(module: Path):
    tree = ast.parse(module.read_text())
    plain = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"Depends", "Security"}
            and node.args
            and isinstance(node.args[0], ast.Name)
        ):
            assert node.args[0].id not in plain
