"""A running service with fields of every kind, and a page of somebody else's that uses it."""

import re
import shutil
from collections.abc import Generator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from servers import serving
from tools import GENERATED, HERE, run
from world import Service, define_fields


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and tells nobody."""

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture(scope="session")
def page() -> Generator[str]:
    """The address of a page with a form, which is not where the service is."""
    shutil.rmtree(GENERATED, ignore_errors=True)
    folder = GENERATED / "page"
    run("esbuild", "form.jsx", "--bundle", "--format=esm", "--jsx=automatic", f"--outdir={folder}")
    shutil.copy(HERE / "form.html", folder / "index.html")
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def service(page: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """A service that the page may call."""
    with serving(tmp_path_factory.mktemp("service"), TIMETRACKER_CORS_ORIGINS=page) as server:
        server.wait_until()
        password = re.findall(r"^ +password +(\S+)$", server.stdout, re.MULTILINE)[0]
        credentials = {"username": "admin", "password": password}
        base = f"{server.url}/api/v1"
        token = httpx.post(f"{base}/sessions", json=credentials).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=base, headers=headers, timeout=30) as api:
            define_fields(api)
            yield Service(server.url, token, api)
        assert "Traceback" not in server.end().stderr
