"""Raw frames and order books of exchanges: the samples of docstrings, and what was recorded."""

import gzip
import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from tests.support.recorded_market import RECORDED

FIXTURES = RECORDED / "fixtures"
RAW_BOOK = RECORDED / "book_trades_raw" / "usdm_btcusdt_20240808.gz"
RAW_SYMBOL = "BTCUSDT"


class RecordedBody(NamedTuple):
    """What an exchange sent: a frame of a stream, or (with its symbol) the order book of REST."""

    body: bytes
    depth_of: str | None = None


def samples(function: Callable[..., Any]) -> list[bytes]:
    """The JSON objects in the docstring of `function`."""
    text, found, position = inspect.getdoc(function) or "", [], 0
    while (position := text.find("{", position)) >= 0:
        _, end = json.JSONDecoder().raw_decode(text, position)
        found.append(re.sub(r"\n", "", text[position:end]).encode())
        position = end
    return found


def cryptofeed_bodies(path: Path) -> Iterator[RecordedBody]:
    """Of cryptofeed's recordings: `seconds: frame`, `url -> seconds: answer`, or JSON lines."""
    if path.suffix == ".zst":
        yield from _json_lines(path)
        return
    with gzip.open(path, "rt") as lines:
        for line in lines:
            head, brace, rest = line.rstrip("\n").partition("{")
            if "/fapi/v1/depth" in head:
                yield RecordedBody((brace + rest).encode(), _symbol_of(head))
            elif re.fullmatch(r"[\d.]+: ", head):
                yield RecordedBody((brace + rest).encode())


def subscription_bodies(path: Path) -> Iterator[RecordedBody]:
    """Of JKorf's files: `<` is the answer to a subscription, `=` and what follows it an event."""
    for part in re.split(r"(?m)^(?=[><=])", path.read_text(encoding="utf-8-sig")):
        if part[:1] in {"<", "="}:
            yield RecordedBody(re.sub(r"\|\w+\|", "1", part[part.index("{") :]).encode())


def one_json_body(path: Path) -> bytes:
    """The JSON object in a file, without the lines of the request before it."""
    text = path.read_text(encoding="utf-8-sig")
    found = re.search(r"(?m)^\{", text)
    assert found is not None, path
    return text[found.start() :].encode()


def _json_lines(path: Path) -> Iterator[RecordedBody]:
    with path.open("rb") as file:
        lines = zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
    for record in map(json.loads, lines):
        if "/fapi/v1/depth" in record.get("url", ""):
            yield RecordedBody(record["data"].encode(), _symbol_of(record["url"]))
        elif record["t"] == "recv":
            yield RecordedBody(record["data"].encode())


def _symbol_of(url: str) -> str:
    found = re.search(r"symbol=(\w+)", url)
    assert found is not None, url
    return found[1]
