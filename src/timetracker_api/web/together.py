"""The figures of several processes, which count in files of one folder."""

from collections.abc import Callable, Iterable
from functools import partial

from prometheus_client import Metric, ProcessCollector
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The library's name for the folder that several processes count in."""


class Together(Collector):
    """What all processes have counted, and what each of those that live takes."""

    def __init__(self, folder: str) -> None:
        self._counted: Callable[[], Iterable[Metric]] = MultiProcessCollector(None, folder).collect

    def collect(self) -> Iterable[Metric]:
        """Read the folder. Who has noted its connections there, and is not forgotten, lives."""
        pids: set[str] = set()
        for metric in self._counted():
            pids |= {each.labels["pid"] for each in metric.samples if "pid" in each.labels}
            yield metric
        yield from _taken(sorted(pids))


def _taken(pids: Iterable[str]) -> Iterable[Metric]:
    """Return memory, CPU and the like of processes, by their number."""
    together: dict[str, Metric] = {}
    for pid in pids:
        for metric in ProcessCollector(pid=partial(str, pid), registry=None).collect():
            of_all = together.setdefault(
                metric.name, Metric(metric.name, metric.documentation, metric.type)
            )
            for each in metric.samples:
                of_all.add_sample(each.name, {**each.labels, "pid": pid}, each.value)
    return together.values()
