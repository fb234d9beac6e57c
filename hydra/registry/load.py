"""From a stored artifact to a scorer, or to a sentence why not.

Source: docs/architecture.md, law 8.
"""

import hashlib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import numpy as np

from hydra.errors import BadDataError
from hydra.registry.kinds import READERS
from hydra.registry.manifest import Manifest
from hydra.registry.scorer import ServedScorer

_CLOSE: Final = 1e-9
"""How far a score may be from the stored one: processors add in different orders."""


def sha256_of(artifact: bytes) -> str:
    """sha256 in hexadecimal."""
    return hashlib.sha256(artifact).hexdigest()


def load_scorer(
    title: str, kind: str, artifact: bytes, sha256: str, manifest: Manifest, features: Sequence[str]
) -> ServedScorer:
    """The scorer of an artifact. Nothing reads the artifact before its hash is right.

    title: name@version, for messages. features: the columns that will be passed, in their order.

    Raises:
        BadDataError: another hash, kind, library, feature or order, or other scores than those stored.
    """
    found = sha256_of(artifact)
    if found != sha256:
        raise BadDataError(
            f"{title} is refused: its artifact has sha256 {found[:12]}, registered was {sha256[:12]}; "
            "it was altered: train and register it again"
        )
    _refuse_other_libraries(title, manifest)
    _refuse_other_features(title, manifest.features, features)
    reader = READERS.get(kind)
    if reader is None:
        raise BadDataError(f"{title} is refused: nothing reads models of kind {kind}; use newer code")
    try:
        scorer = reader(artifact)
    except BadDataError as error:
        raise BadDataError(f"{title} is refused: {error}") from None
    _refuse_other_features(title, scorer.features, features)
    _refuse_other_scores(title, scorer, manifest)
    return scorer


def _refuse_other_libraries(title: str, manifest: Manifest) -> None:
    for name, wanted in sorted(manifest.libraries.items()):
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "not installed"
        if installed != wanted:
            raise BadDataError(
                f"{title} is refused: it was stored with {name} {wanted}, here it is {installed}: "
                "install that version, or train again"
            )


def _refuse_other_features(title: str, wanted: Sequence[str], given: Sequence[str]) -> None:
    if tuple(wanted) == tuple(given):
        return
    missing, extra = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    if missing or extra:
        what = f"missing: {', '.join(missing) or 'none'}; not known to it: {', '.join(extra) or 'none'}"
    elif len(wanted) != len(given):
        what = f"it needs {len(wanted)} columns, given are {len(given)}: one stands twice"
    else:
        pairs = zip(wanted, given, strict=True)
        number, one, other = next((n, *pair) for n, pair in enumerate(pairs, start=1) if pair[0] != pair[1])
        what = f"column {number} is {other}, it needs {one}"
    raise BadDataError(f"{title} is refused: other features or another order ({what})")


def _refuse_other_scores(title: str, scorer: ServedScorer, manifest: Manifest) -> None:
    width = len(manifest.features)
    if not manifest.examples or any(len(one.values) != width for one in manifest.examples):
        raise BadDataError(f"{title} is refused: it needs examples with a value for each feature")
    rows = [[np.nan if value is None else value for value in one.values] for one in manifest.examples]
    found = scorer.probabilities(np.array(rows, dtype=np.float64))
    wanted = np.array([one.probability for one in manifest.examples])
    for number, (now, then) in enumerate(zip(found, wanted, strict=True), start=1):
        if not 0 <= now <= 1 or not abs(now - then) <= _CLOSE:
            raise BadDataError(
                f"{title} is refused: example {number} scores {now:.9f} here, stored was {then:.9f}: "
                "train again on this machine"
            )
