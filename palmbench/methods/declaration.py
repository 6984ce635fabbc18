"""What a method declares of itself: what it touches and may see, what it draws, what it promises, and on what terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from recognizers.common.did_you_mean import did_you_mean, not_found
from recognizers.common.errors import RequestError

Touched = Literal["none", "polygon", "palm", "hand", "around", "full"]
Seen = Literal["pool", "recognizer", "key"]
Surrogate = Literal["photo", "person", "none"]

REPAINTED: Mapping[str, Touched] = {"paper": "polygon", "palm": "palm"}  # by the setting `region`
_NOT_TOLD = "not told"
_TOUCHED = {
    "none": "nothing",
    "polygon": "the paper's polygon of the palm",
    "palm": "the palm",
    "hand": "the hand",
    "around": "the hand and a margin around it",
    "full": "the whole photo",
}
_SEEN = {"pool": "a pool of other palms", "recognizer": "a recognizer", "key": "a secret key"}
_SURROGATES = {"photo": "a new one for each photo", "person": "one for each person", "none": "none"}
_SENTENCES = ("name", "reference", "guarantee", "licence")


@dataclass(frozen=True)
class Declaration:
    """What a method says of itself. None is what it does not tell.

    Attributes
    ----------
    name : str
        What its photos are called.
    region : {"none", "polygon", "palm", "hand", "around", "full"}
        The smallest region outside which no pixel changes: the paper's polygon inside the hand, the whole palm, the
        hand, the hand and a margin around it, or, where that is not known, the photo.
    sees : tuple of {"pool", "recognizer", "key"}, or None
        What it may see besides the photo and the hand found in it: other people's palms, a recognizer's weights or
        answers, a secret.
    seeded : bool or None
        Whether it draws at random; if not, a photo always becomes the same.
    surrogate : {"photo", "person", "none"} or None
        Whether a photo gets a palm of its own, a person one palm in all photos (a pseudonym, which can be linked on
        purpose), or no palm at all.
    guarantee : str or None
        A formal guarantee and the conditions under which it holds, a sentence; "" if there is none.
    licence : str or None
        Of its weights; "" if it has none.
    reference : str or None
        Where it is described; "" if nowhere.
    """

    name: str
    region: Touched = "full"
    sees: tuple[Seen, ...] | None = None
    seeded: bool | None = None
    surrogate: Surrogate | None = None
    guarantee: str | None = None
    licence: str | None = None
    reference: str | None = None

    def plain(self) -> dict[str, Any]:
        """As plain JSON values, for records."""
        return {**asdict(self), "sees": None if self.sees is None else list(self.sees)}

    def words(self) -> dict[str, str]:
        """What is declared in words, by what it is about; the heading of each is that of the report's table."""
        drawn = {True: "seeded", False: "deterministic", None: _NOT_TOLD}[self.seeded]
        return {
            "Touches": _TOUCHED[self.region],
            "Sees besides the photo": _told(self.sees, lambda seen: ", ".join(_SEEN[each] for each in seen), "nothing"),
            "Drawn": drawn,
            "Surrogate": _SURROGATES[self.surrogate] if self.surrogate else _NOT_TOLD,
            "Formal guarantee": _told(self.guarantee, str, "none"),
            "Licence of weights": _told(self.licence, str, "no weights"),
            "Reference": _told(self.reference, str, "none"),
        }


def declared(values: Any, where: str, name: str) -> Declaration:
    """A declaration from what a file says, strictly.

    Parameters
    ----------
    values : mapping
        Some of the attributes; `sees` as a list.
    where : str
        The file, for the messages.
    name : str
        What the photos are called where it does not say.

    Raises
    ------
    RequestError
        If it is no mapping, a key is unknown, or a value is none that the key takes.
    """
    if not isinstance(values, Mapping):
        raise RequestError(f"{where} must hold a declaration, a line a key, such as `region: palm`.")
    keys = list(Declaration.__dataclass_fields__)
    found: dict[str, Any] = {"name": name}
    for key, value in values.items():
        if key not in keys:
            raise RequestError(not_found(f"{where}: there is no key {key}", str(key), keys))
        if value is not None:
            found[key] = _value(key, value, where)
    return Declaration(**found)


def _value(key: str, value: Any, where: str) -> Any:
    if key in _SENTENCES:
        # YAML reads a number or a date where a reference is one.
        text = " ".join(str(value).split())
        if isinstance(value, (list, Mapping)) or (key == "name" and not text):
            raise RequestError(f"{where}: {key} must be text, not {value}.")
        return text
    if key == "seeded":
        if not isinstance(value, bool):
            raise RequestError(f"{where}: seeded must be true or false, not {value}.")
        return value
    choices = get_args({"region": Touched, "surrogate": Surrogate, "sees": Seen}[key])
    each = value if key == "sees" and isinstance(value, list) else [value]
    for one in each:
        if one not in choices:
            hint = did_you_mean(str(one), choices)
            raise RequestError(f"{where}: {key} must be {' or '.join(choices)}, not {one}{hint or '.'}")
    return tuple(dict.fromkeys(each)) if key == "sees" else value


def _told(value: Any, write: Any, nothing: str) -> str:
    return _NOT_TOLD if value is None else (write(value) if value else nothing)
