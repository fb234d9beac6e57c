"""The results of a check as tables and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from hydra.answers.formatting import minute_text
from hydra.answers.styled_text import styled
from hydra.checks.comparer import A_ROW, CheckResult, Mismatch
from hydra.checks.parity import Parity
from hydra.checks.warm_up import RECURSIVE_TOLERANCE, Change, is_recursive
from hydra.trading.versions import own_version

MOST_SHOWN: Final = 20


def print_results(console: Console, results: Sequence[CheckResult]) -> None:
    """A line for each check and varied thing, then the first mismatches."""
    shown = _table("check", "what was varied", right=("values compared", "mismatches"))
    for one in results:
        shown.add_row(one.check, one.varied, f"{one.compared:,}", styled(_coloured(one.mismatches)))
    console.print(shown)
    _print_first(console, [(f"{one.check} ({one.varied})", one) for one in results])


def print_parity(console: Console, parity: Parity) -> None:
    """What was compared of each table, what differed first, and what was left out, with the reasons."""
    shown = _table("table", right=("rows compared", "values compared", "mismatches"))
    for one in parity.tables:
        result = one.result
        shown.add_row(
            one.table.name, f"{one.rows:,}", f"{result.compared:,}", styled(_coloured(result.mismatches))
        )
    console.print(shown)
    _print_first(console, [("", one.result) for one in parity.tables])
    for why, names in _by_reason(parity.left_out).items():
        console.print(f"left out: {', '.join(names)}: {why}", soft_wrap=True)
    if not parity.is_of_this_version:
        console.print(styled((_other_version(parity), "yellow")), soft_wrap=True)
    verdict = styled(
        _coloured(parity.mismatches),
        f" mismatches of run {parity.run.run_id} with itself decided again: {parity.rows:,} rows of "
        f"{parity.minutes:,} minutes, {parity.first:%Y-%m-%d %H:%M} to {parity.last:%Y-%m-%d %H:%M} UTC",
    )
    console.print(verdict, soft_wrap=True)


def _other_version(parity: Parity) -> str:
    """Which versions decided, and which one decides again."""
    own = own_version()
    others = [one for one in parity.versions if one.version != own]
    parts = [f"from {minute_text(one.first_minute)} UTC on: {one.version.differences(own)}" for one in others]
    return (
        f"run {parity.run.run_id} was decided by another version ({'. '.join(parts)}): "
        "a difference may come from the code, not from the run"
    )


def parity_as_json(parity: Parity) -> dict[str, object]:
    """The same for machines."""
    about = {
        "run_id": parity.run.run_id,
        "from": parity.first.isoformat(),
        "to": parity.last.isoformat(),
        "minutes": parity.minutes,
        "versions": [asdict(one) for one in parity.versions],
        "decided_again_by": asdict(own_version()),
        "rows": {one.table.name: one.rows for one in parity.tables},
        "mismatches": parity.mismatches,
        "left_out": parity.left_out,
    }
    return results_as_json(about, [one.result for one in parity.tables])


def results_as_json(about: Mapping[str, object], results: Sequence[CheckResult]) -> dict[str, object]:
    """The results of checks for machines, after the facts `about` all of them."""
    return {**about, "checks": [one.as_json() for one in results]}


def _by_reason(left_out: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, why in left_out.items():
        found.setdefault(why, []).append(name)
    return found


def _coloured(mismatches: int) -> tuple[str, str]:
    """The number and its colour."""
    return f"{mismatches:,}", "red" if mismatches else "green"


def _print_first(console: Console, results: Sequence[tuple[str, CheckResult]]) -> None:
    found = [(title, one) for title, result in results for one in result.first]
    for title, mismatch in found[:MOST_SHOWN]:
        console.print(_sentence(title, mismatch), soft_wrap=True)
    hidden = sum(result.mismatches for _, result in results) - min(len(found), MOST_SHOWN)
    if hidden:
        console.print(f"and {hidden:,} more")


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


def _sentence(title: str, one: Mismatch) -> str:
    pair = "" if one.instrument_id is None else f" of instrument {one.instrument_id}"
    time = "" if one.time is None else f" at {one.time:%Y-%m-%d %H:%M:%S}"
    key = f" ({', '.join(str(part) for part in one.key)})" if one.key else ""
    if A_ROW in (one.expected, one.found):
        differs = "is missing" if one.found is None else "exists, and should not"
    else:
        differs = f"expected {one.expected}, found {one.found}"
    return f"{title}{': ' if title else ''}{one.value}{pair}{time}{key} {differs}"
