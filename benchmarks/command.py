"""What the benchmarks' commands share: a parser of their options, and times in words."""

import argparse
import statistics
from collections.abc import Sequence


def options_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser whose help begins with a module's docstring, line by line as it stands there."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def spread(times: Sequence[float], unit: str = " ms", decimals: int = 0) -> str:
    """The median of times, what 95 % of them stay below, and the longest.

    >>> spread([3.0, 1.0, 2.0])
    'p50 2 ms, p95 2 ms, max 3 ms'
    """
    ordered = sorted(times)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    figures = (("p50", statistics.median(ordered)), ("p95", p95), ("max", ordered[-1]))
    return ", ".join(f"{name} {value:.{decimals}f}{unit}" for name, value in figures)
