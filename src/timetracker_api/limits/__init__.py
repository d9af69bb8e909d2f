"""How much of everything there may be, so that clients can ask before they meet a limit.

Nothing is decided here. Every number stands where it is enforced, or in the settings.
"""
