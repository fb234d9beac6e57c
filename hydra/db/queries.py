"""Named SQL files: one statement or script per file; its first comment says what it does."""

from functools import cache

from hydra.errors import StopError
from hydra.paths import SQL_DIRECTORY


@cache
def load(name: str) -> str:
    """The text of `sql/<name>.sql`, e.g. load("rollups/refresh_candles").

    Raises:
        StopError: there is no such file, or the name leads out of `sql/`.
    """
    path = (SQL_DIRECTORY / f"{name}.sql").resolve()
    if not path.is_relative_to(SQL_DIRECTORY) or not path.is_file():
        raise StopError(f"no SQL file {name}.sql in {SQL_DIRECTORY}: the checkout is incomplete")
    return path.read_text(encoding="utf-8")


@cache
def names(folder: str) -> tuple[str, ...]:
    """The names of all SQL files directly in `sql/<folder>`, sorted, as `load` takes them."""
    return tuple(sorted(f"{folder}/{path.stem}" for path in (SQL_DIRECTORY / folder).glob("*.sql")))
