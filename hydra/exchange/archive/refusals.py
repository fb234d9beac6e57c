"""Whatever a file does to the libraries that read it becomes one BadDataError: no file stops an import."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import polars as pl

from hydra.errors import BadDataError, HydraError

_LONGEST: Final = 200


@contextmanager
def refused_if_unreadable(path: Path, what: str) -> Iterator[None]:
    """Read the content of `path` inside: any error but HYDRA's own is raised as `PATH: WHAT (reason)`.

    zipfile, the codecs and polars raise errors of twenty types on damaged bytes, and the next version of
    them others; none may end the import of the other files. PanicException is an assertion of polars' Rust
    core that failed; it derives from BaseException.

    Raises:
        BadDataError: the content cannot be read.
    """
    try:
        yield
    except HydraError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        raise BadDataError(f"{path}: {what} ({first_line(error)}); download or copy it again") from error


def first_line(error: BaseException) -> str:
    """The first line of what `error` says, cut to a length for a table; its type if it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0][:_LONGEST] if lines else type(error).__name__
