"""Counts of verdicts of backtests, and schema ml: studies and trials.

Revision: 0007, after 0006
"""

from hydra.db.migration_scripts import run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; the funnel reads the counts where there are any."""
    run_script("schema/0007_research_tables")
    run_script("schema/0007_veto_funnel")


def downgrade() -> None:
    """Drop them; the funnel becomes what it was."""
    run_script("schema/0007_down")
