"""Changes to a database of revision 0014, so that it matches sql/schema.

Revision: 0015, after 0014
"""

from hydra.db.migration_scripts import change

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Update it to sql/schema."""
    change("migrations/0015", "schema/reconciliation")
    change("schema/audit_market", "schema/audit_decisions", "schema/audit_account")
