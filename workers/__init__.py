"""The worker processes: `dramatiq workers` (spawned, not forked) consumes the messages of all stages.

Importing this package sets the broker of the process and declares the actor of every stage.
"""

# ruff: noqa: E402  # two things come before the imports, which take a second or more

import os

from hydra.die_with_parent import end_with_spawner

# The parent may be killed at any moment.
end_with_spawner()

# Set before polars is loaded: the last bits of its results depend on the number of threads, and a cycle that
# is decided again after a crash must give identical rows.
os.environ["POLARS_MAX_THREADS"] = "1"

import dramatiq

from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.runtime.notifications import Stage
from hydra.settings import load_settings
from workers import layer4, layer5
from workers.broker import worker_broker
from workers.layer2 import StatisticalLayer
from workers.layer3 import SignalLayer
from workers.stages import declare_stages


def _database_url() -> str:
    return database_url(load_settings(), Role.WORKER)


HANDLERS = {
    Stage.BOOK_FILLS: layer5.book_fills,
    Stage.ASSESS: StatisticalLayer(_database_url).handle,
    Stage.SIGNAL: SignalLayer(_database_url).handle,
    Stage.DECIDE: layer4.write_decisions,
    Stage.EXECUTE: layer5.execute,
}

broker = worker_broker()
dramatiq.set_broker(broker)
declare_stages(broker, HANDLERS, _database_url)
