"""What measures the service works, on data that is too small to measure anything."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
READING = ("health", "auth", "get", "list", "filter", "first", "deep", "clients")
WRITING = ("create", "timer", "bulk")


def test_the_benchmarks_run_and_the_floor_answers_as_the_service_does():
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks", "--quick", "--only", *READING, *WRITING],
        cwd=ROOT,
        env={
            **os.environ,
            "BENCH_DATABASE_URL": os.environ["TEST_POSTGRESQL_URL"],
            "BENCH_ENTRIES": "200",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| floor |") == len(READING) - 1 + len(WRITING), done.stdout
