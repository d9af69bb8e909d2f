"""Backups: taken while the service runs, verified before they count, restored all or nothing.

``taking.back_up``, ``restoring.restore`` and ``rehearsing.rehearse`` are the ways in.
"""
