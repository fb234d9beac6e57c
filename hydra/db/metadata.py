"""The one MetaData of HYDRA, and the few column shapes that every table shares."""

from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
)
from sqlalchemy.schema import SchemaItem

METADATA = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

TIMESTAMP = DateTime(timezone=True)


def instrument_id(*, referenced: bool = False) -> Column[int]:
    """The instrument that a row is about.

    Hypertables carry no foreign key (`referenced` false): its check would run once per row in every
    COPY. The audit `unknown_instrument` looks for strays instead.
    """
    references = [ForeignKey("market.instruments.instrument_id")] if referenced else []
    return Column(
        "instrument_id",
        SmallInteger,
        *references,
        primary_key=True,
        autoincrement=False,
        nullable=False,
        comment="The instrument (market.instruments)",
    )


def event_time(comment: str) -> Column[object]:
    """When the fact was true. Part of every fact's key and the hypertable's dimension."""
    return Column("time", TIMESTAMP, primary_key=True, nullable=False, comment=comment)


def known_at() -> Column[object]:
    """When HYDRA could know the fact: receive time live, features.md section 0 for imports (C115)."""
    return Column(
        "known_at",
        TIMESTAMP,
        nullable=False,
        comment="When HYDRA could know this fact; every read that decides filters on it",
    )


def real(name: str, comment: str, *, nullable: bool = False) -> Column[float]:
    """A market quantity in double precision (money of our own is numeric, never this)."""
    return Column(name, Float(53), nullable=nullable, comment=comment)


def check(name: str, condition: str) -> SchemaItem:
    """A named CHECK constraint."""
    return CheckConstraint(condition, name=name)


def run_id(*, keyed: bool = True, referenced: bool = True) -> Column[int]:
    """The run that a decision belongs to. Hypertables carry no foreign key."""
    references = [ForeignKey("hydra.runs.run_id")] if referenced else []
    comment = "The run (hydra.runs)"
    return Column("run_id", BigInteger, *references, primary_key=keyed, nullable=False, comment=comment)


def money(name: str, comment: str, *, nullable: bool = True) -> Column[Decimal]:
    """An exact quantity of our own: price, size, fee, balance (law 6)."""
    return Column(name, Numeric, nullable=nullable, comment=comment)


def enumerated(name: str, comment: str, *, nullable: bool = False, key: bool = False) -> Column[str]:
    """A word of an enumeration; `one_of` holds the column to it."""
    return Column(name, Text, nullable=nullable, primary_key=key, comment=comment)


def one_of(column: str, words: type[StrEnum]) -> SchemaItem:
    """A CHECK that the column holds a word of the enumeration (or null, where it may be null)."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return check(column, f"{column} IN ({listed})")
