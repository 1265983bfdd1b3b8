"""What one run of one contender measured."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Sample:
    operations: int
    rate: float  # per second
    cpu_s: float  # of the whole client process
    peak_memory_mb: float
    memory_growth_mb_per_s: float
    lag_p99_ms: float = float("nan")

    def with_lag(self, p99_ms):
        return dataclasses.replace(self, lag_p99_ms=p99_ms)


def marginal_cpu_us(long, short):
    """CPU per operation between a long and a short run: without start-up and connecting."""
    return (long.cpu_s - short.cpu_s) * 1e6 / (long.operations - short.operations)
