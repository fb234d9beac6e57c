"""Rollups of candles, liquidations and open interest, for both editions, and the view candles_5m.

Revision: 0002, after 0001
"""

from hydra.db.migration_scripts import is_community, run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the rollups: continuous aggregates on community, triggers on Apache."""
    if is_community():
        run_script("schema/0002_rollups_community")
        run_script("schema/0002_policies_community")
    else:
        run_script("schema/0002_rollups_apache")
        run_script("schema/0002_rollups_apache_candles")
        run_script("schema/0002_rollups_apache_others")
        run_script("schema/0002_rollups_apache_triggers")
    run_script("schema/0002_rollups_comments")
    run_script("schema/0002_candles_5m")


def downgrade() -> None:
    """Drop the rollups; the facts stay."""
    run_script("schema/0002_down_community" if is_community() else "schema/0002_down_apache")
