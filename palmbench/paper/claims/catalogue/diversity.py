"""What the paper finds about de-identifying one photo again and again (Section IV-D, Figure 5)."""

from __future__ import annotations

from palmbench.paper.claims.terms import Claim, bounded, together
from palmbench.paper.rows import OURS

_LIKE_IMPOSTORS = 85.0

CLAIMS: tuple[Claim, ...] = (
    Claim("diverse-mtcc", "For MTCC, photos of one original under ten seeds lie among the impostors: "
          "against the original and against one another",
          "IV-D, Figure 5",
          together(bounded(OURS, "diversity_dir_original", ">=", _LIKE_IMPOSTORS, "mtcc"),
                   bounded(OURS, "diversity_dir_seeds", ">=", _LIKE_IMPOSTORS, "mtcc")),
          reading=f"nearly overlapping is a DIR of {_LIKE_IMPOSTORS:g} % or more, as Table II's lowest for MTCC"),
    Claim("less-diverse-ccnet", "For CCNet, such photos are closer to one another than to their original",
          "IV-D, Figure 5", bounded(OURS, "diversity_gap", ">", 0.0, "ccnet"),
          reading="the gap is the DIR against the original less that among seeds"),
    *(
        Claim(f"unlinkable-seeds-{name}", f"{label} matches fewer than half of the pairs of photos of one original",
              "IV-D, Figure 5", bounded(OURS, "diversity_matched_seeds", "<", 50.0, name),
              reading="diverse and untraceable takes at least this, at the originals' equal error rate")
        for name, label in (("mtcc", "MTCC"), ("ccnet", "CCNet"), ("eehnet", "EEHNet"))
    ),
)  # fmt: skip
