"""Regular expressions as JSON Schema has them: ECMA-262, which browsers speak.

What people write is meant for another engine (see `patterns`). Most of it means the same to both,
and is rewritten so that it certainly does, with as few backslashes as possible: programs copy
schemas into source code. What has no translation here, such as `(?i)`, is left to the server.
"""

import re

WHITE = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space, as it stands inside of a class."""

CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": WHITE}
SYNTAX = "$.*+?(){}|/"
"""What must stand in a class of its own to mean itself."""
FIXED = r"^\[]"
"""What needs a backslash wherever it stands."""

ESCAPE = r"\\[dDwWsStnrfv !-/:;=?@\[-`{-~]"
_TOKEN = re.compile(
    rf"""
    (?: \[(?P<not>\^?)(?!\])(?P<members>(?:{ESCAPE}|[^\\\[\]])+)\]
      | (?P<escape>{ESCAPE})
      | (?P<any>\.)
      | (?P<literal>[^\\^$.|?*+()\[{{])
      | (?P<close>\))
    )
    (?P<often>(?:[*+?]|{{[0-9]+(?:,[0-9]*)?}})\??(?![*+?{{]))?
    | (?P<open>\((?:\?(?:P?<[A-Za-z_]\w*>|:)|(?!\?)))
    | (?P<between>[|^$])
    """,
    re.VERBOSE | re.ASCII,
)
_OPERATIONS = re.compile(r"&&|--|~~|\\[DWS]")
"""Inside of a class, what the two engines understand differently."""


def ecma(pattern: str, *, over_lines: bool = False) -> str | None:
    """Return what a pattern is called in ECMA-262; None where this does not know.

    ``over_lines`` is for text with line breaks, of which the dot takes others than ours.
    """
    dot = r"[^\n]" if over_lines else "."
    parts: list[str] = []
    end = 0
    while end < len(pattern):
        found = _TOKEN.match(pattern, end)
        if found is None or (found["members"] and _OPERATIONS.search(found["members"])):
            return None
        parts.append(_translated(found, dot))
        end = found.end()
    return "".join(parts)


def _translated(found: re.Match[str], dot: str) -> str:
    often = found["often"] or ""
    if found["members"] is not None:
        members = re.sub(r"\\(.)", lambda each: _inside(each[1]), found["members"])
        return f"[{found['not']}{members}]{often}"
    if found["escape"]:
        return _outside(found["escape"][1]) + often
    if found["any"]:
        return dot + often
    if found["literal"]:
        return _itself(found["literal"]) + often
    return "(?:" if found["open"] else found[0]


def _inside(character: str) -> str:
    if character in FIXED + "-" or character in "tnrfv":
        return "\\" + character
    return CLASSES.get(character, character)


def _outside(character: str) -> str:
    if character in "tnrfv":
        return "\\" + character
    if character.lower() in CLASSES:
        return f"[{'^' if character.isupper() else ''}{CLASSES[character.lower()]}]"
    return _itself(character)


def _itself(character: str) -> str:
    if character in FIXED:
        return "\\" + character
    return f"[{character}]" if character in SYNTAX else character
