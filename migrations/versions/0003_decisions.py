"""Schema hydra: runs, verdicts, orders, fills, positions, equity, kill switch.

Revision: 0003, after 0002
"""

from hydra.db.migration_scripts import run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create schema hydra and its tables."""
    run_script("schema/0003_decision_tables")
    run_script("schema/0003_trading_tables")
    run_script("schema/0003_hypertables")


def downgrade() -> None:
    """Drop schema hydra."""
    run_script("schema/0003_down")
