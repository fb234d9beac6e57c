"""Compiles functions with numba; the machine code is cached on disk and renewed when a source changes."""

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
    """`function`, compiled on first use and cached on disk; another `stamp` compiles it again.

    numba renews its cache only if the function's own file changes, but the code also contains constants and
    functions of other files: the stamp covers all of them.

    Without fastmath: the same inputs give the same numbers whatever the vector width of the machine.
    """
    dispatcher: Any = import_module("numba").njit(cache=True)(function)
    dispatcher._cache._cache_file._source_stamp = stamp
    return cast("Callable[_P, _R]", dispatcher)


@cache
def compiled_when_needed(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """`function`, compiled when first requested; it must not use anything of other files.

    For code that also runs live without machine code: loading numba takes half a second.
    """
    return cast("Callable[_P, _R]", import_module("numba").njit(cache=True)(function))
