"""What lets a worker process give priority to the processes that decide."""

import os
from typing import Final

import dramatiq

_LOW_PRIORITY: Final = 10


class LowPriority(dramatiq.Middleware):
    """Gives priority to the processes that decide."""

    def after_process_boot(self, _broker: dramatiq.Broker) -> None:
        """Lower the priority once the process is up."""
        os.nice(_LOW_PRIORITY)
