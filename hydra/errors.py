"""The exceptions of HYDRA. The type tells the caller what to do; the message tells the person.

Every message says what was wrong, where, and what to do about it.
"""

from hydra.domain import OrderRefusal


class HydraError(Exception):
    """Anything that HYDRA raises on purpose."""


class StopError(HydraError):
    """The program cannot continue: show the message and exit with a non-zero status."""


class OtherMarketError(StopError):
    """What answers is another market, or its time has gone back: nothing of it may be stored."""


class SettingsError(StopError):
    """A setting is unknown, missing or out of its range."""


class DatabaseError(StopError):
    """The database server cannot be used: unreachable, too old, or without TimescaleDB."""


class DatabaseLostError(DatabaseError):
    """The database server went away under a command: the same command may succeed once it is back."""


class RetryError(HydraError):
    """A temporary error: the same call may succeed later."""


class BadDataError(HydraError):
    """A file, or a part of it, does not hold what it claims. The rest of the data is unaffected."""


class OutcomeUnknownError(HydraError):
    """Nobody knows whether a call that changes an account was carried out: ask by id before anything else."""


class OrderRefusedError(HydraError):
    """The exchange refuses a change of an account: nothing was done, and the same call will not succeed.

    refusal: which kind; code: the exchange's own.
    """

    def __init__(self, message: str, refusal: OrderRefusal, code: int) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.code = code
