"""What measures the service works, on data that is too small to measure anything."""

import os
import subprocess
import sys
from pathlib import Path

from copies import programs

ROOT = Path(__file__).parents[1]
READING = ("health", "auth", "get", "list", "filter", "first", "deep", "clients")
WRITING = ("create", "timer", "bulk")


def measured(*names: str) -> str:
    """Have so many things measured, each at a glance, and return the report."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks", "--quick", "--only", *names],
        cwd=ROOT,
        env={
            **os.environ,
            "BENCH_DATABASE_URL": os.environ["TEST_POSTGRESQL_URL"],
            "BENCH_ENTRIES": "200",
            "PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_benchmarks_run_and_the_floor_answers_as_the_service_does():
    report = measured(*READING, *WRITING)
    assert report.count("| floor |") == len(READING) - 1 + len(WRITING), report


def test_commands_run_beside_those_that_they_are_compared_with():
    assert measured("commands").count(" x | ") == 8
