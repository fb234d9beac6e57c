"""Schema `hydra`, upkeep: what the audits of the running system found.

Source: DESIGN, "Audits" (the upkeep worker runs them every few minutes).
"""

from sqlalchemy import ARRAY, BigInteger, Column, Identity, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from hydra.db.metadata import METADATA, TIMESTAMP

audit_rounds = Table(
    "audit_rounds",
    METADATA,
    Column("round_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    Column("started_at", TIMESTAMP, nullable=False, comment="Wall clock: when the first audit was asked"),
    Column("finished_at", TIMESTAMP, nullable=False, comment="Wall clock: when the last one had answered"),
    Column("asked", Integer, nullable=False, comment="How many audits were asked"),
    Column(
        "unanswered",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="Audits that took longer than they may and were given up",
    ),
    Column(
        "findings",
        JSONB,
        nullable=False,
        server_default=text("'[]'"),
        comment="Audits that found rows, which they must not: audit, rows_found, first_rows as text",
    ),
    Index("audit_rounds_started_at_idx", "started_at"),
    schema="hydra",
    comment="Every round of the audits that the upkeep worker ran: what was asked, what was found",
)
