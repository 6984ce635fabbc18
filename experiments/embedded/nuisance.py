"""How a profile is calibrated: the equal error rate against the strength of its nuisances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.embedded.figures import Figure
from experiments.embedded.handshape import shape_eer
from experiments.embedded.options import Options
from experiments.embedded.palms import benchmark_palms, captures
from experiments.embedded.scores import closer_than_median, compare
from experiments.embedded.world import SHAPE_EER, TRUE_EER, Range
from palmbench.scoring import equal_error_rate


def sweep(options: Options, strengths: Sequence[float]) -> Iterator[Figure]:
    """Equal error rates, and impostors closer than the median mate, at each strength; from true ROIs alone."""
    for profile in options.profiles:
        for strength in strengths:
            palms = benchmark_palms(options.identities, options.samples, profile, strength, detect=False)
            photos = captures(palms, f"{profile}, nuisance {strength:g}", options.workers)
            identities = [photo.identity for photo in photos]
            found = compare([photo.template for photo in photos], identities)
            rate = 100 * equal_error_rate(found.genuine, found.impostor).rate
            closer = closer_than_median(found.genuine, found.impostor)
            note = f"{round(closer * len(found.impostor))} impostor pairs closer than the median mate"
            bound = TRUE_EER.get(profile, Range())
            yield Figure(f"{profile}, nuisance {strength:g}: EER, true ROI", rate, "%", *bound, len(photos), note)
            shape = 100 * shape_eer([photo.shape for photo in photos], identities).rate
            name = f"{profile}, nuisance {strength:g}: EER of hand shape alone"
            yield Figure(name, shape, "%", *SHAPE_EER.get(profile, Range()), len(photos))
