"""Custom fields and link templates as a file, so that installations agree on them."""
