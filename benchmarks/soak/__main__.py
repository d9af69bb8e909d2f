"""``python -m benchmarks.soak``: use the service while its surroundings fail, and judge it."""

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.soak.cluster import Cluster, cluster
from benchmarks.soak.promises import Bounds
from benchmarks.soak.report import report
from benchmarks.soak.soaking import FAULTS, soaking

INTERRUPTED = 130
ASIDE = 300
"""Seconds that starting, failing and judging may take, besides being used."""


async def main(ours: Cluster, folder: Path, seconds: float) -> bool:
    """Run for so long, print a report, and return whether every promise held."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # both end all of it
    async with asyncio.timeout(seconds + ASIDE), soaking(ours, folder) as soak:
        await soak.run(seconds, list(FAULTS.values()))
        broken = await soak.broken(Bounds())
    print(report(soak, broken))
    return not broken


if __name__ == "__main__":
    seconds = float(os.environ.get("SOAK_SECONDS", "120"))
    try:
        with cluster() as ours, tempfile.TemporaryDirectory() as folder:
            kept = asyncio.run(main(ours, Path(folder), seconds))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except TimeoutError:
        sys.exit(f"It has not ended within {seconds + ASIDE:.0f} seconds.")
    sys.exit(not kept)
