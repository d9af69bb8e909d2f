"""What PostgreSQL's programs complain about is understood, whatever language the server speaks."""

import pytest

from timetracker_api.migrations.backups.client_programs import ProgramFailed


@pytest.mark.parametrize(
    ("said", "sqlstate", "reason"),
    [
        ("psql:<stdin>:3: ERROR:  55P03: canceling statement", "55P03", "canceling statement"),
        ("psql:<stdin>:3: FEHLER:  55P03: storniere Anfrage", "55P03", "storniere Anfrage"),
        ("psql:<stdin>:3: ERREUR :  55P03: annulation", "55P03", "annulation"),
        ("pg_dump: error: query failed: ERROR:  no", None, "query failed: ERROR:  no"),
        ("pg_restore: error: TABLE: not an archive", None, "TABLE: not an archive"),
        ("NOTICE:  00000: drop cascades\nERROR:  55P03: no\n", "55P03", "no"),
        ("WARNUNG:  01000: so was\nFEHLER:  55P03: nein", "55P03", "nein"),
        ("killed\nby whom?", None, "killed"),
        ("", None, "no reason given"),
    ],
)
def test_a_complaint_is_told_with_its_code(said: str, sqlstate: str | None, reason: str):
    failed = ProgramFailed(said)
    assert failed.sqlstate == sqlstate
    assert str(failed) == reason
