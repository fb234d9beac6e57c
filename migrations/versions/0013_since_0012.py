"""Changes to a database of revision 0012, so that it matches sql/schema.

Revision: 0013, after 0012
"""

from hydra.db.migration_scripts import add_rollups, change

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Update it to sql/schema."""
    change("migrations/0013", "schema/feeds", "schema/retention")
    add_rollups()
