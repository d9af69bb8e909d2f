"""Numbers in sentences."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 row`` or ``2 rows``; ``many`` is for what does not just get an ``s``."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
