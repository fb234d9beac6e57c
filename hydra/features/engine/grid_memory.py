"""Caches the grids' results from one decision to the next while their input facts stay the same.

In four of five minutes there is no new five-minute bar, and an hour has one new hourly bar: their columns
need no new computation. A result is reused only if the frames are the same objects, share the same memory, or
are equal value by value. So the cache changes when a result is computed, never its value.
Source: docs/architecture.md, "Budgets" (a cycle of eight pairs in 45 ms).
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A cached computation: its inputs and its result."""

    read: tuple[pl.DataFrame, ...]
    beside: Hashable
    result: Any

    def is_of(self, frames: tuple[pl.DataFrame, ...], beside: Hashable) -> bool:
        """Whether these are the same objects."""
        return self.beside == beside and all(
            one is other for one, other in zip(self.read, frames, strict=True)
        )

    def has_read(self, frames: tuple[pl.DataFrame, ...]) -> bool:
        """Whether these are the same rows."""
        return all(_same_rows(one, other) for one, other in zip(self.read, frames, strict=True))


@dataclass
class GridMemory:
    """The last computation of every key.

    Several threads may use it at once; two that ask for one key at the same time may both compute it.
    """

    _known: dict[Hashable, _Remembered] = field(default_factory=dict)

    def recall(
        self, key: Hashable, compute: Callable[..., pl.DataFrame], *read: pl.DataFrame
    ) -> pl.DataFrame:
        """`compute(*read)`, a pure function of these rows; the cached result if the rows are the same."""
        known = self._known.get(key)
        if known is None or not known.has_read(read):
            known = _Remembered(read, None, compute(*read))
            self._known[key] = known
        result: pl.DataFrame = known.result
        return result

    def keep(
        self,
        key: Hashable,
        compute: Callable[[], _Result],
        read: tuple[pl.DataFrame, ...],
        beside: Hashable = None,
    ) -> _Result:
        """`compute()`, a pure function of the frames `read` and of `beside`.

        The cached result if the frames are the same objects and `beside` is equal; frames that are only equal
        in their rows are computed again.
        """
        known = self._known.get(key)
        if known is None or not known.is_of(read, beside):
            known = _Remembered(read, beside, compute())
            self._known[key] = known
        result: _Result = known.result
        return result


def _same_rows(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    if one is other:
        return True
    if one.schema != other.schema or one.height != other.height:
        return False
    mine, theirs = one.to_arrow().columns, other.to_arrow().columns
    if all(_lengths(column) == _lengths(own) for column, own in zip(mine, theirs, strict=True)):
        return all(_same_chunks(column, own) for column, own in zip(mine, theirs, strict=True))
    return one.equals(other)


def _lengths(column: pa.ChunkedArray) -> list[int]:
    return [len(chunk) for chunk in column.chunks]


def _same_chunks(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Both frames are kept alive, so an equal memory address means equal contents."""
    return all(
        _place(mine) == _place(theirs) or mine.equals(theirs)
        for mine, theirs in zip(one.chunks, other.chunks, strict=True)
    )


def _place(chunk: pa.Array) -> tuple[int, list[int]]:
    return chunk.offset, [buffer.address if buffer is not None else 0 for buffer in chunk.buffers()]
