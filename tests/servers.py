"""Real server processes: started on a free port of the loopback interface, and ended."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import httpx

STARTS_WITHIN = 60
"""Seconds; on a busy machine the imports alone may take ten."""

ENDS_WITHIN = 30


@dataclass
class Ended:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str


class Server:
    """A running ``serve``, and what it has printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._readers = [
            Thread(target=self._read, args=(name,), daemon=True) for name in self._lines
        ]
        for reader in self._readers:
            reader.start()

    @property
    def stdout(self) -> str:
        """What it has said to whoever started it."""
        return "".join(self._lines["stdout"])

    @property
    def log(self) -> str:
        """What it has written to standard error."""
        return "".join(self._lines["stderr"])

    @property
    def url(self) -> str:
        """Where it said it is, without a path."""
        found = re.search(r"http://\S+?:\d+", self.stdout)
        return found[0] if found else ""

    def wait_until(self, path: str = "/health/ready", status: int = 200) -> "Server":
        """Wait until an address is answered like this."""
        deadline, seen = monotonic() + STARTS_WITHIN, "no answer"
        while monotonic() < deadline and self.process.poll() is None:
            if self.url:
                try:
                    response = httpx.get(self.url + path, timeout=5)
                except httpx.TransportError:
                    pass
                else:
                    seen = f"{response.status_code} {response.text}"
                    if response.status_code == status:
                        return self
            sleep(0.05)
        raise AssertionError(f"{path}: {seen}\n{self.stdout}\n{self.log}")

    def leaves_processes(self) -> bool:
        """Whether one of its workers is still there some time after it has ended."""
        deadline = monotonic() + ENDS_WITHIN
        while monotonic() < deadline:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return False
            sleep(0.05)
        return True

    def end(self) -> Ended:
        """Ask it to end, as an operator does, and wait until it has."""
        self.process.send_signal(signal.SIGTERM)
        exit_code = self.process.wait(ENDS_WITHIN)
        for reader in self._readers:
            reader.join(ENDS_WITHIN)
        return Ended(exit_code, self.stdout, self.log)

    def _read(self, name: str) -> None:
        pipe = self.process.stdout if name == "stdout" else self.process.stderr
        assert pipe is not None
        with pipe:
            self._lines[name].extend(iter(pipe.readline, ""))


@contextmanager
def serving(
    folder: Path, *options: str, host: str = "127.0.0.1", **variables: str
) -> Generator[Server]:
    """Start ``serve`` in a folder, and end it with the block."""
    arguments = ("serve", "--host", host, "--port", "0", *options)
    with subprocess.Popen(  # noqa: S603 - our own command
        command(*arguments),
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        server = Server(process)
        try:
            yield server
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(ENDS_WITHIN)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)


def run(folder: Path, *arguments: str, stdin: str = "", **variables: str) -> Ended:
    """Run a command to its end."""
    done = subprocess.run(  # noqa: S603 - our own command
        command(*arguments),
        cwd=folder,
        env=environment(**variables),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def command(*arguments: str) -> Sequence[str]:
    """Return the command line, warnings being errors as in the tests themselves."""
    return (sys.executable, "-W", "error", "-m", "timetracker_api", *arguments)


def environment(**variables: str) -> dict[str, str]:
    """Return an environment in which nothing is configured but this."""
    ours = ("TIMETRACKER_", "DATABASE_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", **variables}
