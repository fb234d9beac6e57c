"""One mutant: a sound file with damaged bytes, a lie in its name, odd values, or an entry that is no file."""

import os
import random
import re
import socket
import string
import struct
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from tests.fuzz.corpus import ROWS, Sound, parquet, parquet_columns, sound_files, zipped

Chance = random.Random
SOUND: Final = sound_files()

ODD_TOKENS: Final = (
    "", "nan", "inf", "-inf", "NaN", "null", "-1", "0", "-0", "1e308", "1.7976931348623157e308", "1e-320",
    "7e153", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616",
    "99999999999", "1e999", "0x10", "1_000", "١٢٣", "\u202e1", "\x1b[31m1", "1;2", '"', '""', "'",
    "'; DROP TABLE x; --", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "2025-02-30 00:00:00", "x" * 5000,
    "\ufeff", "\x85", " ",
)  # fmt: skip
ODD_DATES: Final = (
    "9999-12-31", "9999-12", "0001-01-01", "0000-00-00", "2025-02-30", "2025-13-01", "2100-01-01",
    "2016-12-31", "٢٠٢٥-٠٥-٠١", "1970-01-01", "2025-05-02",
)  # fmt: skip
ODD_NAMES: Final = (
    "ETHUSDT", "DOGEUSDT", "SUIUSDT", "btcusdt", "BTC", "", "BTCUSDT_250627", "\u202eBTCUSDT",
    "BTC\x1b[2JUSDT", "BTC\nUSDT", "B" * 200, "[red]BTCUSDT", "%s", "..",
)  # fmt: skip
ODD_KINDS: Final = (
    "1m", "5m", "1h", "99999999999999999999m", "0m", "1mo", "fundingRate", "metrics", "aggTrades",
    "liquidationSnapshot",
)  # fmt: skip
END: Final = 2**63 - 1


def write_mutant(folder: Path, chance: Chance) -> tuple[str, int]:
    """Write the mutant that follows from `chance` below `folder`; its kind, and how many entries it has."""
    kind = chance.choices(tuple(KINDS), weights=[weight for weight, _ in KINDS.values()])[0]
    return kind, KINDS[kind][1](folder, chance)


def _write(folder: Path, sound: Sound) -> int:
    below = folder / sound.folder
    below.mkdir(parents=True, exist_ok=True)
    (below / sound.name).write_bytes(sound.content)
    return 1


def _any(chance: Chance) -> Sound:
    return chance.choice(SOUND)


def _damaged_bytes(folder: Path, chance: Chance) -> int:
    sound = _any(chance)
    content = bytearray(sound.content)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        chance.choice(DAMAGES)(content, chance)
    return _write(folder, sound._replace(content=bytes(content)))


def _place(content: bytearray, chance: Chance) -> int:
    return chance.randrange(len(content)) if content else 0


def _flip(content: bytearray, chance: Chance) -> None:
    if content:
        content[_place(content, chance)] ^= 1 << chance.randrange(8)


def _cut_head(content: bytearray, chance: Chance) -> None:
    del content[: chance.choice((1, 2, 4, 30, _place(content, chance)))]


def _cut_tail(content: bytearray, chance: Chance) -> None:
    del content[_place(content, chance) :]


def _cut_middle(content: bytearray, chance: Chance) -> None:
    start = _place(content, chance)
    del content[start : start + chance.randrange(1, 200)]


def _insert(content: bytearray, chance: Chance) -> None:
    start = _place(content, chance)
    content[start:start] = chance.choice(
        (chance.randbytes(chance.randrange(1, 300)), bytes(100), b"\n" * 50, b"," * 50)
    )


def _repeat(content: bytearray, chance: Chance) -> None:
    start = _place(content, chance)
    piece = content[start : start + chance.randrange(1, 2000)]
    content[start:start] = piece * chance.randrange(1, 5)


def _overwrite(content: bytearray, chance: Chance) -> None:
    start, length = _place(content, chance), chance.randrange(1, 64)
    content[start : start + length] = chance.choice(
        (bytes(length), b"\xff" * length, chance.randbytes(length))
    )


DAMAGES: Final[tuple[Callable[[bytearray, Chance], None], ...]] = (
    _flip, _flip, _cut_head, _cut_tail, _cut_middle, _insert, _repeat, _overwrite,
)  # fmt: skip


def _odd_cells(folder: Path, chance: Chance) -> int:
    """Some cells of a csv say something else; the csv may be zipped."""
    sound = chance.choice([one for one in SOUND if one.name.endswith(".csv")])
    lines = sound.content.decode().split("\n")
    for _ in range(chance.choice((1, 3, 30, 200))):
        number = chance.randrange(len(lines) - 1)
        cells = lines[number].split(",")
        place = chance.randrange(len(cells))
        cells[place] = chance.choice((*ODD_TOKENS, _near(cells[place], chance)))
        lines[number] = ",".join(cells)
    text = "\n".join(lines)
    if chance.random() < 0.2:
        packed = zipped(sound.name, text)
        return _write(folder, Sound(sound.folder, sound.name.replace(".csv", ".zip"), packed))
    return _write(folder, sound._replace(content=text.encode("utf-8", "surrogateescape")))


def _near(cell: str, chance: Chance) -> str:
    """The same number times something, or another digit."""
    try:
        return repr(float(cell) * chance.choice((10, 1000, 0.001, -1, 1e9)))
    except ValueError:
        return "".join(chance.choice((letter, chance.choice(string.printable))) for letter in cell)


def _odd_name(folder: Path, chance: Chance) -> int:
    sound = _any(chance)
    stem, _, suffix = sound.name.rpartition(".")
    parts = stem.split("-", 2)
    odd = (ODD_NAMES, ODD_KINDS, ODD_DATES)
    place = chance.randrange(len(parts))
    parts[place] = chance.choice(odd[place]).replace("/", "_")
    name = f"{'-'.join(parts)}.{chance.choice((suffix, suffix, 'csv', 'zip', 'parquet', 'ZIP'))}"
    name = name.encode()[-250:].decode("utf-8", "ignore") if len(name.encode()) > 250 else name
    return _write(folder, sound._replace(name=name))


def _odd_folder(folder: Path, chance: Chance) -> int:
    """A sound or damaged file in folders whose names are no text, or many."""
    name = chance.choice((b"caf\xe9", b"\xff\xfe", b"\x1b[31m", b"a\nb", b"[/red]", b"x" * 250, b" ", b"..."))
    below = Path(os.fsdecode(os.fsencode(folder) + b"/" + name), *["deep"] * chance.choice((0, 0, 60)))
    below.mkdir(parents=True)
    return _damaged_bytes(below, chance) if chance.random() < 0.5 else _write(below, _any(chance))


def _zip_headers(folder: Path, chance: Chance) -> int:
    """A field of a zip's headers says something else: encrypted, another method, another size."""
    sound = chance.choice([one for one in SOUND if one.name.endswith(".zip")])
    content = bytearray(sound.content)
    directory, end = content.rindex(b"PK\x01\x02"), content.rindex(b"PK\x05\x06")
    field, value = chance.choice(
        (("<H", 0xFFFF), ("<H", 1), ("<H", 99), ("<I", 0xFFFFFFFF), ("<I", 0), ("<H", 9))
    )
    for _ in range(chance.randrange(1, 3)):
        place = chance.choice(
            (chance.randrange(30), directory + chance.randrange(46), end + chance.randrange(20))
        )
        struct.pack_into(field, content, min(place, len(content) - 4), value)
    return _write(folder, sound._replace(content=bytes(content)))


def _other_zip(folder: Path, chance: Chance) -> int:
    """Too much, nothing, two of them, a zip in a zip, another name."""
    name = "BTCUSDT-1m-2025-05-01.csv"
    bars = SOUND[0].content.decode()
    choice = chance.randrange(5)
    if choice == 0:
        packed = zipped(
            name, "0" * 20_000_000, chance.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
        )
    elif choice == 1:
        packed = zipped(
            chance.choice(("../" + name, "/" + name, "x/" + name, "x.csv", " ", name.upper())), bars
        )
    elif choice == 2:
        packed = zipped("BTCUSDT-1m-2025-05-01.csv", zipped(name, bars).decode("latin-1"))
    elif choice == 3:
        packed = zipped(name, "")
    else:
        packed = zipped(name, bars) + zipped("ETHUSDT-1m-2025-05-01.csv", bars)
    return _write(folder, Sound("", "BTCUSDT-1m-2025-05-01.zip", packed))


def _odd_column(folder: Path, chance: Chance) -> int:
    """A column of a Parquet file is of another type, or holds values from the ends of its type."""
    below, columns = chance.choice(list(parquet_columns().items()))
    columns = dict(columns)
    name = chance.choice(list(columns))
    choice = chance.randrange(4)
    if choice == 0:
        del columns[name]
    elif choice == 1:
        columns[chance.choice((name.upper(), "x", name + " "))] = columns.pop(name)
    else:
        columns[name] = chance.choice(ODD_COLUMNS)(chance)
    return _write(folder, Sound(chance.choice((below, below, "mine")), "BTCUSDT.parquet", parquet(columns)))


def _ends(chance: Chance) -> pl.Series:
    ends = (END, END - 1, -END, 0, 2**53, 2**62, 1, 10**14, 4_102_444_800_000_000, 1_748_736_000_000)
    return pl.Series([chance.choice(ends) for _ in range(ROWS)], dtype=pl.Int64)


def _days(chance: Chance) -> pl.Series:
    first = date(chance.choice((1, 1970, 2025, 9000)), 1, 1)
    return pl.Series([first + timedelta(days=n) for n in range(ROWS)])


ODD_COLUMNS: Final[tuple[Callable[[Chance], pl.Series], ...]] = (
    _ends,
    lambda chance: _ends(chance).cast(pl.Datetime("ms")),
    lambda chance: _ends(chance).cast(pl.Datetime("us")),
    lambda chance: _ends(chance).cast(pl.Datetime("ns")),
    lambda chance: _ends(chance).cast(pl.Duration("us")),
    lambda chance: (_ends(chance) % 2**31).cast(pl.Int32).cast(pl.Date),
    _days,
    lambda chance: pl.Series(
        [chance.choice((float("nan"), float("inf"), -1e308, 1e308, 5e-324, None)) for _ in range(ROWS)],
        dtype=pl.Float64,
    ),
    lambda chance: pl.Series([chance.choice(ODD_TOKENS) for _ in range(ROWS)]),
    lambda chance: pl.Series([chance.choice(ODD_TOKENS) for _ in range(ROWS)]).cast(pl.Categorical),
    lambda chance: pl.Series([chance.randbytes(9) for _ in range(ROWS)]),
    lambda _chance: pl.Series([[1.0]] * ROWS),
    lambda _chance: pl.Series([{"a": 1}] * ROWS),
    lambda _chance: pl.Series([None] * ROWS),
    lambda _chance: pl.Series([True, False] * (ROWS // 2)),
    lambda chance: pl.Series([chance.randrange(256) for _ in range(ROWS)], dtype=pl.UInt8),
    lambda chance: pl.Series([chance.randrange(2**64) for _ in range(ROWS)], dtype=pl.UInt64),
)


def _no_file(folder: Path, chance: Chance) -> int:
    """A pipe, socket or device; a link to nothing, itself, a folder or file; a folder with a file's name."""
    path = folder / chance.choice(SOUND).name
    choice = chance.randrange(7)
    if choice == 0:
        os.mkfifo(path)
    elif choice == 1:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(str(path))
    elif choice == 2:
        path.symlink_to(chance.choice(("/dev/zero", "/dev/random", "/dev/null", "/")))
    elif choice == 3:
        path.symlink_to(chance.choice((path, folder, folder / "nothing")))
    elif choice == 4:
        path.symlink_to(folder / "real" / path.name)
        return 1 + _write(folder, _any(chance)._replace(folder="real", name=path.name))
    elif choice == 5:
        path.mkdir()
        return _write(path, _any(chance))
    else:
        path.touch()
        os.truncate(path, chance.choice((0, 2**32, 2**41)))
    return 1


def _checksum(folder: Path, chance: Chance) -> int:
    sound = _any(chance)
    beside = chance.choice((b"", b"0" * 64, b"\xff" * 100, b"x" * 1_000_000))
    written = _write(folder, sound)
    (folder / sound.folder / f"{sound.name}.CHECKSUM").write_bytes(beside)
    return written


def _others_rows(folder: Path, chance: Chance) -> int:
    """Rows of one pair under the name of another, or at another level."""
    sound = chance.choice([one for one in SOUND if "BTCUSDT" in one.name])
    level = chance.choice((1, 1, 40, 0.001))
    text = sound.content
    if sound.name.endswith(".csv") and level != 1:
        text = re.sub(rb"\b10(\d)\.(\d)", lambda found: str(float(found[0]) * level).encode(), text)
    other = chance.choice(("ETHUSDT", "XRPUSDT", "BTCUSDT"))
    return _write(folder, Sound(sound.folder, sound.name.replace("BTCUSDT", other), text))


KINDS: Final[dict[str, tuple[int, Callable[[Path, Chance], int]]]] = {
    "damaged bytes": (40, _damaged_bytes),
    "odd cells": (20, _odd_cells),
    "odd name": (10, _odd_name),
    "odd folder": (5, _odd_folder),
    "zip headers": (8, _zip_headers),
    "other zip": (3, _other_zip),
    "odd Parquet column": (10, _odd_column),
    "no regular file": (6, _no_file),
    "checksum": (2, _checksum),
    "rows of another pair": (4, _others_rows),
}
"""Every kind of mutant with its share."""
