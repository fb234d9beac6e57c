"""The journal of an account: what was written is found again, a torn end is dropped, one process has it."""

import resource
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from hydra.errors import StopError
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.private.journal import AccountChange, AccountJournal

CHANGES = [
    AccountChange(1_000, 1_500, "POST /fapi/v1/order", {"symbol": "BTCUSDT", "quantity": "0.01"}),
    AccountChange(2_000, 2_001, "DELETE /fapi/v1/order", {"symbol": "BTCUSDT"}, "expired"),
]
BEGUN = AccountSettings(start_balance_usd=Decimal(100))


def written(folder: Path) -> Path:
    """A journal with two changes."""
    journal = AccountJournal(folder, BEGUN)
    for change in CHANGES:
        journal.add(change)
    journal.close()
    return folder / "journal.jsonl"


def test_what_was_written_is_found_with_the_settings_of_the_beginning(tmp_path: Path) -> None:
    written(tmp_path)
    journal = AccountJournal(tmp_path, replace(BEGUN, start_balance_usd=Decimal(7)))
    assert (journal.changes, journal.settings) == (CHANGES, BEGUN)
    journal.close()


@pytest.mark.parametrize("torn", [b'{"after_ms":3', b"{", b'{"after_ms":3000}'])
def test_a_line_that_was_not_finished_is_dropped_and_the_next_follows(tmp_path: Path, torn: bytes) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes() + torn)
    journal = AccountJournal(tmp_path, BEGUN)
    journal.add(CHANGES[0])
    journal.close()
    again = AccountJournal(tmp_path, BEGUN)
    assert again.changes == [*CHANGES, CHANGES[0]]
    again.close()


def test_a_damaged_line_stops_with_its_number(tmp_path: Path) -> None:
    path = written(tmp_path)
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b"{", *lines[2:]]))
    with pytest.raises(StopError, match="line 2"):
        AccountJournal(tmp_path, BEGUN)


def test_it_goes_on_from_the_last_second_that_was_told(tmp_path: Path) -> None:
    written(tmp_path)
    journal = AccountJournal(tmp_path, BEGUN)
    assert journal.reached_ms == 2_000
    journal.reach(9_000)
    assert journal.reached_ms == 9_000
    journal.close()
    again = AccountJournal(tmp_path, BEGUN)
    assert again.reached_ms == 9_000
    again.close()


def test_a_second_process_does_not_get_it(tmp_path: Path) -> None:
    journal = AccountJournal(tmp_path, BEGUN)
    with pytest.raises(StopError, match="another exchange serves this account"):
        AccountJournal(tmp_path, BEGUN)
    journal.close()


def test_a_change_that_cannot_be_written_stops_the_exchange(tmp_path: Path) -> None:
    journal = AccountJournal(tmp_path, BEGUN)
    journal.reach(1_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (tmp_path / "journal.jsonl").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
    try:
        with pytest.raises(StopError, match="the exchange stops"):
            journal.add(CHANGES[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with pytest.raises(StopError, match="the exchange stops"):
        journal.reach(2_000)
    journal.close()
    again = AccountJournal(tmp_path, BEGUN)
    assert again.changes == []
    again.close()
