"""Changes to a database of revision 0013, so that it matches sql/schema.

Revision: 0014, after 0013
"""

from hydra.db.migration_scripts import change

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Update it to sql/schema."""
    change("migrations/0014", "schema/alerts")
