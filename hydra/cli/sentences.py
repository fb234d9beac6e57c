"""Every error of a command as one sentence and an exit status."""

import os
import sys
import traceback
from datetime import UTC, datetime
from typing import Final

import psycopg
import typer
from typer.exceptions import TyperException

from hydra.answers.styled_text import styled
from hydra.cli.main import app
from hydra.cli.output import error_console, let_go, print_line
from hydra.db.engine import is_lost
from hydra.errors import DatabaseLostError, HydraError
from hydra.paths import cache_directory
from hydra.settings import redacted_by_settings

FAILED: Final = 1
DEFECT: Final = 70
DATABASE_LOST: Final = 75
"""The server went away under the command (EX_TEMPFAIL of sysexits.h): try it again."""
READER_GONE: Final = 141

# Errors that a sound query can meet, and what to do; any other of the server is a defect.
ADVICE: Final[dict[type[psycopg.Error], str]] = {
    psycopg.errors.UndefinedTable: "bring the schema up to date with `hydra db up`",
    psycopg.errors.UndefinedColumn: "bring the schema up to date with `hydra db up`",
    psycopg.errors.InsufficientPrivilege: "bring the roles up to date with `hydra db up`",
    psycopg.errors.LockNotAvailable: "another process holds what this needs: try again when it is done",
    psycopg.errors.DiskFull: "make room on the database's disk, then run the same command again",
    psycopg.OperationalError: "look with `hydra doctor`, then run the same command again",
}


def run_command_line() -> int:
    """Run the verb that the command line names, and print an error as one red sentence.

    Returns the exit status.
    """
    try:
        status = app(standalone_mode=False, prog_name="hydra")
        sys.stdout.flush()
    except BrokenPipeError:
        _write_nowhere()
        return READER_GONE
    except Exception as error:  # noqa: BLE001  # the edge: a person gets a sentence, a defect's details a file
        _write_nowhere()
        status, sentence = _status_and_sentence(error)
        if sentence:
            print_line(error_console(), styled(("hydra: ", "red"), redacted_by_settings(sentence)))
    return status if isinstance(status, int) else 0


def _status_and_sentence(error: Exception) -> tuple[int, str]:
    if isinstance(error, TyperException):
        return _usage(error)
    known = _known(error)
    if known is not None:
        return DATABASE_LOST if _is_lost(error) else FAILED, known
    return DEFECT, f"this is a defect of HYDRA ({type(error).__name__}: {error}). {_recorded(error)}"


def _known(error: Exception) -> str | None:
    """What happened and what to do; None for an error that nobody expected."""
    if isinstance(error, HydraError):
        return str(error)
    if isinstance(error, typer.Abort):
        return "nothing was done: the question was not answered with yes"
    if isinstance(error, MemoryError):
        return "the memory of this machine does not suffice: ask for a shorter range or fewer pairs"
    if isinstance(error, OSError) and error.strerror:
        place = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return f"{place}{error.strerror}: correct that, then run the same command again"
    advice = next((words for kind, words in ADVICE.items() if isinstance(error, kind)), None)
    happened = "server went away" if _is_lost(error) else "refused"
    return advice and f"the database {happened} ({str(error).partition(chr(10))[0]}): {advice}"


def _is_lost(error: Exception) -> bool:
    """Whether the database server went away under the command."""
    return isinstance(error, DatabaseLostError) or (isinstance(error, psycopg.Error) and is_lost(error))


def _usage(error: TyperException) -> tuple[int, str]:
    """What is wrong with the command line; empty where help was printed instead."""
    words = error.format_message().replace("Value error, ", "").strip().rstrip(".")
    context = getattr(error, "ctx", None)
    path = "hydra" if context is None else context.command_path
    return error.exit_code, f"{words}. See `{path} -h`" if words else ""


def _recorded(error: Exception) -> str:
    """Keep the traceback for the report of the defect; says where."""
    path = cache_directory() / "defects" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S.%f}.txt"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        details = redacted_by_settings("".join(traceback.format_exception(error)))
        path.write_text(details, encoding="utf-8", errors="replace")
    except OSError as unwritten:
        return f"Its details could not be written to {path}: {unwritten.strerror}"
    return f"Please report it with its details, which are in {path}"


def _write_nowhere() -> None:
    """What is still to be written to standard output would fail again at the end of the process."""
    try:
        sys.stdout.flush()
    except OSError:
        let_go(sys.stdout)
