"""What is kept of waiting rows that neither memory nor disk could hold, or whose file was damaged."""

from dataclasses import replace

from hydra.ingest.live.batch import Batch
from hydra.ingest.live.rows import Record
from hydra.ingest.live.store import instant


def lost(batch: Batch, since_us: int | None = None) -> Batch:
    """`batch` without its rows, with the records that say so: what the exchange has is fetched again.

    since_us: up to when all was known before it; None: up to where ingest has come when this is stored.
    """
    span = {"started_at": instant(since_us), "ended_at": instant(batch.committed_through_us)}
    records = (Record("ingest/live/add_lost_rows", span), Record("ingest/live/add_lost_gaps", span))
    return replace(batch, tables={}, records=(*batch.records, *records))
