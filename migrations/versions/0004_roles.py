"""Group roles, what they may do, and the empty schema audit.

Revision: 0004, after 0003
"""

from hydra.db.migration_scripts import ensure_roles, run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the roles that are missing, grant what each may do."""
    ensure_roles()
    run_script("schema/0004_grants")


def downgrade() -> None:
    """Take the privileges back; the roles stay, other databases may use them."""
    run_script("schema/0004_down")
