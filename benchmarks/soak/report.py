"""What happened, on one screen."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import quantiles

from benchmarks.soak.invariants import Connections
from benchmarks.soak.journal import Exchange, Journal
from benchmarks.soak.promises import MEGABYTE
from benchmarks.soak.soaking import Soak
from benchmarks.soak.workers import Workers

SHOWN = 20
"""Broken promises; the others are counted."""


def report(soak: Soak, broken: Sequence[str]) -> str:
    """Return it as text."""
    return "\n".join(
        [
            *_requests(soak.journal),
            *_faults(soak.journal),
            *_memory(soak.workers),
            *_connections(soak.connections),
            "",
            *_verdict(broken),
        ]
    )


def _requests(journal: Journal) -> Iterator[str]:
    statuses = Counter(str(exchange.status or "cut off") for exchange in journal.exchanges)
    told = ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items()))
    yield f"{len(journal.exchanges):,} requests ({told})"
    for phase in ("before", "during", "after"):
        times = [
            (each.ended - each.began) * 1000
            for each in journal.exchanges
            if each.is_served and _phase(each, journal) == phase
        ]
        if len(times) > 1:
            cuts = quantiles(times, n=100)
            p50, p99 = cuts[49], cuts[98]
            yield f"  {phase} faults: p50 {p50:.0f} ms, p99 {p99:.0f} ms of {len(times):,}"


def _phase(exchange: Exchange, journal: Journal) -> str:
    if any(exchange.overlaps(fault.began, fault.served) for fault in journal.faults):
        return "during"
    return "after" if any(exchange.began > each.began for each in journal.faults) else "before"


def _faults(journal: Journal) -> Iterator[str]:
    for fault in journal.faults:
        ends = sorted(each.ended for each in journal.exchanges if each.is_served)
        around = [end for end in ends if fault.began - 1 <= end <= fault.served]
        longest = max((after - before for before, after in pairwise(around)), default=0)
        failed = Counter(
            str(each.status or "cut off")
            for each in journal.exchanges
            if (each.status or 503) == 503 and each.overlaps(fault.began, fault.served)
        )
        told = ", ".join(f"{count} x {status}" for status, count in failed.items()) or "no failures"
        yield (
            f"{fault.name}: {told}; {longest:.1f} s without an answer,"
            f" {fault.served - fault.mended:.2f} s after it was mended"
        )


def _memory(workers: Workers) -> Iterator[str]:
    for number, each in workers.memory.items():
        last, most = each.last / MEGABYTE, each.most / MEGABYTE
        warm = f"{each.warm / MEGABYTE:.0f} MB once warm, " if each.warm else ""
        yield f"worker {number}: {warm}{last:.0f} MB in the end, {most:.0f} MB at most"


def _connections(found: Connections | None) -> Iterator[str]:
    if found:
        yield f"{found.open} connections at rest, {found.held} of them in transactions"


def _verdict(broken: Sequence[str]) -> Iterator[str]:
    if not broken:
        yield "Every promise held."
        return
    yield "These promises are broken:"
    found = Counter(broken)
    yield from (f"  {times} x {each}" for each, times in found.most_common(SHOWN))
    if len(found) > SHOWN:
        yield f"  and {len(found) - SHOWN} more"
