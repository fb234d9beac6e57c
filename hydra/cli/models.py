"""`hydra models`: the registered models, and which of them is chosen."""

from typing import Annotated

import psycopg
import typer
from rich.table import Table

from hydra.answers.formatting import minute_text
from hydra.answers.plain_values import plain
from hydra.cli.model_files import models_export, models_replay, models_verify
from hydra.cli.operator_name import operator_name
from hydra.cli.output import open_table, output_console, print_json, print_line
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.registry.publishing import pin, publish, retire, roll_back, unpin
from hydra.registry.store import StoredModel, list_models, read_gates, read_log, read_model
from hydra.settings import load_settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The registered models: which version is chosen."
)

Title = Annotated[str, typer.Argument(metavar="NAME@VERSION", help="The model.", show_default=False)]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of its versions.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why; it stands in the log.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print for machines.")]


@app.command("list")
def models_list(as_json: AsJson = False) -> None:
    """List the models: what each is, and which version is chosen."""
    with _connection(Role.READER) as connection:
        models = list_models(connection)
    if as_json:
        print_json(plain(models))
    elif models:
        output_console().print(_table(models))
    else:
        print_line(output_console(), "No model is registered: rules decide.")


@app.command("show")
def models_show(title: Title, as_json: AsJson = False) -> None:
    """Show a model: its training, what its gates said, and the log of its name."""
    with _connection(Role.READER) as connection:
        model = read_model(connection, title)
        gates, log = read_gates(connection, model.model_id), read_log(connection, model.name)
    if as_json:
        print_json(plain({"model": model, "gates": gates, "log": log}))
        return
    console = output_console()
    print_line(console, f"{model.title}: {_state(model)}, kind {model.kind}, sha256 {model.sha256}")
    print_line(
        console,
        f"Trained on {minute_text(model.trained_from)} to {minute_text(model.trained_to)} UTC, kept aside "
        f"{minute_text(model.vault_from)} to {minute_text(model.vault_to)} UTC",
    )
    print_line(
        console, f"Label {model.label}, features {model.feature_set_version}, code {model.code_version}"
    )
    for gate in gates:
        print_line(console, f"{'passed' if gate.is_passed else 'FAILED'}  {gate.words}")
    if not gates:
        print_line(console, "No gate judged it: it cannot be published.")
    for row in log:
        serves = f"{model.name}@{row.serving_version}" if row.serving_version else "no model"
        print_line(
            console,
            f"{minute_text(row.recorded_at)} UTC  {row.action} {model.name}@{row.version} by {row.operator}: "
            f"{row.reason} (chosen then: {serves}{', pinned' if row.is_pinned else ''})",
        )


@app.command("publish")
def models_publish(title: Title, reason: Reason) -> None:
    """Publish a candidate that passed every gate. Exit status 1 if it is refused."""
    with _connection(Role.WORKER) as connection:
        serving = publish(connection, title, operator_name(), reason)
    print_line(output_console(), f"Published {title}. {_serves(serving)}")


@app.command("pin")
def models_pin(title: Title, reason: Reason) -> None:
    """Choose a published version, whatever is published later."""
    with _connection(Role.WORKER) as connection:
        serving = pin(connection, title, operator_name(), reason)
    print_line(output_console(), _serves(serving))


@app.command("unpin")
def models_unpin(name: Name, reason: Reason) -> None:
    """Let the next published version take over from the pinned one."""
    with _connection(Role.WORKER) as connection:
        serving = unpin(connection, name, operator_name(), reason)
    print_line(output_console(), f"Released. {_serves(serving)}")


@app.command("rollback")
def models_rollback(name: Name, reason: Reason) -> None:
    """Choose the published version before the one that is chosen."""
    with _connection(Role.WORKER) as connection:
        serving = roll_back(connection, name, operator_name(), reason)
    print_line(output_console(), _serves(serving))


@app.command("retire")
def models_retire(title: Title, reason: Reason) -> None:
    """Let a version never be chosen again; if it is chosen, none is then."""
    with _connection(Role.WORKER) as connection:
        serving = retire(connection, title, operator_name(), reason)
    print_line(output_console(), f"Retired {title}. {_serves(serving)}")


app.command("verify")(models_verify)
app.command("replay")(models_replay)
app.command("export")(models_export)


def _connection(role: Role) -> psycopg.Connection:
    return connect(database_url(load_settings(), role), autocommit=True)


def _serves(model: StoredModel | None) -> str:
    """Which version is chosen, and who scores with it."""
    if model is None:
        return "No model is chosen; runs that ask for the published one score by the rule."
    pinned = ", pinned" if model.is_pinned else ""
    return f"Chosen: {model.title}{pinned}; runs with SIGNAL_SCORER=published take it up."


def _state(model: StoredModel) -> str:
    chosen = ", chosen" if model.is_serving else ""
    return f"{model.status.lower()}{chosen}{', pinned' if model.is_pinned else ''}"


def _table(models: list[StoredModel]) -> Table:
    table = open_table(("model", "state", "kind", "label"), ("trained until (UTC)", "registered (UTC)"))
    for model in models:
        table.add_row(
            model.title,
            _state(model),
            model.kind,
            model.label,
            minute_text(model.trained_to),
            minute_text(model.created_at),
        )
    return table
