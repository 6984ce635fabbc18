"""What tables, figures and claims are asked to be made of: the user's settings, composed once and put into points."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from palmbench.config.compose import Word, compose_points, read_words
from palmbench.config.listing import options
from palmbench.paper.rows import METHODS, OURS
from recognizers.common.did_you_mean import not_found
from recognizers.common.errors import RequestError

if TYPE_CHECKING:
    from palmbench.config.schema import RecognizerConfig, RunConfig
    from palmbench.methods import MethodConfig
    from palmbench.report.tables import Setting

PAPERS_METHODS = tuple(setting.method for setting in METHODS[0])
_OF_THE_ROWS = ("method.fusion", "method.alpha", "ablation")
_LISTS = ("dataset", "recognizer")


@dataclass(frozen=True)
class Request:
    """The user's settings; each data set, method and recognizer is composed with those that it has.

    Attributes
    ----------
    who : str
        What is asked for, as the beginning of a sentence: "A table".
    words : tuple of Word
    """

    who: str
    words: tuple[Word, ...]
    _points: dict[tuple[str, ...], list[RunConfig]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def texts(self) -> list[str]:
        """The settings as they were written, for the commands that a message names."""
        return [word.text for word in self.words]

    def texts_of(self, method: str) -> list[str]:
        """The settings that are not of other methods, without the data sets."""
        known = _settings("method")[method]
        return [
            word.text
            for word in self.words
            if word.key != "dataset" and (word.group != "method" or not word.setting or word.setting in known)
        ]

    def named(self, group: str) -> list[str]:
        """Options of a group that the user names, such as data sets; empty where he leaves them to us."""
        values = [word.values for word in self.words if word.key == group]
        return list(dict.fromkeys(values[-1])) if values else []

    @property
    def results_dir(self) -> str:
        return self._base.results_dir

    @property
    def data_dir(self) -> str:
        return self._base.data_dir

    def require_one_seed(self, who: str) -> None:
        """Refuse several seeds where nothing can be averaged over them."""
        refuse_sweeps(who, (word for word in self.words if word.key == "seed"))

    def points(
        self,
        dataset: str,
        settings: Sequence[Setting],
        recognizers: Sequence[RecognizerConfig] | None = None,
    ) -> list[RunConfig]:
        """The points of some settings on a data set, by the settings, then the seeds, then the recognizers.

        Parameters
        ----------
        dataset : str
        settings : sequence of Setting
        recognizers : sequence of RecognizerConfig, optional
            Those of the default run where it is left out.
        """
        bases = self._compose(f"dataset={dataset}", *self._texts("dataset"), *self._texts(None))
        return [
            replace(base, method=self.method(setting), recognizer=recognizer)
            for setting in settings
            for base in bases
            for recognizer in recognizers or [base.recognizer]
        ]

    def method(self, setting: Setting) -> MethodConfig:
        """A setting of a table or figure with the user's settings of its method."""
        option = (self.named("method") or [setting.method])[0] if setting.method == OURS.method else setting.method
        method = self._compose(f"method={option}", *self._texts("method", _settings("method").get(option, ())))[
            0
        ].method
        rows: dict[str, Any] = {"fusion": setting.fusion, "alpha": setting.alpha} if setting.fusion else {}
        return replace(method, **rows)

    def recognizers(self, usual: Sequence[str]) -> list[RecognizerConfig]:
        """The recognizers that the user names, or the usual ones, each with the settings that it has.

        Raises
        ------
        RequestError
            If a setting belongs to none of them, or to several.
        """
        chosen, every = self.named("recognizer") or list(usual), _settings("recognizer")
        known = {name: every[name] for name in chosen if name in every}
        for word in self.words:
            if word.group != "recognizer" or not word.setting:
                continue
            owners = [name for name, settings in known.items() if word.setting in settings]
            if len(owners) > 1:
                raise RequestError(
                    f"{word.text}: {word.setting} is a setting of {' and of '.join(owners)}; choose one with "
                    "recognizer=."
                )
            if not owners and len(known) == len(chosen):
                raise _unknown(word, "recognizer", known.values())
        return [
            point.recognizer
            for name in chosen
            for point in self._compose(f"recognizer={name}", *self._texts("recognizer", known.get(name, ())))
        ]

    @property
    def _base(self) -> RunConfig:
        return self._compose(*self._texts(None))[0]

    def _texts(self, group: str | None, known: Collection[str] | None = None) -> list[str]:
        """Settings of a group's options, of those known; for None those of no data set, method or recognizer."""
        if group is None:
            return [word.text for word in self.words if word.group not in ("dataset", "method", "recognizer")]
        own = [word for word in self.words if word.group == group and word.setting]
        return [word.text for word in own if known is None or word.setting in known]

    def _compose(self, *texts: str) -> list[RunConfig]:
        if texts not in self._points:
            self._points[texts] = compose_points(list(texts))
        return self._points[texts]


def read_request(
    who: str, settings: Sequence[str], methods: Sequence[str] = PAPERS_METHODS, seeds: bool = False
) -> Request:
    """The settings of a command line that asks for something of the paper.

    Parameters
    ----------
    who : str
        What is asked for, as the beginning of a sentence: "A table".
    settings : sequence of str
    methods : sequence of str
        Those that it shows.
    seeds : bool
        Whether there may be several seeds, over which it is averaged.

    Raises
    ------
    RequestError
        If a word is no setting, names what the paper's rows are made of, is a setting of no method, or gives several
        runs where one is meant.
    """
    words = read_words(settings)
    known = [_settings("method")[name] for name in methods]
    for word in words:
        if word.key in _OF_THE_ROWS:
            raise RequestError(f"{word.text}: {who} sets {word.key} itself, as the paper does; leave it out.")
        if word.key == "method" and not all(value.startswith(OURS.method) for value in word.values):
            raise RequestError(
                f"{word.text}: {who} takes the paper's methods; method= only picks which diffusion, as in "
                "method=diffusion_paper."
            )
        if word.group == "method" and word.setting and not any(word.setting in each for each in known):
            raise _unknown(word, "method", known)
    lists = {*_LISTS, *(["seed"] if seeds else [])}
    refuse_sweeps(who, (word for word in words if word.key not in lists and word.group != "recognizer"))
    return Request(who, tuple(words))


def refuse_sweeps(who: str, words: Iterable[Word]) -> None:
    """Refuse settings that give several runs where one is meant.

    Raises
    ------
    RequestError
        If one of the words does.
    """
    for word in words:
        if word.swept:
            raise RequestError(
                f"{word.text}: {who} needs one run of each setting; take them one by one, with a results_dir each."
            )


def _settings(group: str) -> dict[str, list[str]]:
    """Settings of each option of a group."""
    return {option.name: [item.key for item in option.settings] for option in options(group)}


def _unknown(word: Word, group: str, known: Iterable[Collection[str]]) -> RequestError:
    every = {name for settings in known for name in settings if f"{group}.{name}" not in _OF_THE_ROWS}
    return RequestError(not_found(f"{word.text}: no {group} here has a setting {word.setting}", word.setting, every))
