"""How data sets are written in tables."""

from __future__ import annotations

DATASETS = {
    "iitd": "IITD",
    "polyu": "PolyU",
    "rest": "REST",
    "zhou": "Zhou",
    "ntupi": "NTU-PI",
    "synth": "Synthetic",
    "folder": "Folder",
    "tongji": "Tongji",
    "casia": "CASIA",
    "mpdv2": "MPDv2",
    "11k": "11K Hands",
    "nnnn_ssss": "NNNN_SSSS",
    "manifest": "Manifest",
}


def dataset_label(name: str) -> str:
    """A data set as the paper writes it."""
    return DATASETS.get(name, name)
