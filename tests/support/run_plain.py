"""`python -m tests.support.run_plain RUN SPEED`: what `hydra run --resume` does, with the plain stages."""

import sys

from hydra.answers.pipeline_table import pipeline_line
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.runtime.speed import Speed
from hydra.runtime.supervisor import Supervisor
from hydra.settings import load_settings
from hydra.trading.runs import read_run


def main(run_id: int, speed: str) -> None:
    """Supervise the run to its end."""
    settings = load_settings()
    with connect(database_url(settings, Role.WORKER), autocommit=True) as connection:
        run = read_run(connection, run_id)
    supervisor = Supervisor(
        run,
        settings,
        Speed.parse(speed),
        show=lambda rows: print(pipeline_line(run, rows), flush=True),
        tell=lambda text: print(text, flush=True),
        worker_module="tests.support.plain_stages:broker",
    )
    print(supervisor.supervise(), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
