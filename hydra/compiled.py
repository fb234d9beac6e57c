"""Compiling to machine code that is kept on disk, and never older than what it was made from."""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

_P = ParamSpec("_P")
_R = TypeVar("_R")


def stamp_of(sources: Iterable[Path]) -> str:
    """sha256 over files: changes when one of them does."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()


def compiled_function(function: Callable[_P, _R], stamp: str) -> Callable[_P, _R]:
    """`function`, compiled on its first use; code that was kept under another `stamp` is made anew.

    numba keeps machine code until the function's own file changes, yet the code holds constants and functions
    of other files too: the stamp stands for all of them.

    Without fastmath: the same inputs give the same numbers whatever the vector width of the machine.
    """
    dispatcher: Any = import_module("numba").njit(cache=True)(function)
    dispatcher._cache._cache_file._source_stamp = stamp
    return cast("Callable[_P, _R]", dispatcher)


@cache
def compiled_when_needed(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """`function`, which calls and names nothing of other files, compiled when this is first asked for it.

    For what a live decision does without machine code: numba takes half a second to load.
    """
    return cast("Callable[_P, _R]", import_module("numba").njit(cache=True)(function))
