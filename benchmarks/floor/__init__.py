"""The least that can answer: Starlette, asyncpg, orjson, and nobody is asked who it is."""
