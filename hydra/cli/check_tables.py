"""What a check has compared and found, as a person reads it."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from hydra.checks.mismatches import CheckResult, Offence
from hydra.checks.warm_up import RECURSIVE_TOLERANCE, Change, is_recursive

MOST_SHOWN: Final = 20


def print_tallies(console: Console, tallies: Sequence[CheckResult]) -> None:
    """A line for each check and varied thing, then the first offences."""
    shown = _table("check", "what was varied", right=("values compared", "offences"))
    for one in tallies:
        colour = "red" if one.offences else "green"
        shown.add_row(one.check, one.varied, f"{one.compared:,}", f"[{colour}]{one.offences:,}[/{colour}]")
    console.print(shown)
    offenders = [(tally, one) for tally in tallies for one in tally.first]
    for tally, offence in offenders[:MOST_SHOWN]:
        console.print(_sentence(tally, offence), highlight=False, soft_wrap=True, markup=False)
    hidden = sum(one.offences for one in tallies) - min(len(offenders), MOST_SHOWN)
    if hidden:
        console.print(f"and {hidden:,} more", highlight=False)


def print_changes(console: Console, changes: Sequence[Change]) -> None:
    """The features that another start of the facts changed."""
    if not changes:
        console.print("No feature changed with the start of the facts.", highlight=False)
        return
    shown = _table(
        "feature", "facts begin", "definition", right=("known", "became null", "moved", "largest move")
    )
    for one in changes:
        kind = f"recursive, {RECURSIVE_TOLERANCE:g} allowed" if is_recursive(one.feature) else "windows"
        shown.add_row(
            one.feature, one.varied, kind, f"{one.compared:,}", f"{one.became_null:,}", f"{one.moved:,}",
            f"{one.largest:.2e}" if one.moved else "",
        )  # fmt: skip
    console.print(shown)


def _table(*left: str, right: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in left:
        table.add_column(heading, overflow="fold")
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _sentence(tally: CheckResult, one: Offence) -> str:
    pair = "" if one.instrument_id is None else f" of instrument {one.instrument_id}"
    return (
        f"{tally.check} ({tally.varied}): {one.value}{pair} at {one.time:%Y-%m-%d %H:%M:%S} "
        f"expected {one.expected}, found {one.found}"
    )
