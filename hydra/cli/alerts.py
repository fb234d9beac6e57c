"""`hydra alerts`: list them, try the channels, send."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from hydra.alerts.addresses import channel_names
from hydra.alerts.channels import channels_of
from hydra.alerts.conditions import kinds, query_values, read_conditions
from hydra.alerts.message import Severity
from hydra.alerts.sender import send_test
from hydra.answers.alerts import AlertSummary, alert_lines, read_alert_condition, read_alerts
from hydra.answers.plain_values import plain
from hydra.answers.styled_text import styled
from hydra.cli.operator_name import operator_name
from hydra.cli.output import open_table, output_console, print_json, print_line
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.runtime.alert_process import send_alerts
from hydra.settings import load_settings

app = typer.Typer(add_completion=False, help="What an operator has to know.")
COLOURS: dict[str, str] = {Severity.CRITICAL: "red", Severity.WARNING: "yellow"}


@app.callback(invoke_without_command=True)
def alerts_list(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print them for machines.")] = False,
) -> None:
    """List what an operator has to know now, and the alerts of the last day."""
    if context.invoked_subcommand is not None:
        return
    settings = load_settings()
    channels = channel_names(settings)
    values = query_values(settings, channels)
    with connect(database_url(settings, Role.READER), autocommit=True) as connection:
        now = {kind: found for kind in kinds() if (found := read_conditions(connection, kind, values))}
        alerts, condition = read_alerts(connection), read_alert_condition(connection)
    if as_json:
        print_json(plain({"now": now, "alerts": alerts, "sending": condition}))
        return
    console = output_console()
    for found in now.values():
        for one in found:
            print_line(
                console, styled((one.severity, COLOURS[one.severity]), f" {one.happened}. {one.advice}")
            )
    if not now:
        print_line(console, "There is nothing now that an operator has to know")
    if alerts:
        console.print()
        console.print(_table(alerts))
        console.print()
    for line in alert_lines(condition, channels):
        print_line(console, line)


@app.command("test")
def alerts_test() -> None:
    """Send a test alert on every channel now; exit status 1 if one did not take it."""
    settings = load_settings()
    channels = channels_of(settings)
    with connect(database_url(settings, Role.WORKER), autocommit=True) as connection:
        outcomes = send_test(connection, channels, operator_name())
    for channel, complaint in outcomes.items():
        words = "took the test alert" if complaint is None else f"did not take it: {complaint}"
        colour = "green" if complaint is None else "red"
        print_line(output_console(), styled((channel, colour), f" {words}"))
    if any(outcomes.values()):
        raise typer.Exit(1)


@app.command("send")
def alerts_send() -> None:
    """Send what is alert-worthy until SIGTERM or Ctrl-C. `hydra run` does it too, as long as it lives."""
    console = output_console()
    send_alerts(
        load_settings(),
        lambda said: print_line(console, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC  {said}"),
    )


def _table(alerts: list[AlertSummary]) -> Table:
    table = open_table(
        ("alert", "kind", "subject", "severity", "sent on"), ("times", "since (UTC)", "until (UTC)")
    )
    for one in alerts:
        table.add_row(
            str(one.alert_id),
            one.kind,
            one.subject,
            styled((one.severity, COLOURS[one.severity])),
            ", ".join(one.channels) or "-",
            str(one.times_sent),
            f"{one.since:%m-%d %H:%M:%S}",
            f"{one.resolved_at:%m-%d %H:%M:%S}" if one.resolved_at else "lasts",
        )
    return table
