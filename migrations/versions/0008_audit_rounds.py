"""Table hydra.audit_rounds: what the audits of the running system found.

Revision: 0008, after 0007
"""

from hydra.db.migration_scripts import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    run_script("schema/0008_audit_rounds")


def downgrade() -> None:
    """Drop it with every round."""
    run_script("schema/0008_down")
