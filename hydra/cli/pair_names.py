"""The pairs of an option."""

from hydra.errors import StopError
from hydra.universe import UNIVERSE, find_pair


def base_names(pairs: str) -> tuple[str, ...]:
    """The base names of comma-separated pairs in any spelling.

    Raises:
        StopError: a name is not in the universe.
    """
    names = [name for name in pairs.split(",") if name.strip()]
    found = [find_pair(name) for name in names]
    unknown = [name.strip() for name, pair in zip(names, found, strict=True) if pair is None]
    if unknown:
        raise StopError(
            f"--pairs: {', '.join(unknown)} is not traded; HYDRA trades {', '.join(p.base for p in UNIVERSE)}"
        )
    return tuple(pair.base for pair in found if pair is not None)
