"""The command `hydra` in this process: what it prints, and its status."""

import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper

import pytest

from hydra.cli.entry import main


@dataclass(frozen=True)
class Answer:
    """What one call left."""

    status: int
    out: str
    err: str


def hydra(*arguments: str, encoding: str = "utf-8") -> Answer:
    """`hydra` with `arguments`, into pipes of an encoding."""
    out, err = (TextIOWrapper(BytesIO(), encoding=encoding, newline="") for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["hydra", *arguments])
        status = _status()
    return Answer(status, _text(out), _text(err))


def _status() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _text(stream: TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue().decode(stream.encoding)
