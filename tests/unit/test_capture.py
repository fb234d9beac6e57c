"""Captured frames: what is read is what was written, also after kill -9 and behind damage."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.errors import BadDataError, StopError
from hydra.exchange.capture import CapturedFrame, CaptureWriter, captured_frames
from hydra.exchange.recorded_frames import recorded_frames
from hydra.paths import PROJECT_ROOT
from tests.support.exchange_frames import RAW_BOOK, RAW_SYMBOL
from tests.support.recorded_market import ABSENT, is_recorded

FRAMES = [CapturedFrame(1_000 + number, "public", b'{"n":%d}' % number) for number in range(1_000)]
CAPTURED = st.builds(
    CapturedFrame,
    st.integers(0, 2**63 - 1),
    st.from_regex(r"[a-zA-Z0-9:@-]{1,20}", fullmatch=True),
    st.binary(),
)


def write(
    folder: Path, frames: list[CapturedFrame], flush_every: int = 10_000, file_bytes: int = 10**9
) -> None:
    writer = CaptureWriter(folder, flush_s=3_600, file_bytes=file_bytes)
    for number, frame in enumerate(frames, 1):
        writer.write(*frame)
        if not number % flush_every:
            writer.flush()
    writer.close()


def read(folder: Path) -> tuple[list[CapturedFrame], list[str]]:
    """The frames, and what was damaged."""
    damages: list[BadDataError] = []
    return list(captured_frames(folder, damages.append)), [str(damage) for damage in damages]


@settings(max_examples=25, deadline=None)
@given(st.lists(CAPTURED, min_size=1, max_size=30), st.integers(1, 10), st.sampled_from([1, 10**9]))
def test_what_was_written_is_read_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, frames: list[CapturedFrame], flush_every: int, file_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("capture")
    write(folder, frames, flush_every, file_bytes)
    assert read(folder) == (frames, [])


def test_files_follow_each_other_by_size_and_by_time(tmp_path: Path) -> None:
    write(tmp_path / "size", FRAMES, flush_every=100, file_bytes=1_000)
    writer = CaptureWriter(tmp_path / "time", flush_s=0, file_s=0.02)
    for frame in FRAMES[:3]:
        writer.write(*frame)
        time.sleep(0.03)
    writer.close()
    assert len(list((tmp_path / "size").iterdir())) == 3
    assert len(list((tmp_path / "time").iterdir())) == 2
    assert read(tmp_path / "size") == (FRAMES, [])
    assert read(tmp_path / "time") == (FRAMES[:3], [])


def test_a_frame_waits_no_longer_than_the_flush_time(tmp_path: Path) -> None:
    writer = CaptureWriter(tmp_path, flush_s=0.02)
    writer.write(*FRAMES[0])
    writer.flush_if_due()
    assert read(tmp_path)[0] == []
    time.sleep(0.03)
    writer.flush_if_due()
    assert read(tmp_path) == (FRAMES[:1], [])
    writer.close()


def test_any_zstandard_program_prints_the_records(tmp_path: Path) -> None:
    write(tmp_path, FRAMES[:2], flush_every=1)
    [path] = tmp_path.iterdir()
    with path.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    assert text == b'1000 public 7\n{"n":0}\n1001 public 7\n{"n":1}\n'


KILLED = """
import sys, time
from pathlib import Path
from hydra.exchange.capture import CaptureWriter
writer = CaptureWriter(Path(sys.argv[1]), flush_s=0.01)
for number in range(10**9):
    writer.write(number, "public", b'{"n":%d}' % number)
    if not number % 100:
        writer.flush()
        print(number, flush=True)
"""


def test_a_killed_writer_has_lost_nothing_that_it_had_flushed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT) as process:
        assert process.stdout is not None
        flushed = [int(process.stdout.readline()) for _ in range(50)][-1]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    frames, damages = read(tmp_path)
    assert [frame.received_ns for frame in frames] == list(range(len(frames)))
    assert len(frames) > flushed
    assert len(damages) <= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_a_file_cut_anywhere_gives_the_whole_blocks_before_the_cut(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("capture")
    write(folder, FRAMES[:50], flush_every=10)
    [path] = folder.iterdir()
    content = path.read_bytes()
    cut %= len(content)
    path.write_bytes(content[:cut])
    frames, damages = read(folder)
    assert frames == FRAMES[: len(frames)]
    assert not len(frames) % 10
    begins_of_blocks = {found.start() - 8 for found in re.finditer(b"HYDRABLK", content)}
    assert (damages == []) == (cut in begins_of_blocks)
    assert all(str(path) in damage and f"to {cut}:" in damage for damage in damages)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_damaged_byte_costs_one_block_and_is_said_with_file_and_position(
    tmp_path_factory: pytest.TempPathFactory, place: int, damage: int
) -> None:
    folder = tmp_path_factory.mktemp("capture")
    write(folder, FRAMES[:50], flush_every=10)
    [path] = folder.iterdir()
    content = bytearray(path.read_bytes())
    place %= len(content)
    content[place] ^= damage
    path.write_bytes(content)
    frames, damages = read(folder)
    kept = [one for start in range(0, 50, 10) for one in FRAMES[start : start + 10] if one in frames]
    assert frames == kept
    assert len(frames) == 40
    assert len(damages) == 1
    assert f"{path} is damaged from byte " in damages[0]


def test_a_folder_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="holds no captured frames"):
        read(tmp_path)


def test_a_folder_that_cannot_be_written_stops_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StopError, match="the capture cannot write to"):
        CaptureWriter(tmp_path / "file" / "capture")


def test_a_full_disk_stops_the_capture_and_leaves_what_was_written_readable(tmp_path: Path) -> None:
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n{KILLED}"
    command = [
        sys.executable,
        "-c",
        limited.replace(
            "import sys, time", "import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
        ),
        str(tmp_path),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT_ROOT, check=False)
    assert "StopError: the capture cannot write to" in ended.stderr
    frames, damages = read(tmp_path)
    assert len(frames) > 100
    assert damages == []


@pytest.mark.skipif(not is_recorded(), reason=ABSENT)
def test_a_recording_of_hftbacktest_becomes_a_capture(tmp_path: Path) -> None:
    recorded = list(recorded_frames(RAW_BOOK, RAW_SYMBOL))
    write(tmp_path, recorded)
    assert read(tmp_path) == (recorded, [])
    assert len(recorded) == 93_954
    assert [frame.connection for frame in recorded].count("depth:BTCUSDT") == 1
