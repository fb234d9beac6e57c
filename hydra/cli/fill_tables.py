"""Two compared runs as tables and as JSON."""

from collections import Counter
from dataclasses import asdict
from typing import Final

from rich.console import Console

from hydra.answers.formatting import UNDEFINED, counted, exact_text, fixed, minute_text
from hydra.answers.plain_values import plain
from hydra.answers.styled_text import styled
from hydra.checks.fills import FillDifference, FillsInRole, VerdictDifference
from hydra.checks.run_fills import ComparedRuns
from hydra.cli.output import open_table

MOST_SHOWN: Final = 20


def print_compared_runs(console: Console, found: ComparedRuns, one: int, other: int) -> None:
    """The fills side by side, what is outside its bound, and the verdict."""
    if found.pairs:
        table = open_table(
            ("pair", "decided", "role", f"run {one}", f"run {other}", "difference"),
            ("worse, bps", "worse, USDT"),
            f"Fills of run {one} and run {other}",
        )
        for pair in found.pairs:
            table.add_row(
                pair.base,
                minute_text(pair.decision_time),
                pair.role,
                _filled(pair.one),
                _filled(pair.other),
                pair.difference,
                UNDEFINED if pair.worse_bps is None else fixed(pair.worse_bps, signed=True),
                UNDEFINED if pair.worse_usd is None else fixed(pair.worse_usd, 4, signed=True),
            )
        console.print(table)
    for outside in found.outside[:MOST_SHOWN]:
        fill = outside.fill
        console.print(
            styled(
                ("Outside its bound", "red"),
                f": run {outside.run_id}, {fill.base} {fill.role} at {fill.time:%Y-%m-%d %H:%M:%S}, "
                f"{exact_text(fill.price)}: {outside.words}",
            ),
            soft_wrap=True,
        )
    for difference in found.verdicts.differing[:MOST_SHOWN]:
        console.print(styled(("Decided otherwise", "red"), f": {_words(difference)}"), soft_wrap=True)
    if found.verdicts.later:
        console.print(
            f"{counted(len(found.verdicts.later), 'risk decision')} from the first differing fill on "
            f"({minute_text(found.differs_from)} UTC) differ too: what is held is no longer the same.",
            soft_wrap=True,
        )
    kinds = Counter(pair.difference for pair in found.pairs)
    parts = ", ".join(f"{kinds[kind]:,} {kind}" for kind in FillDifference if kinds[kind]) or "no fills"
    wrong = len(found.verdicts.differing) + len(found.outside)
    console.print(
        styled(
            (f"{len(found.verdicts.differing):,}", "red" if found.verdicts.differing else "green"),
            f" of {found.verdicts.compared:,} verdicts differ, ",
            (f"{len(found.outside):,}", "red" if found.outside else "green"),
            f" fills are outside their bound; filled orders: {parts}",
            *([] if wrong else [(" (all within what the market allows)", "green")]),
        ),
        soft_wrap=True,
    )


def compared_runs_as_json(found: ComparedRuns, one: int, other: int) -> dict[str, object]:
    """The same for machines."""
    pairs = [
        {
            **asdict(pair),
            "difference": pair.difference.value,
            "worse_bps": pair.worse_bps,
            "worse_usd": pair.worse_usd,
        }
        for pair in found.pairs
    ]
    answer: dict[str, object] = plain(
        {
            "run_id": one,
            "against": other,
            "compared": found.verdicts.compared,
            "decided_otherwise": [asdict(one) for one in found.verdicts.differing],
            "decided_otherwise_later": [asdict(one) for one in found.verdicts.later],
            "fills": pairs,
            "outside": [asdict(outside) for outside in found.outside],
            "fills_differ_from": found.differs_from,
        }
    )
    return answer


def _filled(filled: FillsInRole | None) -> str:
    if filled is None:
        return UNDEFINED
    rested = "maker" if filled.maker_quantity == filled.quantity else "taker"
    if 0 < filled.maker_quantity < filled.quantity:
        rested = "both"
    parts = "" if filled.fills == 1 else f" in {filled.fills}"
    price = f"{filled.price:.8f}".rstrip("0").rstrip(".")
    return f"{exact_text(filled.quantity)}{parts} at {price}, {filled.time:%H:%M:%S}, {rested}"


def _words(difference: VerdictDifference) -> str:
    source = f" {difference.source}" if difference.source else ""
    return (
        f"{difference.kind}{source} of {difference.base} at {minute_text(difference.time)}: "
        f"{difference.one or 'no row'} against {difference.other or 'no row'}"
    )
