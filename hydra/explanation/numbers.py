"""Whether the numbers of a text stand in rows: a language model writes numbers that nobody has measured.

A number counts as known if a value of the rows, rounded to as many decimals as the text shows, is it: as it
is, in percent (x 100) or in basis points (x 10,000). The sign is not compared, because words carry it
("lost 5"). A date or a time of day has to stand in the rows as such. Numbers in words ("three") are not seen.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any, Final

from hydra.explanation.evidence import EvidenceRow

_MOMENT: Final = re.compile(r"(?<!\d)(?:\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?!\d)")
_NUMBER: Final = re.compile(r"(?<![\w.])(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)")
_SCALES: Final = (Decimal(1), Decimal(100), Decimal(10_000))
_DIGITS: Final = 60


def unknown_numbers(text: str, rows: Sequence[EvidenceRow]) -> tuple[str, ...]:
    """The numbers, dates and times of `text` that no row has, as the text writes them, each once.

    The ids of rows in square brackets are no numbers.
    """
    plain = text
    for row in sorted(rows, key=lambda row: -len(row.row_id)):
        plain = plain.replace(f"[{row.row_id}]", " ")
    whole = json.dumps([row.columns for row in rows], default=str)
    moments = [found for found in _MOMENT.findall(plain) if f"{found:0>5}" not in whole]
    values = set(_values([row.columns for row in rows]))
    numbers = [found for found in _NUMBER.findall(_MOMENT.sub(" ", plain)) if not _is_known(found, values)]
    return tuple(dict.fromkeys([*moments, *numbers]))


def _is_known(written: str, values: Iterable[Decimal]) -> bool:
    plain = written.replace(",", "")
    number = Decimal(plain)
    step = Decimal(1).scaleb(-len(plain.partition(".")[2]))
    with localcontext() as context:
        context.prec = _DIGITS
        return any(
            abs(value * scale - number) * 2 <= step and (number != 0 or value == 0)
            for value in values
            for scale in _SCALES
        )


def _values(content: Any) -> Iterator[Decimal]:
    """Every number in JSON, those within texts too; absolute."""
    if isinstance(content, Mapping):
        for value in content.values():
            yield from _values(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _values(value)
    elif isinstance(content, str):
        yield from (Decimal(one.replace(",", "")) for one in _NUMBER.findall(_MOMENT.sub(" ", content)))
    elif isinstance(content, int | float | Decimal) and not isinstance(content, bool):
        try:
            number = abs(Decimal(str(content)))
        except InvalidOperation:
            return
        if number.is_finite():
            yield number
