"""The command `hydra` in this process: what it prints, and its status."""

import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from unittest.mock import patch

from hydra.cli.entry import main


@dataclass(frozen=True)
class Answer:
    """What one call left."""

    status: int
    out: str
    err: str


def hydra(*arguments: str, encoding: str = "utf-8", environment: Mapping[str, str] | None = None) -> Answer:
    """`hydra` with `arguments` and an environment (None: that of this process), into pipes of an encoding.

    Nothing can be read from its standard input.
    """
    out, err = (TextIOWrapper(BytesIO(), encoding=encoding, newline="") for _ in range(2))
    with (
        patch.object(sys, "argv", ["hydra", *arguments]),
        patch.object(sys, "stdin", StringIO()),
        patch.dict(os.environ, os.environ if environment is None else environment, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
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
