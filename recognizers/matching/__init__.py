"""Distances of bit-plane templates over a range of shifts: on a CPU bit by bit, on a GPU by matrix products."""

from recognizers.matching.shifts import ShiftSearch, distances, pairwise

__all__ = ["ShiftSearch", "distances", "pairwise"]
