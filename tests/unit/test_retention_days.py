"""How long facts are kept, as it is written in the settings."""

import pytest

from hydra.retention import WINDOWS, retention_days


def test_what_is_not_named_keeps_its_default() -> None:
    found = retention_days("trades=60, candles_1m=400")
    assert found == {name: window.days for name, window in WINDOWS.items()} | {
        "trades": 60,
        "candles_1m": 400,
    }
    assert retention_days(None)["order_books"] == 90
    assert {name for name, days in retention_days(None).items() if days} == {
        "trades", "order_books", "premium_index"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("trades=6", "trades=6 is neither 0"),
        ("order_books=34", "whole days from 35 to"),
        ("candles_1m=30", "whole days from 120 to"),
        ("trades=-1", "neither 0"),
        ("trades=7.5", "neither 0"),
        ("trades", "write TABLE=DAYS"),
        ("nothing=9", "write TABLE=DAYS"),
        ("trades=9,trades=9", "named twice"),
    ],
)
def test_a_window_that_reads_could_not_live_with_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        retention_days(text)


def test_nothing_is_dropped_where_it_is_said() -> None:
    assert set(retention_days(",".join(f"{name}=0" for name in WINDOWS)).values()) == {0}
