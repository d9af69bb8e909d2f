import re
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.python import asgi

from apps import logging_kept
from served import Furnished
from timetracker_api.settings import Settings
from timetracker_api.web.observability import configure_logging

BEYOND: Mapping[str, str] = {
    "at /copy_from": "which fields there are to copy from, people define",
    "at /default": "a default is a value of the kind, and must satisfy the rest",
    "at /value": "a value must satisfy the rules of its field",
    "at /with": "which choices there are, people define",
    "character": "link templates are a language of their own",
    "cursor": "what a cursor may be only the answer before says",
    "immutable": "what a definition is stored by cannot be changed",
    "invalid at /client_id": "a project belongs to one client",
    "invalid at /discount_amount": "a discount is a part or an amount",
    "invalid at /discount_percent": "a discount is a part or an amount",
    "invalid at /due_on": "an invoice is due on a day or after some days",
    "invalid at /duration_seconds": "it follows from the start and the end",
    "invalid at /ended_at": "it follows from the start and the duration",
    "invalid at /email": "an address may have the form and still not be one",
    "invalid at /expires_at": "it must lie in the future",
    "invalid at /line_ids": "which lines an invoice has changes",
    "invalid at /payment_days": "an invoice is due on a day or after some days",
    "invalid at /task_id": "a task belongs to one project",
    "invalid at /values": "a template is tried on values or on records",
    "maximum at /max_length": "text with a pattern must be shorter",
    "maximum at /min_length": "one bound may exclude the other",
    "maximum at /unit_price": "a quantity and a price may each be fine",
    "min_length": "spaces around a text do not count",
    "minimum at /amount": "nothing can be written in many ways",
    "minimum at /due_on": "an invoice is due after it is issued",
    "minimum at /ended_at": "an end lies after a start",
    "minimum at /issued_on": "an invoice is due after it is issued",
    "no_conversion": "what a field can become depends on its kind",
    "not_a_choice at /entity_type": "a template applies to some types only",
    "not_a_choice at /entity_types/0": "a field applies to some types only",
    "not_applicable": "each kind of custom field has attributes of its own",
    "not_found": "other records come and go",
    "not_unique": "elements may be equal though they are written differently",
    "pattern at /pattern": "not every text is an expression",
    "reference_not_found": "other records come and go",
    "required": "one of two fields may be needed",
    "scale": "JSON Schema has no decimals",
    "scheme": "link templates are a language of their own",
    "time_zone": "there are six hundred of them, and more every year",
    "undefined_field": "people define their fields at run time",
    "unknown_placeholder": "link templates are a language of their own",
    "weak_password": "a password is judged by how it could be guessed",
    "wrong_password": "nobody else knows it",
}
"""The faults of bodies that fit the document, and why it cannot say so."""

PHASES = ("examples", "coverage", "fuzzing", "stateful")
"""Everything Schemathesis can do."""

OPTIONS: Mapping[str, Any] = {
    "seed": 1,
    "continue-on-failure": True,
    "request-timeout": 60,  # for machines that are busy
    "generation": {
        "deterministic": True,
        "database": "none",
        "max-examples": 5,
        "no-shrink": True,
        "allow-x00": False,  # test_bad_input sends it everywhere
    },
    # A tag drawn at random is stale, and would hide what the rest of the request is answered with.
    "parameters": {"if-match": "*"},
}


REPEATABLE = {"extra-data-sources": {"responses": False}}
"""No values from earlier answers: they hold the time, and would be others in every run."""


def beyond_the_document(response: Any) -> bool:
    """Whether all that a request is refused for is what no document can say."""
    if response.status_code != 422:
        return False
    for fault in response.json()["errors"]:
        pointer = re.sub(r"^/operations/\d+(/data)?(?=/)", "", fault["pointer"])
        code, place = fault["code"], f"at {pointer}"
        if BEYOND.keys().isdisjoint({code, place, f"{code} {place}"}):
            return False
    return True


@pytest.fixture
def furnished(tmp_path: Path) -> Generator[Furnished]:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'furnished.db'}",
        log_level="error",
        _env_file=None,  # pyright: ignore[reportCallIssue] - an argument of pydantic-settings
    )
    with logging_kept():
        configure_logging(settings)
        yield Furnished(settings)
        asgi.shutdown_lifespans()


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.usefixtures("quick_hashes")
def test_the_api_does_what_its_document_says(furnished: Furnished, phase: str):
    config = SchemathesisConfig.from_dict(  # pyright: ignore[reportUnknownMemberType] - untyped
        {
            **OPTIONS,
            "headers": {"Authorization": f"Bearer {furnished.caller}"},
            "phases": {
                each: {"enabled": each == phase, **(REPEATABLE if each != "stateful" else {})}
                for each in PHASES
            },
        }
    )
    schema = schemathesis.openapi.from_asgi("/openapi.json", furnished, config=config, timeout=60)

    @schema.hook  # pyright: ignore[reportUnknownMemberType] - untyped
    def filter_failure(_context: Any, failure: Failure, _case: Any, response: Any) -> bool:
        return not (isinstance(failure, RejectedPositiveData) and beyond_the_document(response))

    statuses: Counter[int] = Counter()
    found: list[str] = []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found.append(str(event))
        if isinstance(event, events.ScenarioFinished):
            for case, interaction in event.recorder.interactions.items():
                if interaction.response is None:
                    continue
                statuses[interaction.response.status_code] += 1
                for check in event.recorder.checks.get(case, ()):
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        answer = (interaction.response.content or b"").decode()
                        found.append(
                            f"{event.recorder.label}: {failure.title}: {failure.message}\n"
                            f"{check.failure_info.code_sample}\n{answer}\n"
                        )
    assert not found, f"{len(found)} findings\n\n" + "\n".join(found[:40])
    assert sum(statuses[each] for each in (200, 201, 204)) > 15, statuses
