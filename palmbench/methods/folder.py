"""Photos that were de-identified elsewhere: scored as those of any method, without a line of code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import yaml

from palmbench.methods.declaration import Declaration, declared
from palmbench.methods.method import Encoding, Method, MethodConfig
from recognizers.common.errors import RequestError

if TYPE_CHECKING:
    from palmbench.hands import Hand
    from palmbench.hands.palm import Region

DECLARATION = "palmbench.yaml"
_TABLE = ".csv"


@dataclass(frozen=True)
class FolderConfig(MethodConfig):
    """Photos that were de-identified elsewhere, by their names or as a table says."""

    name: Literal["folder"] = "folder"
    path: str | None = None

    on_device = False

    @property
    def called(self) -> str:
        return f"{self.name}:{self.declaration().name}" if self.path else self.name

    @property
    def folder(self) -> Path:
        """What the photos' names begin in: the folder, or that of the table.

        Raises
        ------
        RequestError
            If none is given, or it is not there.
        """
        if self.path is None:
            raise RequestError(
                "method=folder needs photos: method.path=FOLDER, or method.path=FILE.csv with the columns original and "
                "deidentified."
            )
        path = Path(self.path)
        if not (path.is_file() if self.table else path.is_dir()):
            raise RequestError(f"method.path={self.path} is neither a folder nor a table FILE.csv.")
        return path.parent if self.table else path

    @property
    def table(self) -> Path | None:
        """The table that says which photo is which; None where names do."""
        return Path(self.path) if self.path and self.path.lower().endswith(_TABLE) else None

    def declaration(self, region: Region = "paper") -> Declaration:
        """What `palmbench.yaml` beside the photos says, or a declaration that tells nothing.

        Raises
        ------
        RequestError
            If that file cannot be understood.
        """
        if self.path is None:
            return Declaration(self.name)
        file, name = self.folder / DECLARATION, (self.table or self.folder.resolve()).stem
        if not file.is_file():
            return Declaration(name)
        try:
            values = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeError, yaml.YAMLError) as error:
            raise RequestError(f"{file} cannot be read: {' '.join(str(error).split())}.") from error
        return declared({} if values is None else values, str(file), name)

    def describe(self) -> str:
        return f"{self.called}: photos that were de-identified elsewhere."

    def require_here(self) -> None:
        self.declaration()

    def load(self, device: str = "cpu", region: Region = "paper") -> Folder:
        return Folder(self, device, region)


class Folder(Method):
    """Stands for photos that are there already; a run takes them from their files, and nothing is repainted.

    Raises
    ------
    RequestError
        If there is no such folder, or its declaration cannot be understood.
    """

    config: FolderConfig
    version = 1

    def __init__(self, config: FolderConfig, device: str = "cpu", region: Region = "paper") -> None:
        super().__init__(config, device, region)
        self.root = config.folder
        config.declaration()

    def settings(self) -> dict[str, Any]:
        """Its name alone: what can change a result is in the key of each photo, whatever the folder is called."""
        return {"name": self.name, "versions": self.versions()}

    def deidentify(
        self, images: list[np.ndarray], hands: list[Hand], seeds: list[int], encodings: list[Encoding | None]
    ) -> list[np.ndarray]:
        raise RequestError(
            "method=folder holds the photos of a data set, de-identified elsewhere; it repaints no others. Run it on "
            f"that data set: palmbench method=folder method.path={self.config.path}."
        )
