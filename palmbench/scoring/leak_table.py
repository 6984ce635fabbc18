"""Every number that an attack reports: what it says, its unit, and which way is better for privacy."""

from __future__ import annotations

from palmbench.scoring.metric_table import Metric


def _measure(name: str, label: str, says: str, higher: bool = False, unit: str = "%", decimals: int = 1) -> Metric:
    return Metric(name, label, says, higher, "recognition", unit, decimals, failures="")


LEAKS = {
    measure.name: measure
    for measure in (
        _measure("rank_1", "Rank 1", "share of probes whose own palm is the nearest of the gallery: linkability in the "
                 "legal framework's words"),
        _measure("tar_fmr100", "TAR at FMR 1 %", "share of probes that match their own palm where 1 % of strangers do"),
        _measure("tar_fmr1000", "TAR at FMR 0.1 %", "share of probes that match their own palm where 0.1 % of "
                 "strangers do"),
        _measure("eer", "EER", "equal error rate of the ROC's convex hull", True),
        _measure("min_cllr", "min Cllr", "what calibrated scores leave unknown", True, "bits", 3),
        _measure("d_sys", "D_sys", "how far scores tie probes to their palms", unit="0 to 1", decimals=3),
        _measure("singling_out", "Singled out", "share of probes that isolate exactly one palm of the gallery"),
        _measure("mean_disclosure", "MeanD", "what the rank of the own palm discloses on the average", unit="bits",
                 decimals=2),
        _measure("lid", "LID", "what a photo discloses of whose it is on the average", unit="bits", decimals=2),
        _measure("lid_worst", "LID, worst 5 %", "the same of the twentieth of the palms that disclose most",
                 unit="bits", decimals=2),
    )
}  # fmt: skip
