"""Changes to a database of revision 0016, so that it matches sql/schema.

Revision: 0017, after 0016
"""

from hydra.db.migration_scripts import change

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Update it to sql/schema."""
    change("migrations/0017", "schema/models")
