"""A log of a run holds texts from outside escaped: one record a line, and nothing that acts."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from hydra.runtime.log_text import show_logs
from tests.support.outside_texts import ATTACKS, that_act

FORGED = "bad file\n[2025-06-01 10:00] all is well\x1b[2J"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """The log of a process whose logging is as `dramatiq` sets it up."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("[%(asctime)s] [%(name)s] [%(levelname)s] %(message)s"))
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    before = structlog.get_config()
    show_logs()
    yield written
    structlog.configure(**before)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_record_is_one_line_in_which_nothing_acts(log: StringIO, attack: str) -> None:
    logging.getLogger("workers").error("stage %s failed", attack)
    assert that_act(log.getvalue()) == []
    assert len(log.getvalue().splitlines()) == 1


def test_an_exception_cannot_forge_a_record(log: StringIO) -> None:
    def fail() -> None:
        raise ValueError(FORGED)

    try:
        fail()
    except ValueError:
        logging.getLogger("workers").exception("the stage failed")
    lines = log.getvalue().splitlines()
    assert that_act(log.getvalue()) == []
    assert lines[-1] == "ValueError: bad file\\n[2025-06-01 10:00] all is well\\x1b[2J"
    assert any("in test_an_exception_cannot_forge_a_record" in line for line in lines)


def test_a_stage_that_failed_is_logged_in_one_line(log: StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    del log
    structlog.get_logger("hydra.workers").error("stage failed", error=FORGED, run="\x1b[2J")
    out = capsys.readouterr().out
    assert (that_act(out), len(out.splitlines()), "all is well" in out) == ([], 1, True)
