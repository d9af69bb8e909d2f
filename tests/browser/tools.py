"""The tools of Node.js, which ``make test-browser`` installs."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

GENERATED = HERE / "generated"
"""What the tests write, to be looked at."""


def run(*command: str, given: Any = None) -> str:
    """Run a command in this folder, with JSON as its input, and return what it has printed."""
    tools = HERE / "node_modules" / ".bin"
    done = subprocess.run(  # noqa: S603 - what is named here and in package.json
        command,
        cwd=HERE,
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout
