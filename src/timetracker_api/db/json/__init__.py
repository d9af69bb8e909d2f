"""Asking for what stands under a key of a JSON column, in forms that indexes can serve.

SQLAlchemy's own ``column["key"].as_string()`` binds the key as a parameter: GROUP BY then fails on
asyncpg, and no expression index ever matches. Here the key is part of the statement's text, which
is safe because it has to match the grammar of a definition's key.
"""
