"""Compiles functions with numba; the machine code is cached on disk and renewed when a source changes.

Reading the cache runs what it holds, so it lies in a folder that no other account can write to.
"""

import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, ParamSpec, TypeVar, cast

from hydra.errors import StopError
from hydra.paths import cache_directory

_P = ParamSpec("_P")
_R = TypeVar("_R")


def stamp_of(sources: Iterable[Path]) -> str:
    """sha256 over files: changes when one of them does."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()


@cache
def machine_code_directory() -> Path:
    """Where machine code is kept: NUMBA_CACHE_DIR, else a folder in the user's cache; made with mode 0700.

    Raises:
        StopError: it cannot be made or written, or another account may put files there.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(given).absolute() if given else cache_directory().absolute() / "machine_code"
    advice = "set NUMBA_CACHE_DIR to a folder that only this account can write to"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        reason = _danger(folder)
    except OSError as error:
        raise StopError(f"compiled code cannot be kept in {folder} ({error.strerror}): {advice}") from None
    if reason is not None:
        raise StopError(f"compiled code is run from {folder}, and {reason}: {advice}")
    return folder


def _danger(folder: Path) -> str | None:
    """How another account could put files into `folder`; None if it cannot."""
    status = folder.stat()
    if status.st_uid != os.geteuid():
        return "it belongs to another account"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"its mode {stat.S_IMODE(status.st_mode):04o} lets other accounts write there"
    if not os.access(folder, os.W_OK | os.X_OK):
        return "this account cannot write there"
    for above in folder.resolve().parents:
        status = above.stat()
        is_open = status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX
        if status.st_uid not in {0, os.geteuid()} or is_open:
            return f"another account can rename it in {above}"
    return None


def compiled_function(function: Callable[_P, _R], stamp: str) -> Callable[_P, _R]:
    """`function`, compiled on first use and cached on disk; another `stamp` compiles it again.

    numba renews its cache only if the function's own file changes, but the code also contains constants and
    functions of other files: the stamp covers all of them. It is part of the name of the cache file, because
    numba reads the types in an old cache before it compares stamps, and fails on a type that was renamed.
    The place of the source is not: checkouts of the same code share their machine code.

    Of processes that need it at once, one compiles it and the others wait for what it puts on disk.

    Without fastmath: the same inputs give the same numbers whatever the vector width of the machine.
    """
    numba = import_module("numba")
    numba.config.CACHE_DIR = str(machine_code_directory())
    # Without the other locators numba would fall back to the checkout.
    numba.config.CACHE_LOCATOR_CLASSES = "UserProvidedCacheLocator"
    dispatcher: Any = numba.njit(cache=True)(function)
    cache_of_function = dispatcher._cache
    name = f"{cache_of_function._impl.filename_base}-{stamp[:16]}"
    cache_of_function._cache_file = import_module("numba.core.caching").IndexDataCacheFile(
        cache_path=str(machine_code_directory()), filename_base=name, source_stamp=stamp
    )
    compile_or_load = dispatcher.compile

    def compile_in_turn(signature: Any) -> Any:
        with _turn(machine_code_directory() / f"{name}.lock"):
            return compile_or_load(signature)

    dispatcher.compile = compile_in_turn
    return cast("Callable[_P, _R]", dispatcher)


def made_compilable(module: ModuleType) -> None:
    """Let compiled code call the functions of `module`; elsewhere they stay plain functions."""
    register = import_module("numba.extending").register_jitable
    for function in vars(module).values():
        if isinstance(function, FunctionType) and function.__module__ == module.__name__:
            register(function)


@contextmanager
def _turn(file: Path) -> Iterator[None]:
    """One process at a time, until the block ends or the process dies.

    A function's turn is taken before those of the functions that it calls, and that of numba before all:
    so no two threads or processes wait for each other.
    """
    with import_module("numba.core.compiler_lock").global_compiler_lock, file.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def compiled_when_needed(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """`function`, compiled when first requested; it must not use anything of other files.

    For code that also runs live without machine code: loading numba takes half a second.
    """
    return compiled_function(function, stamp_of([Path(function.__code__.co_filename)]))
