"""Children start again after a death, wait longer each time, end when they are done, and never outlive us."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hydra.runtime.children import FIRST_PAUSE_S, HEALTHY_AFTER_S, LONGEST_PAUSE_S, Children, Program


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def program(code: str, *, ends_by_itself: bool = False) -> Program:
    return Program("child", (sys.executable, "-c", code), ends_by_itself)


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def heard(children: Children, said: list[str]) -> list[str]:
    """Keeps the children alive once and adds what is said about them."""
    said += children.keep_alive()
    return said


def test_a_child_that_dies_is_started_again_after_its_pause(tmp_path: Path) -> None:
    clock = HandClock()
    children = Children([program("import sys; sys.exit(3)")], tmp_path / "log", {}, clock)
    assert children.keep_alive() == []
    said: list[str] = []
    until(lambda: heard(children, said))
    assert said[0].startswith("child ended (exit status 3), starting it again in 0.25 s")
    assert children.process_ids() == {}
    clock.seconds += FIRST_PAUSE_S - 0.01
    children.keep_alive()
    assert children.process_ids() == {}
    clock.seconds += 0.01
    children.keep_alive()
    assert list(children.process_ids()) == ["child"]
    until(lambda: len(heard(children, said)) == 2)
    assert "again in 0.5 s" in said[1]
    children.stop()


def test_a_child_that_lived_long_enough_starts_again_soon(tmp_path: Path) -> None:
    clock = HandClock()
    children = Children([program("import sys; sys.stdin.read()")], tmp_path / "log", {}, clock)
    said: list[str] = []
    for _ in range(2):
        children.keep_alive()
        clock.seconds += HEALTHY_AFTER_S + 0.1
        until(lambda: heard(children, said))
        clock.seconds += LONGEST_PAUSE_S
    assert "again in 0.25 s" in said[-1]
    children.stop()


@pytest.mark.parametrize("ends_by_itself", [True, False])
def test_only_a_program_that_ends_by_itself_is_done_after_status_zero(
    tmp_path: Path, *, ends_by_itself: bool
) -> None:
    children = Children([program("pass", ends_by_itself=ends_by_itself)], tmp_path / "log", {})
    children.keep_alive()
    said: list[str] = []
    until(lambda: heard(children, said) or children.has_finished("child"))
    assert children.has_finished("child") is ends_by_itself
    assert bool(said) is not ends_by_itself
    children.stop()


def test_a_child_that_ignores_the_request_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hydra.runtime.children.STOP_TIMEOUT_S", 0.3)
    log = tmp_path / "log"
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(60)"
    )
    children = Children([program(stubborn)], log, {})
    children.keep_alive()
    until(lambda: log.read_text() == "up\n")
    identity = children.process_ids()["child"]
    children.stop()
    assert not Path(f"/proc/{identity}").exists()


def test_a_program_that_starts_later_waits_for_its_time(tmp_path: Path) -> None:
    clock = HandClock()
    late = Program("late", (sys.executable, "-c", "import time; time.sleep(60)"), starts_after_s=60.0)
    children = Children([late], tmp_path / "log", {}, clock)
    try:
        clock.seconds += 59.9
        children.keep_alive()
        assert children.process_ids() == {}
        clock.seconds += 0.1
        children.keep_alive()
        assert set(children.process_ids()) == {"late"}
    finally:
        children.stop()


def test_nothing_in_the_current_folder_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m` imports from there first: `hydra run` in a folder with a hydra.py ran that."""
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    for name in ("hydra", "dramatiq", "workers"):
        (foreign / f"{name}.py").write_text(f"open({str(tmp_path / name)!r}, 'w')")
    monkeypatch.chdir(foreign)
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", "state")
    seen = tmp_path / "seen"
    shows = f"import os, hydra; open({str(seen)!r}, 'w').write(os.environ['HYDRA_STATE_DIRECTORY'])"
    children = Children([program(shows, ends_by_itself=True)], tmp_path / "log", {})
    children.keep_alive()
    until(lambda: children.keep_alive() == [] and children.has_finished("child"))
    assert [name for name in ("hydra", "dramatiq", "workers") if (tmp_path / name).exists()] == []
    assert seen.read_text() == str(foreign / "state")


def test_a_program_that_is_replaced_runs_on_and_starts_again_as_the_new_one(tmp_path: Path) -> None:
    clock = HandClock()
    children = Children([program("import sys; sys.exit(3)")], tmp_path / "log", {}, clock)
    children.keep_alive()
    children.replace(program("import sys; sys.exit(4)"))
    said: list[str] = []
    until(lambda: heard(children, said))
    clock.seconds += FIRST_PAUSE_S
    until(lambda: len(heard(children, said)) == 2)
    assert ["(exit status 3)" in said[0], "(exit status 4)" in said[1]] == [True, True]
    children.stop()
