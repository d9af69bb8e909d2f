"""As much of curl as the README uses, for machines that have none."""

import sys
from argparse import ArgumentParser
from pathlib import Path

import httpx


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-i", action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-X")
    parser.add_argument("-d")
    parser.add_argument("-o")
    parser.add_argument("-w", default="")
    asked = parser.parse_args()
    method = asked.X or ("GET" if asked.d is None else "POST")
    headers = dict(header.split(": ", 1) for header in asked.H)
    answer = httpx.request(method, asked.url, headers=headers, content=asked.d)
    out = answer.text
    if asked.i:
        status = f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"
        lines = [status, *(f"{name}: {value}" for name, value in answer.headers.items())]
        out = "\n".join(lines) + "\n\n" + out
    if asked.o:
        Path(asked.o).write_text(out)
        out = ""
    end = asked.w.replace("%{http_code}", str(answer.status_code)).replace("\\n", "\n")
    sys.stdout.write(out + end)


main()
