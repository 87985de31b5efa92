"""Says how many examples a property is tried on: all of them, or with `make quick` one in five."""

from __future__ import annotations

import os


def examples(number: int) -> int:
    """`number`, or a fifth of it, at least ten, where QUICK_TESTS is set."""
    return max(10, number // 5) if os.environ.get("QUICK_TESTS") else number
