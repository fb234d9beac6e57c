"""Which queues this process hears, so that a stage knows whether the next one is its own."""

from dramatiq import Broker, Middleware, Worker


class ConsumedQueues(Middleware):
    """Empty until the worker of the process has booted; then the queues it was started for, or all."""

    def __init__(self) -> None:
        self._queues: frozenset[str] = frozenset()

    def __contains__(self, queue: str) -> bool:
        return queue in self._queues

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Note what the command line of the worker chose."""
        self._queues = frozenset(worker.consumer_whitelist or broker.get_declared_queues())
