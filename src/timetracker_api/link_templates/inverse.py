"""Reading a link backwards: what values must have been put into a template to get it.

A regular expression would try the ways to share a text among several placeholders one by one. Here
each part of a template is only ever asked which positions it can lead to, so that the time taken
grows with the length of the URL times that of the template, whatever both are.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

from timetracker_api.link_templates.template import CONTROL, WEB, Template

MOST_READINGS = 16
"""Ways to read one placeholder. Where there are more, it says too little to look for."""
MOST_PARTS = 50
"""Parts of a template that is read backwards: with hundreds, one address takes half a second."""

KEPT = "%:/?#[]@!$&'()*+,;="
START = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(//[^/?#]*)?")
PORTS = {"https": ":443", "http": ":80"}
ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")

TOKEN = re.compile(r"%[0-9A-F]{2}|.")
IN_URL = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+")
VALUES = {
    "https": IN_URL,
    "http": IN_URL,
    "mailto": re.compile(r"(?:[A-Za-z0-9._~@-]|%[0-9A-F]{2})+"),
    "tel": re.compile(r"[0-9+]+"),
}
"""What encoded values consist of, by scheme."""


def normal(url: str) -> str:
    """Return what the spellings of a URL have in common that browsers and people choose from."""
    url = quote(url.strip(), safe=KEPT)
    if start := START.match(url):
        scheme, rest = start[1].lower(), url[start.end() :]
        authority = (start[2] or "").lower().removesuffix(PORTS.get(scheme, "\0"))
        root = "/" if scheme in WEB and not rest.startswith("/") else ""
        url = f"{scheme}:{authority}{root}{rest}"
    return _alike(url)


def _alike(text: str) -> str:
    return ESCAPE.sub(_decoded, text)


def _decoded(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if UNRESERVED.fullmatch(character) else escape[0].upper()


class Inverse:
    """A template, ready to be read backwards many times."""

    def __init__(self, template: Template) -> None:
        (first, _), *others = template.parts  # the first is the scheme at least, never a value
        self._parts = [(normal(first), None), *((_alike(text), name) for text, name in others)]
        self._characters = VALUES[template.scheme]

    def captures(self, url: str) -> Mapping[str, frozenset[str] | None] | None:
        """Return what the placeholders may have stood for in a `normal` URL; None if in nothing.

        For a placeholder that can be read in too many ways it is None.
        """
        if len(self._parts) > MOST_PARTS or not url.startswith(self._parts[0][0]):
            return None
        values = _Values(self._characters, url)
        fronts = [{0}]
        for text, name in self._parts:
            here = fronts[-1]
            there = values.ends(here) if name else _behind(text, here, url)
            if not there:
                return None
            fronts.append(there)
        found: dict[str, frozenset[str] | None] = {}
        ends = fronts.pop() & {len(url)}
        for (text, name), here in zip(reversed(self._parts), reversed(fronts), strict=True):
            if name is None:
                ends = {end - len(text) for end in ends} & here
                continue
            starts = values.starts(here, ends)
            readings, before = values.between(starts, ends), found.get(name)
            found[name] = readings if before is None else readings and readings & before
            ends = starts
        return found if ends and all(each is None or each for each in found.values()) else None


def _behind(text: str, starts: Collection[int], url: str) -> set[int]:
    return {start + len(text) for start in starts if url.startswith(text, start)}


class _Values:
    """The places in a URL where values may stand."""

    def __init__(self, characters: re.Pattern[str], url: str) -> None:
        self._url = url
        self._reach: dict[int, int] = {}
        for run in characters.finditer(url):
            for token in TOKEN.finditer(url, run.start(), run.end()):
                self._reach[token.start()] = run.end()
        self._cuts: Sequence[int] = sorted({*self._reach, *self._reach.values()})

    def ends(self, starts: Collection[int]) -> set[int]:
        """Return where a value can end that begins at one of these positions."""
        found: set[int] = set()
        reached = -1
        for cut in self._cuts:
            if cut <= reached:
                found.add(cut)
            if cut in starts:
                reached = self._reach.get(cut, reached)
        return found

    def starts(self, among: Collection[int], ends: Collection[int]) -> set[int]:
        """Return where a value can begin that ends at one of these positions."""
        found: set[int] = set()
        end = None
        for cut in reversed(self._cuts):
            if end is not None and cut in among and end <= self._reach.get(cut, -1):
                found.add(cut)
            if cut in ends:
                end = cut
        return found

    def between(self, starts: Collection[int], ends: Collection[int]) -> frozenset[str] | None:
        """Return the values that can stand between; None if there are too many of them."""
        found: set[str] = set()
        for text in self._texts(starts, sorted(ends)):
            found.add(text)
            if len(found) > MOST_READINGS:
                return None
        decoded = (_value(text) for text in found)
        return frozenset(each for each in decoded if each is not None)

    def _texts(self, starts: Collection[int], ends: Sequence[int]) -> Iterator[str]:
        for start in starts:
            first = bisect_right(ends, start)
            last = bisect_right(ends, self._reach[start])
            for position in range(first, last):
                yield self._url[start : ends[position]]


def _value(text: str) -> str | None:
    try:
        value = unquote(text, errors="strict")
    except UnicodeDecodeError:
        return None
    return None if CONTROL.search(value) else value
