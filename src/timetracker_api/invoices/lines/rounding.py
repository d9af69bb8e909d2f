"""How much of what was recorded is billed."""


def billed(seconds: int) -> int:
    """Return what is billed of the seconds of an entry: all of them, exactly."""
    return seconds
