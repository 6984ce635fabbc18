"""Findings as a table: Markdown to read, CSV to compute with."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Sequence

from palmbench.paper.claims.evidence import Finding, Measured, Part, Verdict
from palmbench.paper.claims.terms import Quantity, Relation
from palmbench.report.labels import dataset_label
from palmbench.scoring.metric_table import (
    METRICS,
)

COLUMNS = (
    "claim", "statement", "source", "reading", "datasets", "verdict", "part", "part_verdict", "left", "left_value",
    "relation", "right", "right_value", "difference", "lo", "hi", "n", "missing", "evidence",
)  # fmt: skip
_ORDER: tuple[Verdict, ...] = ("holds", "fails", "undecided", "not measured")
_SIGNS: dict[Relation, str] = {">": ">", ">=": "≥", "<": "<", "<=": "≤"}
_SHOWN = 3
_DIVERSITY = {
    "diversity_dir_original": "DIR against the original",
    "diversity_dir_seeds": "DIR among seeds",
    "diversity_gap": "gap of the two DIR",
    "diversity_matched_seeds": "matches among seeds",
}


def words(verdict: Verdict, printed: bool) -> str:
    """A verdict as it is written: against the paper's own numbers a failure is an inconsistency of the paper."""
    return "inconsistent" if printed and verdict == "fails" else verdict


def counted(findings: Sequence[Finding], printed: bool) -> str:
    """How many claims came out how, in a line."""
    counts = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{counts[verdict]} {words(verdict, printed)}" for verdict in _ORDER if counts[verdict])


def to_markdown(findings: Sequence[Finding], title: str, notes: Sequence[str], printed: bool = False) -> str:
    """One row a claim, in the catalogue's order, with the comparisons that decided it."""
    lines = [f"**{title}** {counted(findings, printed)}.", "", "| Claim | Data | Verdict | Evidence | Source |"]
    lines.append("| :-- | :-- | :-- | :-- | :-- |")
    for finding in findings:
        claim = finding.claim
        statement = f"{claim.statement} ({claim.reading})" if claim.reading else claim.statement
        data = ", ".join(map(dataset_label, _datasets(finding)))
        verdict = words(finding.verdict, printed)
        verdict = verdict if finding.verdict == "holds" else f"**{verdict}**"
        lines.append(_row([statement, data, verdict, _evidence(finding, printed), claim.source]))
    return "\n".join([*lines, "", *(f"- {note}" for note in notes)]) + "\n"


def to_csv(findings: Sequence[Finding], printed: bool = False) -> str:
    """One row a comparison; a claim without any has one row that says what is missing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for finding in findings:
        claim = finding.claim
        what = [claim.name, claim.statement, claim.source, claim.reading, " ".join(_datasets(finding))]
        what.append(words(finding.verdict, printed))
        for number, part in enumerate(finding.parts, 1):
            told = "" if part.missing else _sentence(part, printed)
            writer.writerow([*what, number, words(part.verdict, printed), *_numbers(part), told])
        if not finding.parts:
            writer.writerow([*what, *[""] * (len(COLUMNS) - len(what) - 2), finding.missing, ""])
    return text.getvalue()


def _datasets(finding: Finding) -> list[str]:
    """The data sets that its numbers are of; those that were offered where it has none."""
    numbers = (number for part in finding.parts for number in (part.comparison.left, part.comparison.right))
    used = {number.dataset: None for number in numbers if isinstance(number, Quantity)}
    return list(used) or list(finding.datasets)


def _evidence(finding: Finding, printed: bool) -> str:
    if finding.verdict == "not measured":
        return finding.missing
    # What decided: the comparisons that came out as the claim did, the narrowest first.
    deciding = [part for part in finding.parts if part.verdict == finding.verdict]
    deciding.sort(key=lambda part: abs(part.difference) / (abs(part.left.value or 0) or 1))
    shown = [_sentence(part, printed) for part in deciding[:_SHOWN]]
    rest = len(deciding) - len(shown)
    count = f"{sum(part.verdict == 'holds' for part in finding.parts)} of {len(finding.parts)} hold"
    return f"{count}; {'; '.join(shown)}{f'; and {rest} more' if rest > 0 else ''}"


def _sentence(part: Part, printed: bool) -> str:
    comparison, right = part.comparison, part.comparison.right
    metric = comparison.left.metric
    target = f"{_name(right, comparison.left)} " if isinstance(right, Quantity) else ""
    label = f"{_metric(metric)} of {_name(comparison.left, right if isinstance(right, Quantity) else None)}"
    left, bound = _text(part.left.value, metric), _text(part.right.value, metric)
    sign = _SIGNS[comparison.relation]
    text = f"{label} {left} {f'is not {sign}' if part.verdict == 'fails' else sign} {target}{bound}"
    if printed or comparison.observed:
        return text
    if math.isnan(part.lo):
        return f"{text} (no interval)"
    return f"{text} (difference {_text(part.difference, metric)} [{_text(part.lo, metric)}, {_text(part.hi, metric)}])"


def _name(quantity: Quantity, other: Quantity | None) -> str:
    """The setting, and what else sets it apart from the number it is compared with."""
    parts = [quantity.setting.label]
    if other is None or other.dataset != quantity.dataset:
        parts.append(f"on {dataset_label(quantity.dataset)}")
    if quantity.recognizer and other is not None and other.recognizer != quantity.recognizer:
        parts.append(f"with {quantity.recognizer}")
    return " ".join(parts)


def _metric(metric: str) -> str:
    return METRICS[metric].label if metric in METRICS else _DIVERSITY[metric]


def _text(value: float | None, metric: str) -> str:
    decimals = METRICS[metric].decimals if metric in METRICS else 2
    return "–" if value is None or math.isnan(value) else f"{value:.{decimals}f}"


def _numbers(part: Part) -> list[object]:
    comparison, right = part.comparison, part.comparison.right
    n = min((number.n for number in (part.left, part.right) if number.n), default="")
    return [
        _cell(comparison.left), _plain(part.left), comparison.relation,
        _cell(right) if isinstance(right, Quantity) else "", _plain(part.right),
        *(("" if math.isnan(value) else format(value, ".6g")) for value in (part.difference, part.lo, part.hi)),
        n, part.missing,
    ]  # fmt: skip


def _cell(quantity: Quantity) -> str:
    setting = quantity.setting
    alpha = None if setting.alpha is None else f"{setting.alpha:g}"
    parts = (quantity.dataset, setting.method, setting.fusion, alpha, quantity.recognizer, quantity.metric)
    return "/".join(part for part in parts if part)


def _plain(number: Measured) -> str:
    return "" if number.value is None else format(number.value, ".10g")


def _row(texts: list[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"
