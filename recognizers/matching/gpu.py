"""The same distances by matrix products, for a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from recognizers.matching.popcount import ROWS
from recognizers.networks.precision import single_precision

if TYPE_CHECKING:
    from recognizers.matching.shifts import Job

# Rows and columns of a tile: what is held for one shift takes some hundred MB.
PROBES, GALLERY = 1024, 4096
# What is multiplied on which device: sums over one plane are integers up to 1024, which half precision holds exactly in
# whatever order they are added.
TYPES = {"cuda": torch.float16}


def distances(job: Job, device: str | torch.device) -> np.ndarray:
    """Distances of every probe to every gallery template, equal to `matching.distances` to the bit.

    Bits are +1 and -1, and 0 where a shifted probe leaves the overlap of S pixels: a product of rows <a, b> is
    then S less twice the number of differing bits. To count common bits they are 1 and 0.

    Parameters
    ----------
    job : Job
        Of `shifts.prepare`.
    device : str or torch.device
        Where torch computes. Memory does not grow with the numbers of templates beyond the result's.

    Returns
    -------
    (n, m) float32
        Distances in [0, 1].
    """
    device = torch.device(device)
    out = np.empty((len(job.probes), len(job.gallery)), np.float32)
    with torch.inference_mode(), single_precision(device):
        for column in range(0, len(job.gallery), GALLERY):
            gallery = _signs(job.gallery[column : column + GALLERY], job.area, device).flatten(2).transpose(1, 2)
            for row in range(0, len(job.probes), PROBES):
                probes = _signs(job.probes[row : row + PROBES], job.area, device)
                tile = _tile(probes, gallery, job)
                out[row : row + PROBES, column : column + GALLERY] = tile.cpu().numpy()
    return out


def _signs(planes: np.ndarray, area: bool, device: torch.device) -> torch.Tensor:
    """(planes, n, 32, 32), in the type that is multiplied."""
    octets = np.ascontiguousarray(planes.transpose(1, 0, 2), "<u4").view(np.uint8)
    bits = np.unpackbits(octets, axis=-1, bitorder="little").reshape(*octets.shape[:2], ROWS, ROWS)
    signs = torch.from_numpy(bits).to(device).to(TYPES.get(device.type, torch.float32))
    return signs if area else signs.mul_(2).sub_(1)


def _tile(probes: torch.Tensor, gallery: torch.Tensor, job: Job) -> torch.Tensor:
    reach, planes = job.reach, job.planes
    padded = torch.nn.functional.pad(probes, (reach,) * 4)
    shape = probes.shape[1], gallery.shape[2]
    none = torch.full(shape, torch.inf, dtype=torch.float64, device=probes.device)
    total = none if job.area else torch.zeros_like(none)
    for group in range(0, len(probes), planes):
        best = none
        for down in range(-reach, reach + 1):
            for across in range(-reach, reach + 1):
                top, left = reach - down, reach - across
                window = padded[group : group + planes, :, top : top + ROWS, left : left + ROWS].flatten(2)
                products = torch.bmm(window, gallery[group : group + planes]).sum(dim=0, dtype=torch.float32)
                overlap = planes * (ROWS - abs(down)) * (ROWS - abs(across))
                counts = products if job.area else (overlap - products) / 2
                best = torch.minimum(best, counts.double() * float(job.weights[abs(down), abs(across)]))
        total = torch.minimum(total, best) if job.area else total + best
    return (total / job.denominator).float()
