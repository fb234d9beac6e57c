"""The worker processes: `dramatiq workers` (spawned, not forked) hears the doorbells of all stages.

Importing this package sets the broker of the process and declares the actor of every stage.
"""

import os

# Before polars is loaded: its last bits depend on the number of threads, and a cycle that is decided again
# after a crash must give the same rows byte for byte.
os.environ["POLARS_MAX_THREADS"] = "1"

import dramatiq

from hydra.db.engine import database_url
from hydra.running.bound_process import end_with_spawner
from hydra.running.doorbells import Stage
from hydra.settings import load_settings
from workers import layer3, layer4, layer5
from workers.broker import worker_broker
from workers.layer2 import StatisticalLayer
from workers.stages import declare_stages


def _database_url() -> str:
    return database_url(load_settings())


ANSWERS = {
    Stage.SETTLE: layer5.settle,
    Stage.ASSESS: StatisticalLayer(_database_url).answer,
    Stage.SIGNAL: layer3.answer,
    Stage.DECIDE: layer4.answer,
    Stage.EXECUTE: layer5.execute,
}

end_with_spawner()
broker = worker_broker()
dramatiq.set_broker(broker)
declare_stages(broker, ANSWERS, _database_url)
