"""Every number of what is disclosed beside identity: what it says, and which way is better for privacy."""

from __future__ import annotations

from palmbench.scoring.metric_table import Metric


def _measure(name: str, label: str, says: str, higher: bool = False) -> Metric:
    return Metric(name, label, says, higher, "recognition", "%", 1, failures="")


DISCLOSED = {
    measure.name: measure
    for measure in (
        _measure("auc", "AUC", "share of pairs of the two kinds that are told apart: area under the ROC"),
        _measure("tpr_fpr100", "TPR at FPR 1 %", "share of processed photos that are found where 1 % of the others are "
                 "taken for processed"),
        _measure("originals", "named on originals", "balanced accuracy on originals, learnt from originals of others"),
        _measure("kept", "kept", "balanced accuracy on outputs, learnt from originals of others", True),
        _measure("leaked", "leaked", "balanced accuracy on outputs, learnt from outputs of others"),
        _measure("beside", "without the palm", "balanced accuracy from what lies beside the palm alone"),
        _measure("advantage", "advantage", "largest true less false positive rate over all thresholds"),
        _measure("matching", "match seen palms", "share of outputs that match a palm of the training less the share "
                 "that match a palm that was never seen"),
        _measure("traced", "traced", "share of outputs whose photo is the one whose own output is the nearest, the "
                 "method run again with the release's seed"),
        _measure("traced_other_seed", "another seed", "the same, the method run again with another seed"),
        _measure("traced_original", "not run again", "share of outputs whose own original is the nearest"),
    )
}  # fmt: skip
