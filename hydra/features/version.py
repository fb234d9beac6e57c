"""The version of the feature definitions; runs, stored vectors and models record it.

Source: docs/features.md (a definition changes only by raising its version).
"""

from typing import Final

FEATURE_SET_VERSION: Final = "features-4"
"""Raise it with every change of a definition: a model refuses vectors of any other version."""
