"""How fast a replay goes."""

from dataclasses import dataclass
from datetime import timedelta

from hydra.errors import StopError


@dataclass(frozen=True)
class Speed:
    """Times real time; None: as fast as the cycles can be decided."""

    factor: float | None

    @classmethod
    def parse(cls, text: str) -> "Speed":
        """`max`, or a number above 0 such as 60 (an hour a minute).

        Raises:
            StopError: it is neither.
        """
        if text == "max":
            return cls(None)
        try:
            factor = float(text)
        except ValueError:
            factor = 0.0
        if not 0.0 < factor < float("inf"):
            raise StopError(f"--speed {text}: write max, or a number above 0 such as 60 (an hour a minute)")
        return cls(factor)

    def seconds_between(self, length: timedelta) -> float:
        """Wall-clock seconds from one cycle's opening to the next, for cycles of this `length`."""
        return 0.0 if self.factor is None else length.total_seconds() / self.factor

    def __str__(self) -> str:
        """As it is written on the command line."""
        return "max" if self.factor is None else f"{self.factor:g}"
