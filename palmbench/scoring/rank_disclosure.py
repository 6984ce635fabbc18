"""What a place in the candidates' list discloses, in bits (rank disclosure, Odyssey 2026).

With P(r) how often the own palm stands at rank r of N, rank r discloses D(r) = log2(N P(r)) bits, and

    MeanD = sum of P(r) D(r) = log2 N - H(P)        MaxD = largest D(r)

A method that leaks nothing leaves every rank equally likely: MeanD is 0. An estimate is never negative and lies above 0
by chance, by about (N - 1) / (2 n ln 2) bits with n independent probes: read it beside its permutation null.
"""

from __future__ import annotations

import numpy as np

from palmbench.scoring.replicated import Replicated, about_its_value, by_person, of_sums

VERSION = 1


def mean_disclosure(probabilities: np.ndarray, persons: np.ndarray, weights: np.ndarray) -> Replicated:
    """MeanD in bits, from 0 to log2 N; replicates lie about the value.

    Parameters
    ----------
    probabilities : (n_probes, N) float
        Of each rank, see `identification.rank_probabilities`.
    persons : (n_probes,) int
    weights : (n_replicates, n_persons) int
        As `replicated.person_weights` draws them.
    """
    sums = by_person(probabilities, persons, weights.shape[1])
    return about_its_value(of_sums(mean_bits, sums, weights), 0.0, np.log2(probabilities.shape[1]))


def mean_bits(counts: np.ndarray) -> np.ndarray:
    """MeanD of how often each rank occurred, (..., N) to (...); NaN where nothing did."""
    shares = _shares(counts)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    # Rounding must not take it below 0, where all ranks are alike.
    return np.maximum(np.log2(counts.shape[-1]) + (shares * logs).sum(axis=-1), 0.0)


def max_bits(counts: np.ndarray) -> np.ndarray:
    """MaxD of how often each rank occurred, (..., N) to (...); NaN where nothing did."""
    return np.log2(counts.shape[-1] * _shares(counts).max(axis=-1))


def _shares(counts: np.ndarray) -> np.ndarray:
    total = counts.sum(axis=-1, keepdims=True, dtype=np.float64)
    return np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)
