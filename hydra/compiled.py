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
    functions of other files: the stamp covers all of them. It is part of the name of the cache file, because
    numba reads the types in an old cache before it compares stamps, and fails on a type that was renamed.

    Without fastmath: the same inputs give the same numbers whatever the vector width of the machine.
    """
    numba = import_module("numba")
    dispatcher: Any = numba.njit(cache=True)(function)
    cache_of_function = dispatcher._cache
    cache_of_function._cache_file = import_module("numba.core.caching").IndexDataCacheFile(
        cache_path=cache_of_function._cache_path,
        filename_base=f"{cache_of_function._impl.filename_base}-{stamp[:16]}",
        source_stamp=stamp,
    )
    return cast("Callable[_P, _R]", dispatcher)


@cache
def compiled_when_needed(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """`function`, compiled when first requested; it must not use anything of other files.

    For code that also runs live without machine code: loading numba takes half a second.
    """
    return compiled_function(function, stamp_of([Path(function.__code__.co_filename)]))
