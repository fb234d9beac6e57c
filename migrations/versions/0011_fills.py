"""Cost basis of positions, and how many are valued at a stale price.

Revision: 0011, after 0010
"""

from hydra.db.migration_scripts import run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    run_script("schema/0011_fills")


def downgrade() -> None:
    """Drop them."""
    run_script("schema/0011_down")
