"""Indexes of the orders that work and of the last exit of a pair.

Revision: 0010, after 0009
"""

from hydra.db.migration_scripts import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the indexes."""
    run_script("schema/0010_working_orders")


def downgrade() -> None:
    """Drop them."""
    run_script("schema/0010_down")
