"""`hydra doctor`: can HYDRA run here?"""

from typing import Annotated

import typer
from rich.console import Console

from hydra.answers.plain_values import plain
from hydra.answers.styled_text import styled
from hydra.cli.exchange_run import ExchangeName
from hydra.cli.output import output_console, print_json, print_line
from hydra.runtime.health import HealthCheck, HealthVerdict, examine
from hydra.runtime.live_health import examine_exchange

COLOURS = {HealthVerdict.OK: "green", HealthVerdict.WARN: "yellow", HealthVerdict.FAIL: "red"}


def command(
    live: Annotated[bool, typer.Option("--live", help="Check the exchange's account too.")] = False,
    exchange: Annotated[
        ExchangeName, typer.Option(metavar="simulated|binance", help="With --live: at which exchange.")
    ] = ExchangeName.BINANCE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks for machines.")] = False,
) -> None:
    """Check Python, disk, settings, database, clock and schema; exit status 1 if a check fails.

    With --live also the exchange's account (clock, keys, permissions, modes, latency, instruments, limits),
    and alerts have to get through.
    """
    checks = list(examine(is_live=live))
    if live:
        checks += examine_exchange(exchange)
    if as_json:
        print_json(plain(checks))
    else:
        console = output_console()
        for check in checks:
            _print_check(console, check)
    if any(check.verdict is HealthVerdict.FAIL for check in checks):
        raise typer.Exit(1)


def _print_check(console: Console, check: HealthCheck) -> None:
    verdict = f"{check.verdict:4}", COLOURS[check.verdict]
    print_line(console, styled(verdict, " ", (f"{check.subject:11}", "bold"), f" {check.seen}"))
    if check.advice:
        print_line(console, f"     what to do: {check.advice}")
