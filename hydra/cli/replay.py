"""`hydra replay`: captured frames through the parsers and writers of ingest."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from hydra.answers.plain_values import plain
from hydra.cli.ingest import log_shown, spill_folder
from hydra.cli.output import output_console, print_json, print_line
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.errors import StopError
from hydra.exchange.binance import parsers as binance
from hydra.ingest.live.replay import VENUE_PREFIX, CaptureReplay, Parsers, Replayed
from hydra.outside_text import shown
from hydra.runtime.speed import Speed
from hydra.settings import load_settings
from hydra.trading.versions import code_version

PARSERS: Final[Mapping[str, Parsers]] = {"binance": Parsers(binance.parse, binance.depth_snapshot)}
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Frames of `hydra ingest --capture DIR`.")],
    speed: Annotated[str, typer.Option(help="Times real time, or max.")] = "max",
    name: Annotated[
        str,
        typer.Option(help="Of the venue, replayed-NAME. [default: the folder's name]", show_default=False),
    ] = "",
    exchange: Annotated[str, typer.Option(help=f"Whose frames they are: {', '.join(PARSERS)}.")] = "binance",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result for machines.")] = False,
) -> None:
    """Store captured frames as facts of a venue of their own, with their receive times."""
    settings = load_settings()
    log_shown()
    if exchange not in PARSERS:
        raise StopError(f"--exchange {shown(exchange)}: choose one of {', '.join(PARSERS)}")
    chosen = _name(name, folder)
    replay = CaptureReplay(
        folder=folder,
        name=chosen,
        parsers=PARSERS[exchange],
        url=database_url(settings, Role.WORKER),
        spill=spill_folder(f"{VENUE_PREFIX}{chosen}"),
        code_version=code_version(),
        factor=Speed.parse(speed).factor,
    )
    result = replay.run()
    if as_json:
        print_json(plain({"result": result}))
    else:
        for line in _lines(result):
            print_line(output_console(), line)


def _name(given: str, folder: Path) -> str:
    name = given or re.sub(r"[^a-z0-9]+", "-", folder.absolute().name.lower()).strip("-")[:40]
    if not _NAME.fullmatch(name):
        raise StopError("--name: write small letters, digits and hyphens, at most 40")
    return name


def _lines(result: Replayed) -> list[str]:
    rate = result.messages / max(result.seconds, 1e-3)
    lines = [
        f"{result.venue}: {result.frames:,} frames, {result.messages:,} messages, {result.rows:,} rows in "
        f"{result.seconds:.1f} s, {rate:,.0f} messages/s"
    ]
    if result.damaged:
        lines.append(f"left out as damaged: {result.damaged:,}")
    lines += [f"left out: {count:,} of {shown(symbol)}" for symbol, count in result.left_out.items()]
    return lines
