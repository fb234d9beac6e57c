"""The broker of the worker processes, and the middleware around every message.

There are no retries: the clock, which knows what remains to be done, notifies a failed stage again.
Source: docs/architecture.md, law 1; docs/database.md, "Messages".
"""

import structlog
from dramatiq import Broker, Middleware
from dramatiq.broker import MessageProxy
from dramatiq.middleware import AgeLimit, ShutdownNotifications, TimeLimit

from hydra.runtime.log_text import show_logs
from hydra.runtime.message_broker import make_broker
from hydra.runtime.notifications import MAX_AGE_MS
from hydra.settings import Settings, load_settings, redacted_by_settings

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.workers")


class ShownLogs(Middleware):
    """A worker process logs texts from outside escaped."""

    def after_process_boot(self, _broker: Broker) -> None:
        """Change the logging of the process once it is set up."""
        show_logs()


class StageErrors(Middleware):
    """Logs one line for every message whose stage failed; `throws` lists errors that need no traceback."""

    @property
    def actor_options(self) -> set[str]:
        """The actor options that this middleware adds."""
        return {"throws"}

    def after_process_message(
        self,
        _broker: Broker,
        message: MessageProxy,
        *,
        result: None = None,  # noqa: ARG002  # dramatiq passes it by name
        exception: BaseException | None = None,
    ) -> None:
        """Log which stage of which run failed, and why."""
        if exception is not None:
            _LOG.error(
                "stage failed, the clock will notify it again",
                stage=message.actor_name,
                run=message.args[0] if message.args else None,
                error=redacted_by_settings(f"{type(exception).__name__}: {exception}".strip()),
            )


def worker_broker(settings: Settings | None = None) -> Broker:
    """The broker that a worker process consumes from.

    Raises:
        SettingsError: HYDRA_BROKER_URL names no broker that HYDRA can use.
    """
    middleware = [
        AgeLimit(max_age=MAX_AGE_MS),
        TimeLimit(),
        ShutdownNotifications(),
        ShownLogs(),
        StageErrors(),
    ]
    return make_broker(settings or load_settings(), middleware)
