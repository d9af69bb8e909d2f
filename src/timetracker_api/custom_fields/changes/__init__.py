"""Changing the rules of a field that has values already, with open eyes."""
