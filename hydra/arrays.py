"""Types of numpy arrays, and the polars type of an instant."""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]
"""Small numbers that stand for words: reasons, regimes."""

TIME: Final = pl.Datetime("us", "UTC")
"""Every column of instants: microseconds, UTC."""
