"""`hydra db`: the private database server, or a look at a server of the user's own."""

import os
import shutil
from enum import StrEnum
from typing import Annotated, NoReturn

import psycopg
import typer

from hydra.answers.run_list import list_runs
from hydra.cli.output import ask, error_console, output_console, print_line, print_whole
from hydra.db import queries
from hydra.db.address import libpq_url, shown_url
from hydra.db.edition import inspect_server
from hydra.db.engine import connect
from hydra.db.logins import database_url, has_logins
from hydra.db.migrate import current_revision, head_revision, upgrade_to_head
from hydra.db.provision import provision
from hydra.db.retention import store_windows
from hydra.db.roles import Role
from hydra.db.server.private import private_cluster, set_up_alone, start_private_cluster
from hydra.db.server.remove import remove_private_server
from hydra.db.server.state import ServerState
from hydra.errors import DatabaseError, StopError
from hydra.settings import Settings, load_settings
from hydra.trading.delete_runs import delete_all_runs, run_words
from hydra.trading.runs import supervised_runs

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The database: a private server, or one of your own."
)


class Login(StrEnum):
    """The logins by their short names."""

    READER = "reader"
    WORKER = "worker"
    OWNER = "owner"


def _say(text: str) -> None:
    print_line(error_console(), text)


@app.command("up")
def up_command() -> None:
    """Start the private server (or check the given one), create the database and migrate it. Repeatable."""
    url = up()
    with connect(url) as connection:
        facts = inspect_server(connection)
    _say(
        f"Ready: TimescaleDB {facts.timescaledb_version} ({facts.edition} edition) on PostgreSQL "
        f"{facts.postgresql_version}, schema revision {current_revision(url)}, at {shown_url(url)}"
    )


def up() -> str:
    """The owner's URL of a running server with a migrated database; prints only what it had to do.

    Raises:
        DatabaseError: the server cannot be used.
    """
    settings = load_settings()
    if settings.database_url is not None:
        return _bring_up_to_date(settings)
    with set_up_alone(_say):
        if private_cluster().state() is ServerState.STOPPED:
            _say("Starting the private database server (at first its packages are fetched, 45 MB) ...")
        cluster = start_private_cluster(_say)
        for name in cluster.programs.unpinned_packages():
            _say(f"{name} is newer than what HYDRA pins: checked against Debian's signed index alone.")
        return _bring_up_to_date(settings)


def _bring_up_to_date(settings: Settings) -> str:
    if not has_logins(settings):
        provision(settings)
    url = database_url(settings, Role.OWNER)
    if current_revision(url) != head_revision():
        _say("Bringing the schema up to date ...")
    upgrade_to_head(url)
    with connect(url, autocommit=True) as connection:
        store_windows(connection, settings)
    return url


@app.command()
def down(
    force: Annotated[bool, typer.Option("--force", help="Also under a run that is going on.")] = False,
) -> None:
    """Stop the private server. Data stays. Refused while a run needs it, unless with --force."""
    if load_settings().database_url is not None:
        _say("HYDRA_DATABASE_URL is set: that server is yours to stop. Only the private one is stopped here.")
    cluster = private_cluster()
    if cluster.state() is ServerState.STOPPED:
        _say("The private database server is not running.")
    else:
        if not force:
            _refuse_under_runs()
        cluster.stop(_say)
        _say("The private database server is stopped; its data stays.")


def _refuse_under_runs() -> None:
    private = load_settings().model_copy(update={"database_url": None})
    try:
        with connect(database_url(private, Role.READER)) as connection:
            needing = sorted(supervised_runs(connection))
    except (DatabaseError, psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
        # Without a database of this schema there is no run of this code.
        return
    if needing:
        raise StopError(
            f"{run_words(needing)} {'needs' if len(needing) == 1 else 'need'} this server and would start it "
            "again: stop with Ctrl-C there first, or add --force"
        )


@app.command()
def status() -> None:
    """Show the server: edition, versions, port, size, schema revision and where its data lies."""
    settings = load_settings()
    if settings.database_url is None and not private_cluster().is_running():
        _show({**_state_of_private_server(), **_places_of_private_server()})
        if private_cluster().state() is ServerState.STOPPED:
            database_url(settings, Role.READER)
        return
    url = database_url(settings, Role.READER)
    with connect(url) as connection:
        facts = inspect_server(connection)
        row = connection.execute(queries.load("status/server")).fetchone()
        place = f"{connection.info.host}:{connection.info.port}"
    versions = f"TimescaleDB {facts.timescaledb_version}, PostgreSQL {facts.postgresql_version}"
    lines = {
        "server": "private" if settings.database_url is None else "HYDRA_DATABASE_URL",
        "edition": str(facts.edition),
        "versions": versions,
        "address": place,
        "size": f"{row[0] / 2**20:,.1f} MiB" if row else "unknown",
        "schema": _schema_state(url),
    }
    if settings.database_url is None:
        lines |= _places_of_private_server()
    _show(lines)


def _state_of_private_server() -> dict[str, str]:
    cluster = private_cluster()
    state = cluster.state()
    said = {} if state is ServerState.STOPPED else {"waiting": cluster.activity()}
    return {"server": "private", "state": state.value, **said}


def _places_of_private_server() -> dict[str, str]:
    cluster = private_cluster()
    return {"data": str(cluster.data), "log": str(cluster.log), "programs": str(cluster.programs.folder)}


def _show(lines: dict[str, str]) -> None:
    console = output_console()
    for name, value in lines.items():
        print_line(console, f"{name:9} {value}")


def _schema_state(url: str) -> str:
    current, head = current_revision(url), head_revision()
    if current == head:
        return f"revision {current}"
    return f"revision {current or 'none'}; this checkout is at {head}: run `hydra db up`"


@app.command()
def url(
    with_password: Annotated[bool, typer.Option("--with-password", help="Include the password.")] = False,
    login: Annotated[
        Login, typer.Option(help="Whose: of the reader, the worker or the owner.")
    ] = Login.READER,
) -> None:
    """Print the database's URL, for other programs: a dashboard needs that of the reader."""
    address = database_url(load_settings(), Role[login.name])
    print_whole(address if with_password else shown_url(address))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(
    context: typer.Context,
    owner: Annotated[bool, typer.Option("--owner", help="With all rights, not read-only.")] = False,
) -> None:
    """Open psql as the reader; further arguments go to psql; put options that HYDRA also has after --."""
    settings = load_settings()
    address = database_url(settings, Role.OWNER if owner else Role.READER)
    parts = psycopg.conninfo.conninfo_to_dict(libpq_url(address))
    # By environment: every user of the machine can read command lines.
    password = str(parts.pop("password", ""))
    parts["options"] = f"{parts.pop('options', '')} -c timezone=UTC".strip()
    environment = {**os.environ, "PGTZ": "UTC"} | ({"PGPASSWORD": password} if password else {})
    is_private = settings.database_url is None
    program = private_cluster().programs.path("psql") if is_private else _psql_of_path()
    place = psycopg.conninfo.make_conninfo("", **{key: str(value) for key, value in parts.items()})
    _replace_by(program, [place, *context.args], environment)


def _psql_of_path() -> str:
    bundled = private_cluster().programs.path("psql")
    program = shutil.which("psql") or (bundled if os.access(bundled, os.X_OK) else None)
    if program is None:
        raise DatabaseError("there is no psql on PATH: install PostgreSQL's client package")
    return program


def _replace_by(program: str, arguments: list[str], environment: dict[str, str]) -> NoReturn:
    os.execve(program, [program, *arguments], environment)  # noqa: S606  # an argument list, no shell


@app.command()
def reset(
    runs: Annotated[
        bool, typer.Option("--runs", help="Only the runs; imported and generated markets stay.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete everything stored in the private server and begin with an empty database; or only the runs."""
    if runs:
        _reset_runs(yes=yes)
        return
    _refuse_own_server("reset")
    cluster = private_cluster()
    _ask(f"Delete everything stored in {cluster.data}, imported history included?", yes=yes)
    cluster.remove(_say)
    _say(f"Deleted {cluster.data}.")
    up_command()


@app.command()
def remove(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop the private server and delete its data; `make clean` does it too."""
    _refuse_own_server("remove")
    home = private_cluster().home
    _ask(f"Delete the private server's data in {home}?", yes=yes)
    for line in remove_private_server(_say):
        _say(line)


def _refuse_own_server(verb: str) -> None:
    if load_settings().database_url is not None:
        raise DatabaseError(
            f"HYDRA_DATABASE_URL is set, and `hydra db {verb}` deletes only the private server's data: "
            "unset it to do that, or drop your own database yourself"
        )


def _reset_runs(*, yes: bool) -> None:
    with connect(database_url(load_settings(), Role.OWNER), autocommit=True) as connection:
        numbers = [run.run_id for run in list_runs(connection)]
        if not numbers:
            _say("There are no runs to delete.")
            return
        _ask(f"Delete {run_words(numbers)} with all rows? Markets stay, trials stay counted.", yes=yes)
        delete_all_runs(connection)
    _say(f"Deleted {run_words(numbers)}.")


def _ask(question: str, *, yes: bool) -> None:
    if not yes:
        ask(question)
