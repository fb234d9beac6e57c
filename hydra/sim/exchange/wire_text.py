"""Numbers as the exchange writes them."""

import math

import numpy as np


def exact_text(number: float, digits: int) -> str | None:
    """`number` with so many decimals, or with as many as it takes to read this float again; None for NaN."""
    if math.isnan(number):
        return None
    text = f"{number:.{digits}f}"
    return text if float(text) == number else np.format_float_positional(number, trim="0")
