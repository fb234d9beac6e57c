"""Changes to a database of revision 0015, so that it matches sql/schema.

Revision: 0016, after 0015
"""

from hydra.db.migration_scripts import change

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Update it to sql/schema."""
    change("migrations/0016", "schema/news", "schema/audit_lineage", "schema/audit_news")
