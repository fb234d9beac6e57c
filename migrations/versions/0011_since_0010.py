"""What a database needs that was made before the schema stood in sql/schema.

Revision: 0011, after 0010
"""

from hydra.db.migration_scripts import change_schema

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring it to what sql/schema says."""
    change_schema("0011", "audit_market", "audit_decisions", "audit_lineage", "roles")
