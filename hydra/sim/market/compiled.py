"""The decorator of the compiled functions of the generated market."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from hydra.compiled import compiled_function, stamp_of

_P = ParamSpec("_P")
_R = TypeVar("_R")

_STAMP: Final = stamp_of(Path(__file__).parent.glob("*.py"))


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile to machine code on first use; a change in this folder invalidates the cached code."""
    return compiled_function(function, _STAMP)
