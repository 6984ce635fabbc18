"""A bundle: the records of runs and attacks in one file, which another machine can read without photos or a store.

It is a zip file of plain ones: `runs/KEY/...` and `attacks/KEY/...` as a folder of results has them, and a manifest
that knows each by its SHA-256 and bears one of its own. Folders of absolute paths are cut off every text, and what
says where and how wide was computed is left out of settings. No image is ever in it.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from palmbench.base.folders import all_without_folders
from palmbench.base.plain_files import read_plain
from palmbench.config.executors import ExecutorConfig
from palmbench.config.schema import RunConfig, TrackerConfig
from palmbench.engine.records import FORMAT, RECORD, Record, Unusable, read_record, record_or_why_not, say_unusable
from palmbench.engine.run import CONFIG
from recognizers.common.errors import RequestError
from recognizers.common.seal import SHA256, sealed_record, sha256, unsealed_record
from recognizers.common.writing import json_bytes, write_bytes

BUNDLE_FORMAT = 1
MANIFEST = "manifest.json"
KINDS = ("runs", "attacks")
_TRIAL, _DISCLOSED = "trial", "disclosed"  # what settings of an attack and of a disclosure stand under
_SUFFIXES = (".json", ".jsonl", ".parquet", ".npz")  # numbers and texts; whatever else a record names stays at home
_MEMBER = re.compile(r"(?:runs|attacks)/[0-9a-f]{32}/[a-z0-9_]+\.(?:json|jsonl|parquet|npz|yaml)")
_LARGEST = 2**31  # bytes of all files together: no folder of records comes near, a zip bomb does
_EPOCH = (1980, 1, 1, 0, 0, 0)
# What a file that is no bundle makes readers of zip and JSON stumble over.
_NO_BUNDLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, LookupError, TypeError,
              ValueError)  # fmt: skip
CHOICE = "choose another place for the bundle"


@dataclass(frozen=True)
class Kept:
    """A record in a folder of results, with the settings that it is of.

    Attributes
    ----------
    kind : {"runs", "attacks"}
    record : Record
    settings : mapping
        Plain values of the point's configuration.
    trial : mapping or None
        Plain values of an attack's `TrialConfig`; None of a run.
    disclosed : mapping or None
        Plain values of what was looked for beside identity; None of a run and of an attack.
    """

    kind: str
    record: Record
    settings: Mapping[str, Any]
    trial: Mapping[str, Any] | None = None
    disclosed: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        return self.record.path.parent.name

    @property
    def point(self) -> Mapping[str, Any]:
        """What it is called in tables; of an attack with the `attack`."""
        return dict(self.record.content["point"])


class Unpacked(NamedTuple):
    """What of a bundle was written into a folder of results, and what lay there already, as `runs/KEY`."""

    written: list[str]
    there: list[str]


def kept_in(results: Path) -> list[Kept]:
    """Every run and attack of a folder of results that was measured, by kind and key.

    Records that are not as they were written, or of another version, are said and left out.
    """
    found, unusable = [], []
    for kind in KINDS:
        for path in sorted((results / kind).glob(f"*/{CONFIG}")):
            record = record_or_why_not(path.parent / RECORD, path.parent.name)
            if isinstance(record, Unusable):
                unusable.append(record)
            if not isinstance(record, Record):
                continue
            values = _settings(path)
            if kind == "attacks":
                found.append(Kept(kind, record, values["run"], values.get(_TRIAL), values.get(_DISCLOSED)))
            else:
                found.append(Kept(kind, record, values))
    say_unusable(unusable)
    return found


def packed(kept: list[Kept]) -> bytes:
    """The records as a bundle: the same records give the same bytes.

    Raises
    ------
    Lost, Damaged
        If a file of a record has vanished or was changed meanwhile.
    """
    files: dict[str, bytes] = {}
    for each in kept:
        files |= {f"{each.kind}/{each.key}/{name}": data for name, data in _members(each).items()}
    manifest = {
        "format": BUNDLE_FORMAT,
        "records": FORMAT,
        "palmbench": _own_version(),
        "files": {name: {SHA256: sha256(data), "bytes": len(data)} for name, data in files.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted({**files, MANIFEST: json_bytes(sealed_record(manifest))}.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            entry.create_system = 3  # lest the bytes say on what they were written
            archive.writestr(entry, data)
    return buffer.getvalue()


def is_bundle(path: Path) -> bool:
    """Whether a file is a bundle, of whichever version, damaged or not: one that another may replace."""
    try:
        with zipfile.ZipFile(io.BytesIO(read_plain(path))) as archive:
            return MANIFEST in archive.namelist()
    except (OSError, *_NO_BUNDLE):
        return False


def read_bundle(path: Path) -> dict[str, bytes]:
    """The files of a bundle by name, each as its manifest knows it.

    Raises
    ------
    RequestError
        If it is no bundle, was damaged or changed, holds what no bundle may, or is of another version.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(read_plain(path))) as archive:
            files = _checked(archive, path)
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror or error}.") from error
    except _NO_BUNDLE as error:
        raise RequestError(
            f"{path} is no bundle of palmbench, or is damaged ({error}); get it again from where it came."
        ) from error
    return files


def unpack(path: Path, results: Path) -> Unpacked:
    """Write the records of a bundle into a folder of results; a finished one that lies there stays as it is.

    Raises
    ------
    RequestError
        As of `read_bundle`, and where the folder cannot be written.
    """
    files = read_bundle(path)
    written, there = [], []
    for folder in dict.fromkeys(name.rpartition("/")[0] for name in files):
        if read_record(results / folder / RECORD, folder.rpartition("/")[2]) is not None:
            there.append(folder)
            continue
        own = [name for name in files if name.startswith(f"{folder}/")]
        # The record last: where it is whole, so is the rest.
        for name in sorted(own, key=lambda name: name.endswith(f"/{RECORD}")):
            write_bytes(results / name, files[name])
        written.append(folder)
    return Unpacked(written, there)


@contextmanager
def results_of(source: Path) -> Iterator[Path]:
    """A folder of results: that of a bundle while the block lasts, or the folder itself.

    Raises
    ------
    RequestError
        If there is neither, and as of `read_bundle`.
    """
    if source.is_dir():
        yield source
        return
    if not source.exists():
        raise RequestError(f"There is no {source}; name a bundle, or a folder of results.")
    folder = Path(tempfile.mkdtemp(prefix="palmbench-"))
    try:
        unpack(source, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _own_version() -> str:
    try:
        return metadata.version("palmbench")
    except metadata.PackageNotFoundError:
        return "not installed"


def _settings(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(read_plain(path))
        if path.parents[1].name == "attacks":
            values["run"]["method"], values[_DISCLOSED if _DISCLOSED in values else _TRIAL]["people"]
        else:
            values["method"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise RequestError(f"{path} does not hold settings any more; remove its folder.") from error
    return dict(values)


def _members(kept: Kept) -> dict[str, bytes]:
    """Files of a record as a bundle has them, by name."""
    named = [name for name in kept.record.content["files"] if name.endswith(_SUFFIXES)]
    files = {name: _private(name, kept.record.read(name)) for name in named}
    content = {**kept.record.content, "files": {name: sha256(data) for name, data in files.items()}}
    run = _placeless(kept.settings)
    tried = {_TRIAL: kept.trial, _DISCLOSED: kept.disclosed}
    named_as = {name: values for name, values in tried.items() if values is not None}
    settings = {"run": run, **named_as} if named_as else run
    text = yaml.safe_dump(all_without_folders(settings), sort_keys=True, allow_unicode=True)
    return {**files, RECORD: json_bytes(sealed_record(all_without_folders(content))), CONFIG: text.encode()}


def _placeless(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a run with the default ones of where and how wide is computed, and who watches."""
    here = RunConfig()
    places = {"results_dir": here.results_dir, "data_dir": here.data_dir}
    return {**settings, **places, "executor": asdict(ExecutorConfig()), "tracker": asdict(TrackerConfig())}


def _private(name: str, data: bytes) -> bytes:
    """A file without folders of paths, byte for byte as it was where there were none."""
    if name.endswith(".jsonl"):
        return b"".join(_private_json(line) + b"\n" for line in data.splitlines())
    return _private_json(data) if name.endswith(".json") else data


def _private_json(data: bytes) -> bytes:
    content = json.loads(data)
    private = all_without_folders(content)
    # Keys as they stand: galleries are told by numbers, and their order is not that of texts.
    return data if private == content else json.dumps(private, ensure_ascii=False, allow_nan=False).encode()


def _checked(archive: zipfile.ZipFile, path: Path) -> dict[str, bytes]:
    listed = archive.infolist()
    names = [each.filename for each in listed]
    if MANIFEST not in names:
        raise ValueError("it has no manifest")
    if sum(each.file_size for each in listed) > _LARGEST:
        raise ValueError("it unpacks to more than any records take")
    manifest = unsealed_record(archive.read(MANIFEST))
    if (manifest.get("format"), manifest.get("records")) != (BUNDLE_FORMAT, FORMAT):
        raise RequestError(
            f"{path} was made by palmbench {manifest.get('palmbench')}, whose records are of format "
            f"{manifest.get('records')} and not {FORMAT}: read it with that version, or have the bundle made anew."
        )
    wanted = manifest["files"]
    if strange := sorted(name for name in wanted if not _MEMBER.fullmatch(name)):
        raise ValueError(f"{strange[0]} has no place in a bundle")
    if len(set(names)) < len(names) or set(names) != {*wanted, MANIFEST}:
        odd = sorted({*wanted, MANIFEST} ^ set(names)) or [name for name in names if names.count(name) > 1]
        raise ValueError(f"{odd[0]} and its manifest do not agree")
    files = {}
    for name in sorted(wanted):
        files[name] = archive.read(name)
        if sha256(files[name]) != wanted[name][SHA256]:
            raise ValueError(f"{name} is not as it was written")
    return files
