"""The lines of an invoice: written by hand, or made of time."""
