"""Fewer points for a plot, without hiding an extreme."""

import numpy as np
from numpy.typing import NDArray


def kept_rows(values: NDArray[np.float64], buckets: int) -> NDArray[np.int64]:
    """Rows to draw: of each of `buckets` equal stretches the first, the lowest, the highest and the last.

    values: one series in the order of time; NaN is no extreme. Rows come ascending, each once; a series of
    at most four rows a bucket comes whole.
    """
    if values.size <= 4 * buckets:
        return np.arange(values.size)
    kept: set[int] = set()
    for rows in np.array_split(np.arange(values.size), buckets):
        kept.update((int(rows[0]), int(rows[-1])))
        stretch = values[rows]
        if not np.isnan(stretch).all():
            kept.update((int(rows[np.nanargmin(stretch)]), int(rows[np.nanargmax(stretch)])))
    return np.array(sorted(kept))
