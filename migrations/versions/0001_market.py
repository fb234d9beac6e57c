"""Schema market: instruments, facts as hypertables, import bookkeeping.

Revision: 0001, the first
"""

from hydra.db.migration_scripts import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create schema market, its tables and hypertables."""
    run_script("schema/0001_market_tables")
    run_script("schema/0001_market_facts")
    run_script("schema/0001_hypertables")


def downgrade() -> None:
    """Drop schema market."""
    run_script("schema/0001_down")
