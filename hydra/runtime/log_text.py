"""The logs of the processes of a run: texts from outside are shown in them, one record a line."""

import logging
import traceback
from typing import TYPE_CHECKING, Any

import structlog

from hydra.outside_text import shown

if TYPE_CHECKING:
    from structlog.typing import EventDict


class ShownRecords(logging.Formatter):
    """Formats records as another formatter does, every text shown; only a traceback has further lines."""

    def __init__(self, layout: logging.Formatter) -> None:
        super().__init__()
        self._layout = layout

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        plain = logging.makeLogRecord(record.__dict__)
        plain.msg, plain.args, plain.exc_info, plain.exc_text = shown(record.getMessage()), (), None, None
        error = record.exc_info[1] if record.exc_info else None
        chunks = [] if error is None else traceback.format_exception(error)
        return "\n".join([self._layout.format(plain), *map(_shown_chunk, chunks)])


def _shown_chunk(chunk: str) -> str:
    """A frame keeps its two lines; the words of an exception, which may repeat input, get one."""
    is_frame = chunk.startswith("  ")
    return "\n".join(map(shown, chunk.rstrip().split("\n"))) if is_frame else shown(chunk.rstrip())


def _shown_values(_logger: Any, _method: str, event: "EventDict") -> "EventDict":
    return {name: shown(value) if isinstance(value, str) else value for name, value in event.items()}


def show_logs() -> None:
    """Let this process log every text shown; after its logging is set up."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(ShownRecords(handler.formatter or logging.Formatter()))
    *earlier, renderer = structlog.get_config()["processors"]
    structlog.configure(processors=[*earlier, _shown_values, renderer])
