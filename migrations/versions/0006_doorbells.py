"""Schema doorbells: the message queue of the default broker.

Revision: 0006, after 0005
"""

from hydra.db.migration_scripts import run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the queue's tables; the messages in them are never the truth."""
    run_script("schema/0006_doorbells")


def downgrade() -> None:
    """Drop them with every message."""
    run_script("schema/0006_down")
