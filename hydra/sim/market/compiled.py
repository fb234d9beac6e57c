"""The decorator of every function in the inner loop."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, cast

import numba

_P = ParamSpec("_P")
_R = TypeVar("_R")

# numba keeps machine code until the function's own file changes, yet a function holds the code and the
# constants of the other files too: so any change in this folder makes all kept code stale.
_SOURCES: Final = sorted(Path(__file__).parent.glob("*.py"))
_STAMP: Final = hashlib.sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile to machine code on first use; the code is kept on disk for the next process.

    Without fastmath: the same seed gives the same market whatever the vector width of the machine.
    """
    dispatcher: Any = numba.njit(cache=True)(function)
    dispatcher._cache._cache_file._source_stamp = _STAMP
    return cast("Callable[_P, _R]", dispatcher)
