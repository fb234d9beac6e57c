"""Whether a definition of a feature has changed without its version.

Source: docs/features.md (a definition changes only by raising its version).
"""

import hashlib

from hydra.features.catalogue import CATALOGUE, WORKING_COLUMNS
from hydra.features.engine.plan import Definition
from hydra.features.feature import Feature


def definitions_fingerprint() -> str:
    """Hash over all feature and working-column definitions; a test compares it with FEATURE_SET_VERSION."""
    definitions: dict[str, Definition] = {**CATALOGUE, **WORKING_COLUMNS}
    lines = [_line(item) for _, item in sorted(definitions.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _line(item: Definition) -> str:
    rules = f"{item.unit}|{item.window}|{item.null_rule}|{item.pit}" if isinstance(item, Feature) else ""
    return f"{item.name}|{item.grid}|{rules}|{item.expression}"
