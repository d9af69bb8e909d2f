"""The revisions of the database: where they are, and what is done with them, safely."""
