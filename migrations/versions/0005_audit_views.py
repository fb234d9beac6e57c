"""Audit views: gaps, imports, vetoes, protection, profit, costs, lineage.

Revision: 0005, after 0004
"""

from hydra.db.migration_scripts import run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the views."""
    run_script("schema/0005_audit_market_views")
    run_script("schema/0005_audit_decision_views")
    run_script("schema/0005_audit_lineage_view")


def downgrade() -> None:
    """Drop the views."""
    run_script("schema/0005_down")
