"""Which numbers of a generated text stand in its rows."""

import pytest

from hydra.explanation.evidence import EvidenceRow
from hydra.explanation.numbers import unknown_numbers

ROWS = (
    EvidenceRow(
        "risk decision", {"time": "2025-06-01T10:02:00+00:00", "reason": "the last exit was 12 minutes ago"}
    ),
    EvidenceRow(
        "position 41",
        {
            "entry_price": 61234.5,
            "net_pnl_usd": -81.247,
            "numbers": {"share": 0.0512, "list": [3, None, True]},
        },
    ),
    EvidenceRow("signal OI_DIVERGENCE", {"score": 0.4499, "funding_rate": 0.0001, "large": 1e300}),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The entry was at 61,234.5 and lost 81.25 USDT.", ()),
        ("It lost 81.2 or about 81.", ()),
        ("It lost 81.24.", ("81.24",)),
        ("It gained 500 USDT.", ("500",)),
        ("A share of 5.12 % or 512 bps, about 5 %.", ()),
        ("A share of 6 %.", ("6",)),
        ("Funding was 0.01 % or 1 bps.", ()),
        ("The score 0.45 was below 0.5.", ("0.5",)),
        ("12 minutes passed, not 13 minutes; 13 again.", ("13",)),
        ("At 10:02 on 2025-06-01, not 10:03 or 2025-06-02.", ("10:03", "2025-06-02")),
        ("Named in [position 41] and [signal OI_DIVERGENCE].", ()),
        ("Named in [position 42].", ("42",)),
        ("Leverage 10x, 20USDT, layer2.", ("10", "20")),
        ("Half, .75 of it.", (".75",)),
        ("٣ and ٧", ("٧",)),
        ("A null is no 0.", ("0",)),
        ("No figures: three of them.", ()),
        ("", ()),
    ],
)
def test_golden(text: str, expected: tuple[str, ...]) -> None:
    """-81.247 rounds to 81.25 and 81.2; 0.0512 x 100 = 5.12, x 10,000 = 512; 0.4499 to 0.45."""
    assert unknown_numbers(text, ROWS) == expected


def test_without_rows_every_number_is_unknown() -> None:
    assert unknown_numbers("1, 2 and 2", []) == ("1", "2")
