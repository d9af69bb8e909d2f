"""What generators make of the OpenAPI document, whatever people have called their fields."""

import json
from pathlib import Path

import pytest

from tools import GENERATED, run
from world import CANARY, Service

DOCUMENTS = {"static": "/openapi.json", "live": "/openapi.json?live=true"}
PLUGINS = ("client-fetch", "sdk", "typescript", "schemas")


@pytest.fixture(scope="module", autouse=True)
def code(service: Service) -> list[Path]:
    """The files that two generators write for both documents."""
    for name, address in DOCUMENTS.items():
        document = GENERATED / name / "openapi.json"
        document.parent.mkdir()
        document.write_text(service.api.get(service.url + address).raise_for_status().text)
        types, client = (str(document.with_name(name)) for name in ("types.ts", "client"))
        run("openapi-typescript", str(document), "--output", types)
        plugins = [f"@hey-api/{plugin}" for plugin in PLUGINS]
        run("openapi-ts", "-s", "--input", str(document), "--output", client, "-p", *plugins)
    return [file for name in DOCUMENTS for file in (GENERATED / name).rglob("*.ts")]


def test_it_compiles_and_knows_each_field():
    run("tsc", "--project", "tsconfig.json")


def test_texts_of_people_stay_in_comments_and_literals(code: list[Path]):
    assert CANARY not in Path(GENERATED, "static", "openapi.json").read_text()
    assert CANARY in "".join(file.read_text() for file in code)
    names: list[str] = json.loads(run("node", "names.js", *map(str, code)))
    assert "createClient" in names
    assert not [name for name in names if CANARY in name or name == "process"]


def test_a_program_that_is_written_with_it_runs(service: Service):
    program = str(GENERATED / "consumer.mjs")
    run("esbuild", "consumer.ts", "--bundle", "--format=esm", f"--outfile={program}")
    made = json.loads(run("node", program, service.url, service.token))
    found = service.api.get(f"/clients/{made['id']}").json()
    assert found == made
    assert (
        found["custom_fields"].items() >= {"debtor": "10042", "seats": 3, "rate": "12.50"}.items()
    )
