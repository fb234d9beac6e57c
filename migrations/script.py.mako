"""${message}.

Revision: ${up_revision}, after ${down_revision}
"""

from hydra.db.migration_scripts import run_script

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what this revision adds."""
    ${upgrades if upgrades else 'run_script("schema/%s_up")' % up_revision}


def downgrade() -> None:
    """Remove it again."""
    ${downgrades if downgrades else 'run_script("schema/%s_down")' % up_revision}
