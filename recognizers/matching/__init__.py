"""Distances of bit-plane templates over a range of shifts: on a CPU bit by bit, on a GPU by matrix products."""

from recognizers.matching.engine import distances, pairwise
from recognizers.matching.shifts import ShiftSearch

__all__ = ["ShiftSearch", "distances", "pairwise"]
