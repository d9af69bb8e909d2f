"""Several processes that serve together, and count together what they have done."""

import os
from socket import socket
from tempfile import TemporaryDirectory

import uvicorn
from prometheus_client.multiprocess import (
    mark_process_dead,  # pyright: ignore[reportUnknownVariableType] - it has no types
)
from uvicorn.supervisors import Multiprocess

from timetracker_api.web.together import FOLDER


class CountingWorkers(Multiprocess):
    """Workers that count in a folder. What one had in hand is forgotten when it has ended."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket], folder: str) -> None:
        super().__init__(config, sockets)
        self._folder = folder
        self._known: set[int | None] = set()

    def keep_subprocess_alive(self) -> None:
        """Replace those that have ended; called twice a second."""
        super().keep_subprocess_alive()
        here = {each.pid for each in self.processes}
        for pid in self._known - here:
            mark_process_dead(pid, self._folder)
        self._known = here


def serve_counting(config: uvicorn.Config, sockets: list[socket]) -> None:
    """Serve with a folder to count in, which is there as long as the workers are."""
    with TemporaryDirectory(prefix="timetracker-metrics-") as folder:
        os.environ[FOLDER] = folder
        CountingWorkers(config, sockets, folder).run()
