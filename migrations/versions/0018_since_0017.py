"""Changes to a database of revision 0017, so that it matches sql/schema.

Revision: 0018, after 0017
"""

from hydra.db.migration_scripts import change

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Update it to sql/schema."""
    change("migrations/0018", "schema/run_scorers")
