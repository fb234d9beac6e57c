"""How large the tables of the market are, as `hydra status` and `hydra upkeep` show it."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table

from hydra.cli.output import open_table
from hydra.db.retention import TableSize

_MEBIBYTE: Final = 2**20


def size_table(sizes: Sequence[TableSize]) -> Table:
    """A row a table: size, chunks, and where chunks are compressed, to which share of their size."""
    table = open_table(("table",), ("size (MiB)", "chunks", "compressed", "to"))
    for one in sizes:
        table.add_row(
            one.relation,
            f"{one.size_bytes / _MEBIBYTE:,.1f}",
            f"{one.chunks:,}",
            f"{one.compressed_chunks:,}" if one.compressed_chunks else "",
            f"{one.after_bytes / one.before_bytes:.0%}" if one.before_bytes and one.after_bytes else "",
        )
    return table
