"""What can go wrong, by who has to act: the user, one sample, or us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recognizers.common.names import encodable


class PalmbenchError(Exception):
    """Base of every error whose message is written for the user, and for records: names in it are made text."""

    def __init__(self, message: str = "") -> None:
        super().__init__(encodable(message))


class RequestError(PalmbenchError):
    """The request cannot be met: a bad setting, missing data, missing weights.

    The message says in one or two sentences what was wrong, where, and how to mend it.
    The command line prints it without a traceback and exits with status 2.
    """


class MissingWeights(RequestError):
    """A weight file is absent, truncated, or not the one that was expected."""


class SampleError(PalmbenchError):
    """One sample cannot be processed: unreadable photo, no hand. It is counted, and the run goes on."""


class NoHandError(SampleError):
    """No hand was found in a photo: a finding like any other, kept in the store and not looked for again."""


class NoROIError(SampleError, ValueError):
    """A hand was found, but its valley points hold no recognition ROI."""


class Lost(RequestError):
    """Artefacts that a stage had made are not there any more.

    Parameters
    ----------
    *places : str
        Their paths, one at least.
    """

    def __init__(self, *places: str) -> None:
        super().__init__(places[0])
        self.args = places

    def __str__(self) -> str:
        return (
            f"{self.named} is damaged or gone. Run the same command again, which makes it anew; if it is lost again, "
            "check the disk, and what else clears this folder."
        )

    @property
    def places(self) -> tuple[str, ...]:
        """Paths of the artefacts."""
        return self.args

    @property
    def named(self) -> str:
        """The first of them, and how many more there are."""
        more = f" (and {len(self.places) - 1} more)" if len(self.places) > 1 else ""
        return encodable(f"{self.places[0]}{more}")


class Damaged(Lost):
    """An artefact is not what was written under its name."""


@contextmanager
def no_exit(who: str) -> Iterator[None]:
    """Code that is not ours and calls `sys.exit()` has failed; it neither ends the program nor sets its status.

    Parameters
    ----------
    who : str
        What is called in this block, as the beginning of a sentence.

    Raises
    ------
    RequestError
        In place of the SystemExit.
    """
    try:
        yield
    except SystemExit as error:
        raise RequestError(f"{who} called sys.exit({error.code!r}) where an answer is wanted. Mend it.") from error
