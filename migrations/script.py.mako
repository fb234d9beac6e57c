"""${message}.

Revision: ${up_revision}, after ${down_revision}
"""

from hydra.db.migration_scripts import change

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring a database of the revision before to what sql/schema says."""
    change("migrations/${up_revision}")
