"""Who gives the command: stored beside a kill switch that is latched or cleared."""

import getpass
import os


def operator_name() -> str:
    """The name of the user of this process; its number where it has no name (a container)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
