"""Keys of assessments, signals and risk decisions: the minute before the pair.

Revision: 0009, after 0008
"""

from hydra.db.migration_scripts import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the keys anew."""
    run_script("schema/0009_drop_references")
    run_script("schema/0009_minute_keys")
    run_script("schema/0009_add_references")


def downgrade() -> None:
    """Make the keys of before."""
    run_script("schema/0009_drop_references")
    run_script("schema/0009_down")
    run_script("schema/0009_add_references")
