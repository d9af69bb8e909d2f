"""Whether two servers answer the same: a floor that does not is a floor of something else."""

import re
import socket
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from http.client import HTTPResponse
from itertools import islice

from benchmarks.floor.shapes import SEAL
from benchmarks.load import UNIQUE
from benchmarks.rounds import Case, Side

ENOUGH = 20
"""Answers to compare of those that should be the same; of others one says it."""

CURSOR = re.compile(rb'"next":"([^"]*)"')


def refuse_differences(case: Case) -> None:
    """Raise where the two sides of a case are asked the same and answer with something else."""
    if case.ours.asked:
        return
    ours, theirs = (list(_answers(side, case)) for side in (case.ours, case.theirs))
    for one, other in zip(ours, theirs, strict=True):
        if one != other:
            both = (_around(each, _first_difference(one, other)) for each in (one, other))
            raise RuntimeError("\n".join((f"{case.name}: the answers differ:", *both)))


def _first_difference(one: bytes, other: bytes) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _around(body: bytes, at: int) -> str:
    return repr(body[max(at - 40, 0) : at + 160])


def _answers(side: Side, case: Case) -> Iterator[bytes]:
    for step in islice(side.scripts[0], 1 if case.varying else ENOUGH):
        for request in step:
            unique = f"compared on the {side.name}".encode()
            yield _comparable(ask(side.server.port, request.replace(UNIQUE, unique)), case)


def ask(port: int, request: bytes) -> bytes:
    """Return the body of the answer to a request."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        body = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{response.status}: {body.decode()}")
    return body


def _comparable(body: bytes, case: Case) -> bytes:
    """Leave out what cannot be the same: the seals of cursors, ids of new records, times."""
    if case.varying:
        names = "|".join(case.varying).encode()
        body = re.sub(rb'"(%s)":("[^"]*"|[0-9]+)' % names, rb'"\1":""', body)
    return CURSOR.sub(lambda found: b'"next":"%s"' % _place(found[1]), body)


def _place(cursor: bytes) -> bytes:
    return urlsafe_b64decode(cursor + b"=" * (-len(cursor) % 4))[len(SEAL) :]
