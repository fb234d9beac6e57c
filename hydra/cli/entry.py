"""The command `hydra`: whatever happens, it ends with a sentence and an exit status, never with a traceback.

Status 1: what was asked could not be done, or a check found something; 2: the command line is wrong; 70: a
defect of HYDRA; 75: the database went away; 130: Ctrl-C; 141: the reader of the output has gone. Some verbs
have a 2 or 3 of their own.
"""

import os
import signal
import sys
from typing import Final

INTERRUPTED: Final = 130


def main() -> None:
    """Run the command line of this process, then leave it with the exit status."""
    try:
        _open_closed_streams()
        forget_other_databases()
        # Imported here because Ctrl-C may come while modules load.
        from hydra.cli.sentences import run_command_line  # noqa: PLC0415

        status = run_command_line()
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.write(2, b"hydra: stopped by Ctrl-C\n")
    sys.exit(status)


def forget_other_databases() -> None:
    """Unset what steers libpq (PGHOSTADDR, PGSSLMODE, PGSERVICE ...): it is set for other databases.

    It would lead `hydra kill` away from HYDRA's. The URL alone says where that is and how it is reached.
    """
    for name in [name for name in os.environ if name.startswith("PG") and name != "PG_COLOR"]:
        del os.environ[name]


def _open_closed_streams() -> None:
    """Let `hydra ... >&-` write to nowhere: the next file that is opened would take the stream's place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            os.dup2(opened, number)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        # Names of files may hold bytes, and texts characters, that the terminal's encoding does not have.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # pytest's streams have it too
