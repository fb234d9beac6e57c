"""Changes to a database of revision 0010. What views and privileges say follows in the newest revision.

Revision: 0011, after 0010
"""

from hydra.db.migration_scripts import change, change_rollups, fill_reason_codes

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change tables, rollups and comments."""
    change("schema/reason_codes")
    fill_reason_codes()
    change_rollups("migrations/0011_rollups_apache")
    change("migrations/0011")
