r"""Which URLs may become links: four schemes, and a narrow grammar for each.

Browsers repair what they are given: ``https:///evil.example``, ``https:\\evil.example`` and a tab
inside ``javascript:`` all work. So nothing is repaired or stripped here, and what is not
recognised is refused. Every check reads a finished URL as well as a template in which each
character of a placeholder has been replaced by ``MASK``, so that positions stay those of the
source.
"""

import re
from collections.abc import Collection
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Literal, NamedTuple

SCHEMES = frozenset({"https", "http", "mailto", "tel"})
MAX_URL = 4096
MAX_NAME = 253
MAX_PORT = 65_535
MASK = "\0"

FaultCode = Literal[
    "too_long",
    "character",
    "percent",
    "brace",
    "unknown_placeholder",
    "no_placeholder",
    "scheme",
    "authority",
    "userinfo",
    "host",
    "port",
    "dot_segment",
    "address",
    "header",
    "number",
]


class LinkFault(ValueError):
    """Why a template or URL is refused: a code, a 0-based position in the text, a sentence."""

    def __init__(self, code: FaultCode, position: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code: FaultCode = code
        self.position = position
        self.sentence = sentence


class Target(NamedTuple):
    """Where a link goes: its scheme in lower case, and the index at which the fixed part ends.

    The fixed part is scheme and authority; for mailto and tel it is the scheme with its colon.
    """

    scheme: str
    end: int


SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")

AUTHORITY = re.compile(r"[^/?#]*")
PATH = re.compile(r"[^?#]*")
IPV6 = re.compile(r"\[[0-9A-Fa-f:.]*\]")
PORT = re.compile(r":[1-9][0-9]{0,4}")
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")
# Browsers read a host whose last label is a number as an IPv4 address: 0x7f.1 is 127.0.0.1.
NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)")

# Servers and proxies decode more often than they should, so a dot and a slash count however often
# they are encoded, and ";" ends a segment because some servers drop what follows it. A placeholder
# beside one dot could become the second.
DOT = r"(?:\.|%(?:25)*2[Ee])"
SLASH = r"(?:/|%(?:25)*(?:2[Ff]|5[Cc]))"
DOT_SEGMENT = re.compile(
    rf"{SLASH}({DOT}{{1,2}}|{DOT}{MASK}+|{MASK}+{DOT})(?={SLASH}|;|%(?:25)*3[Bb]|\Z)"
)

# Mail programs decode before they look for separators, so an encoded comma would still separate
# recipients. Of the encoded characters only plus, apostrophe and non-ASCII letters pass.
BYTE = r"%[89A-Fa-f][0-9A-Fa-f]"
RECIPIENT = re.compile(
    rf"(?:[A-Za-z0-9_.+'~{MASK}-]|%2[7Bb]|{BYTE})+(?:@(?:[A-Za-z0-9.{MASK}-]|{BYTE})+)?"
)
LINE = r"(?:(?!%[01]|%7[Ff])[^&=?#])"
HEADER = re.compile(
    rf"body=[^&=?#]*|subject={LINE}*|(?:cc|bcc)=(?:(?!{MASK}){LINE})*", re.IGNORECASE | re.ASCII
)

NUMBER = re.compile(rf"\+?(?:[().-]*[0-9{MASK}])+[().-]*(?:;ext=[0-9{MASK}]+)?")

UNSAFE_IN_URL = re.compile(r"""[ "<>\\`]""")


def check(text: str, schemes: Collection[str]) -> Target:
    """Check a URL, or a template with its placeholders masked, and say where it leads.

    ``schemes`` can narrow ``SCHEMES`` and never widen it. Raises ``LinkFault``.
    """
    allowed = SCHEMES.intersection(schemes)
    match = SCHEME.match(text)
    if match is None or (scheme := match[1].lower()) not in allowed:
        raise LinkFault("scheme", 0, f"A link begins with one of: {', '.join(sorted(allowed))}.")
    if scheme == "mailto":
        _check_mail(text, match.end())
    elif scheme == "tel":
        _check_number(text, match.end())
    else:
        return Target(scheme, _check_authority(text, match.end()))
    return Target(scheme, match.end())


def check_url(value: str, schemes: Collection[str]) -> None:
    """Check an absolute URL that is to be a link as it stands. Raises ``LinkFault``."""
    if len(value) > MAX_URL:
        raise LinkFault("too_long", MAX_URL, f"A link has at most {MAX_URL} characters.")
    for position, character in enumerate(value):
        if not character.isprintable():
            raise LinkFault("character", position, "A link has no invisible characters.")
        if UNSAFE_IN_URL.match(character):
            sentence = f"A link has no {character!r} in it; it is written %{ord(character):02X}."
            raise LinkFault("character", position, sentence)
    check(value, schemes)


def safe_url(value: str, schemes: Collection[str]) -> bool:
    """Tell whether a value is an absolute URL that may be a link as it stands."""
    try:
        check_url(value, schemes)
    except LinkFault:
        return False
    return True


def dot_segment(text: str, start: int) -> int | None:
    """Find the first path segment at or after ``start`` that is, or could become, ``.`` or ``..``.

    ``start`` is where the path begins. Returns the index of the segment.
    """
    found = DOT_SEGMENT.search(text, start, _end(PATH, text, start))
    return found and found.start(1)


def _check_authority(text: str, start: int) -> int:
    if not text.startswith("//", start):
        raise LinkFault("host", start, "After the scheme come two slashes and a host.")
    start += 2
    end = _end(AUTHORITY, text, start)
    authority = text[start:end]
    if MASK in authority:
        position = start + authority.index(MASK)
        raise LinkFault("authority", position, "Placeholders come after the host and a /, ? or #.")
    if "@" in authority:
        position = start + authority.index("@")
        raise LinkFault("userinfo", position, "A link carries no user name or password.")
    host = authority if _is_host(authority) else authority.rpartition(":")[0]
    if not _is_host(host):
        raise LinkFault("host", start, "The host is not a name in ASCII letters or an IP address.")
    port = authority[len(host) :]
    if port and not (PORT.fullmatch(port) and int(port[1:]) <= MAX_PORT):
        raise LinkFault("port", start + len(host), "The port is a number from 1 to 65535.")
    return end


def _is_host(host: str) -> bool:
    try:
        if IPV6.fullmatch(host):
            IPv6Address(host[1:-1])
        elif NUMERIC.fullmatch(host):
            IPv4Address(host)
        else:
            return len(host) <= MAX_NAME and NAME.fullmatch(host) is not None
    except AddressValueError:
        return False
    return True


def _check_mail(text: str, start: int) -> None:
    recipient, question, headers = text[start:].partition("?")
    is_address = RECIPIENT.fullmatch(recipient) and ("@" in recipient or MASK in recipient)
    if recipient and not is_address:
        raise LinkFault("address", start, "After mailto: comes one plain e-mail address.")
    position = start + len(recipient) + len(question)
    for header in headers.split("&") if question else ():
        if not HEADER.fullmatch(header):
            raise LinkFault(
                "header",
                position,
                "A mail link sets subject, body, cc and bcc; placeholders only in the first two.",
            )
        position += len(header) + 1


def _check_number(text: str, start: int) -> None:
    if not NUMBER.fullmatch(text, start):
        raise LinkFault("number", start, "After tel: come digits, with + only in front.")


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start
