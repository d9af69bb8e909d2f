"""What is installed brings everything that a database needs."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from timetracker_api.migrations import revisions

ROOT = Path(__file__).parent.parent


def test_the_wheel_brings_the_revisions_and_what_they_make(tmp_path: Path):
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    with ZipFile(wheel) as opened:
        found = {Path(name) for name in opened.namelist()}
    folder = Path("timetracker_api", "alembic")
    expected = ["env.py", "script.py.mako", "expected.postgresql.json", "expected.sqlite.json"]
    scripts = [f"versions/{each.revision}.py" for each in revisions.scripts().walk_revisions()]
    assert {folder / name for name in expected + scripts} <= found
