"""Changes to a database of revision 0018, so that it matches sql/schema.

Revision: 0019, after 0018
"""

from hydra.db.migration_scripts import change

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Update it to sql/schema."""
    change("migrations/0019", "schema/audit_positions")
    change("schema/roles")
