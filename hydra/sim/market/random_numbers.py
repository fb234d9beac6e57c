"""Random numbers by hash of (seed, stream, member, moment), without state.

So a market draws the same numbers in one piece, in several, or after a restart.
Source: Steele, Lea and Flood 2014 (the SplitMix64 finaliser).
"""

import math
from typing import Final

import numpy as np

from hydra.sim.market.compiled import compiled

_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_STREAM: Final = np.uint64(0xD1B54A32D192ED03)
_MEMBER: Final = np.uint64(0x8CB92BA72F3D8DD7)
_S27: Final = np.uint64(27)
_S30: Final = np.uint64(30)
_S31: Final = np.uint64(31)
_S11: Final = np.uint64(11)
_TO_UNIT: Final = 2.0**-53


@compiled
def _mixed(bits: np.uint64) -> np.uint64:
    bits = (bits ^ (bits >> _S30)) * _FIRST
    bits = (bits ^ (bits >> _S27)) * _SECOND
    return bits ^ (bits >> _S31)


@compiled
def uniform(seed: int, stream: int, member: int, moment: int) -> float:
    """A uniform number in (0, 1). stream: its purpose. member: the pair."""
    bits = _mixed(np.uint64(seed) + np.uint64(moment) * _GOLDEN)
    bits = _mixed(bits ^ (np.uint64(stream) * _STREAM + np.uint64(member) * _MEMBER))
    return (np.float64(bits >> _S11) + 0.5) * _TO_UNIT


@compiled
def normal(seed: int, stream: int, member: int, moment: int) -> float:
    """A standard normal number; it uses the uniform streams 2 x stream and 2 x stream + 1."""
    radius = math.sqrt(-2.0 * math.log(uniform(seed, 2 * stream, member, moment)))
    return radius * math.cos(2.0 * math.pi * uniform(seed, 2 * stream + 1, member, moment))
