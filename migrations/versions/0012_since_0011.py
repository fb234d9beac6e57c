"""Changes to a database of revision 0011, so that it matches sql/schema.

Revision: 0012, after 0011
"""

from hydra.db.migration_scripts import change, renew_rollup_keepers

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Update it to sql/schema."""
    change("migrations/0012", "schema/versions", "schema/locks", "schema/statistics")
    renew_rollup_keepers()
