"""What compares a simulation that skips minutes with one that plays each."""

from hydra.domain import PositionEventKind, ReasonCode
from hydra.settings import Settings
from hydra.trading.parameters import Rules, rules_of
from hydra.trading.row_writer import Row

FEEDS = ("liquidations", "order_book")


def rules() -> Rules:
    """The rules of the default settings with every feed."""
    return rules_of(Settings(_env_file=None), FEEDS)  # type: ignore[call-arg]  # an argument of the base class


def plain(events: list[Row]) -> list[Row]:
    """Events without numbers and without the checks that demanded nothing, which skipping leaves out."""
    quiet = (PositionEventKind.CHECKED, ReasonCode.NORMAL)
    kept = [row for row in events if (row.get("kind"), row["reason_code"]) != quiet]
    return [{name: value for name, value in row.items() if name != "sequence"} for row in kept]
