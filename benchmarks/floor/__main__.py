"""``python -m benchmarks.floor 2``: serve the floor, with two workers, on a free port."""

import socket
import sys

import uvicorn
from uvicorn.supervisors import Multiprocess


def main() -> None:
    """Say where, and serve."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        listener.set_inheritable(True)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}")
        config = uvicorn.Config(
            "benchmarks.floor.app:app",
            factory=True,
            workers=int(sys.argv[1]),
            access_log=False,
            log_level="error",
            server_header=False,
        )
        Multiprocess(config, sockets=[listener]).run()


if __name__ == "__main__":
    main()
