"""The whole schema, from the files of sql/schema, which define it as it is now.

A new database is built from here; later revisions then do nothing. They only change databases made before
them, so that both end with the same schema; a test compares the two.

A new column takes three files:
1. its table's file in sql/schema: the column as the last one of its table, with its COMMENT;
2. sql/migrations/<newest revision>.sql: the same as ALTER TABLE ... ADD COLUMN and COMMENT, and an UPDATE if
   rows that exist need a value (after a release: a new revision by `alembic revision`, with its own file);
3. the rule that fills it. Inserts take the columns of their rows, and parity compares every column.

Revision: 0010, the first
"""

from hydra.db.migration_scripts import build, build_rollups

revision = "0010"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every schema, table, view, rollup and privilege."""
    build("schema/market", "schema/facts", "schema/feeds", "schema/retention")
    build_rollups()
    build("schema/reason_codes", "schema/locks", "schema/decisions", "schema/trading", "schema/statistics")
    build("schema/news", "schema/research", "schema/models", "schema/run_scorers", "schema/upkeep")
    build("schema/versions", "schema/messages")
    build("schema/reconciliation", "schema/alerts")
    build("schema/audit_market", "schema/audit_decisions", "schema/audit_lineage", "schema/audit_account")
    build("schema/audit_positions", "schema/audit_news")
    build("schema/roles")
