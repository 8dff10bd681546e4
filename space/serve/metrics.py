"""Numbers for Prometheus. Labels hold no text of callers."""

from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 150, 600)


class Metrics:
    def __init__(self, processes: Callable[[], dict[str, int | None]]) -> None:
        """`processes`: of the workers, by the name of their device."""
        self._registry = CollectorRegistry()
        make = {"registry": self._registry}
        self.running = Gauge("zanime_requests_running", "Jobs that are drawn now.", **make)
        self.waiting = Gauge("zanime_requests_waiting", "Jobs in line.", **make)
        self.pictures = Counter(
            "zanime_pictures", "Pictures by how they ended: done, failed, cancelled.", ["status"],
            **make,
        )  # fmt: skip
        for status in ("done", "failed", "cancelled"):
            self.pictures.labels(status)
        self.step_seconds = Histogram(
            "zanime_step_seconds", "A step of a sampler.", buckets=_SECONDS, **make
        )
        self.queue_seconds = Histogram(
            "zanime_queue_seconds",
            "From asking for a picture to its turn.",
            buckets=_SECONDS,
            **make,
        )
        self.picture_seconds = Histogram(
            "zanime_picture_seconds", "From its turn to its file.", buckets=_SECONDS, **make
        )
        self._registry.register(_Memory(processes))
        self._mean = 0.0

    def picture_took(self, seconds: float) -> None:
        self.picture_seconds.observe(seconds)
        self._mean = seconds if not self._mean else 0.8 * self._mean + 0.2 * seconds

    @property
    def mean_picture_seconds(self) -> float:
        """Of the last ones mainly; 0 before the first."""
        return self._mean

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _Memory(Collector):
    """Resident bytes of the workers, in which the processor's weights and activations lie."""

    def __init__(self, processes: Callable[[], dict[str, int | None]]) -> None:
        self._processes = processes

    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "zanime_device_memory_bytes", "Resident memory of the worker.", labels=["device"]
        )
        for device, pid in self._processes().items():
            family.add_metric([device], resident_bytes(pid))
        return [family]


def resident_bytes(pid: int | None) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * 4096
