"""Data sets: photos of palms, rendered or in folders. Nothing here imports torch."""

from __future__ import annotations

from pathlib import Path

from palmbench.datasets.cards import Card, card_names, read_card
from palmbench.datasets.sample import Dataset, Sample
from palmbench.datasets.settings import DatasetConfig, SynthConfig
from recognizers.common.path_settings import path_text

__all__ = ["Card", "Dataset", "Sample", "card_names", "open_dataset", "present_datasets", "read_card"]


def open_dataset(config: DatasetConfig, data_dir: str | Path) -> Dataset:
    """A data set, scanned and ready to give photos.

    Parameters
    ----------
    config : SynthConfig or FolderDatasetConfig
    data_dir : str or Path
        Folder of the data sets, one sub-folder each.

    Raises
    ------
    RequestError
        If the set is not there: what is missing, where to ask for it, and where to put it.
    """
    if isinstance(config, SynthConfig):
        from palmbench.datasets.synth_dataset import open_synth

        return open_synth(config)
    from palmbench.datasets.folder_dataset import open_folder

    return open_folder(config, data_dir)


def present_datasets(data_dir: str | Path) -> list[str]:
    """Names of the data sets that can be opened here: synth, then those with photos below `data_dir`."""
    from palmbench.datasets.folder_scan import NAMES, has_photos

    folder = Path(path_text(str(data_dir)))
    return ["synth"] + [name for name in NAMES if has_photos(name, folder / name)]
