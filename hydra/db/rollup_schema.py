"""Creates the rollups: one SELECT per level for both editions (sql/schema/rollups).

On the community edition a level is a continuous aggregate. On the Apache edition it is a table: triggers on
the facts call a function that stores the result of the SELECT for the touched buckets.
"""

from collections.abc import Iterable

import psycopg
from psycopg import sql

from hydra.db import queries
from hydra.db.columns import columns_of
from hydra.db.rollups import ROLLUP_SOURCES, Rollup, RollupSource


def create_continuous_aggregates(connection: psycopg.Connection, sources: Iterable[RollupSource]) -> None:
    """The rollups of `sources` on the community edition, and the policies that refresh all of them."""
    connection.execute(queries.load("schema/rollups/depth_usd"))
    for source in sources:
        for below, level in source.steps:
            select = _select(below, level, sql.SQL(""))
            connection.execute(_script("community").format(rollup=_market(level.relation), select=select))
    renew_policies(connection)


def create_kept_tables(connection: psycopg.Connection, sources: Iterable[RollupSource]) -> None:
    """The rollups of `sources` on the Apache edition, with the triggers and all functions that keep them.

    The functions that the triggers call must be there: `create_trigger_functions`.
    """
    connection.execute(queries.load("schema/rollups/depth_usd"))
    for source in sources:
        for below, level in source.steps:
            _create_table(connection, below, level)
    create_refresh_functions(connection)
    for source in sources:
        script = _script("apache_source_marks" if source.has_many_rows else "apache_source_triggers")
        connection.execute(
            script.format(source=_market(source.table), name=sql.Literal(source.refresh_function))
        )


def create_refresh_functions(connection: psycopg.Connection) -> None:
    """The functions that keep the rollups of the Apache edition; replaces those that are there."""
    for source in ROLLUP_SOURCES.values():
        merges = [_merge(connection, below, level) for below, level in source.steps]
        connection.execute(
            _script("apache_refresh").format(
                function=_market(source.refresh_function),
                lowest=_market(source.levels[0].relation),
                levels=sql.SQL("\n").join(merges),
                comment=sql.Literal(
                    f"Brings the rollups of {source.table} up to date for [first_time, last_time]"
                ),
            )
        )


def renew_policies(connection: psycopg.Connection) -> None:
    """Replace the policies that refresh the continuous aggregates: they run as who adds them."""
    for source in ROLLUP_SOURCES.values():
        for level in source.levels:
            connection.execute(
                queries.load("rollups/remove_policy"), {"relation": f"market.{level.relation}"}
            )
    connection.execute(queries.load("schema/rollups/community_policies"))


def comment_rollups(connection: psycopg.Connection, *, community: bool) -> None:
    """Create the views over the rollups and comment them; safe to repeat."""
    kind = sql.SQL("VIEW" if community else "TABLE")
    connection.execute(sql.SQL(queries.load("schema/rollups")).format(kind=kind))


def _create_table(connection: psycopg.Connection, below: str, level: Rollup) -> None:
    connection.execute(
        _script("apache_table").format(
            rollup=_market(level.relation),
            select=_select(below, level, sql.SQL("")),
            name=sql.Literal(f"market.{level.relation}"),
            chunk=sql.Literal(level.chunk),
        )
    )


def _merge(connection: psycopg.Connection, below: str, level: Rollup) -> sql.Composed:
    bounds = {
        "first_bucket": _bucket(level, "first_time"),
        "last_bucket": _bucket(level, "last_time"),
        "width": sql.Literal(level.width),
    }
    columns = columns_of(connection, f"market.{level.relation}")
    values = [column.name for column in columns if not column.is_key]
    return _script("apache_merge").format(
        select=_select(below, level, _script("apache_within").format(**bounds)),
        rollup=_market(level.relation),
        values=_listed(values),
        new_values=_listed(values, "excluded"),
        kept_values=_listed(values, "kept"),
        **bounds,
    )


def _select(below: str, level: Rollup, within: sql.Composable) -> sql.Composed:
    return _script(level.select).format(bucket=_bucket(level, "time"), source=_market(below), within=within)


def _bucket(level: Rollup, time: str) -> sql.Composed:
    """The start of an instant's bucket."""
    text = 'time_bucket({}, {}, "offset" => {})' if level.offset else "time_bucket({}, {})"
    values = [sql.Literal(level.width), sql.Identifier(time)]
    return sql.SQL(text).format(*values, *([sql.Literal(level.offset)] if level.offset else []))


def _script(name: str) -> sql.SQL:
    return sql.SQL(queries.load(f"schema/rollups/{name}"))


def _market(name: str) -> sql.Identifier:
    return sql.Identifier("market", name)


def _listed(names: list[str], qualifier: str | None = None) -> sql.Composed:
    parts = ((qualifier, name) if qualifier else (name,) for name in names)
    return sql.SQL(", ").join(sql.Identifier(*part) for part in parts)
