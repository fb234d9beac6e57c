"""`hydra db`: the private database server, or a look at a server of the user's own."""

import os
import shutil
from typing import Annotated, NoReturn

import psycopg
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from hydra.db import queries
from hydra.db.edition import inspect_server
from hydra.db.engine import connect, database_url, libpq_url, shown
from hydra.db.migrate import current_revision, head_revision, upgrade_to_head
from hydra.db.provision import create_database, create_extension
from hydra.db.server.private import DATABASE, private_cluster, start_private_cluster
from hydra.errors import DatabaseError
from hydra.settings import Settings, load_settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The database: a private server, or one of your own."
)


def _say(text: str) -> None:
    Console(stderr=True).print(text, highlight=False, soft_wrap=True, markup=False)


@app.command()
def up() -> None:
    """Start the private server (or check the given one), create the database and migrate it. Repeatable."""
    settings = load_settings()
    url = _own_server(settings) if settings.database_url is not None else _private_server()
    facts = create_extension(url)
    _say(
        f"TimescaleDB {facts.timescaledb_version} ({facts.edition} edition) "
        f"on PostgreSQL {facts.postgresql_version}"
    )
    _say("Bringing the schema up to date ...")
    upgrade_to_head(url)
    _say(f"Ready: schema revision {current_revision(url)} at {shown(url)}")


def _private_server() -> str:
    cluster = private_cluster()
    if cluster.is_running():
        _say("The private database server is running.")
    else:
        _say("Starting the private database server (at first its packages are fetched, 45 MB) ...")
        cluster = start_private_cluster()
    create_database(cluster.url("postgres"), DATABASE)
    return cluster.url(DATABASE)


def _own_server(settings: Settings) -> str:
    url = database_url(settings)
    _say(f"Using the server of HYDRA_DATABASE_URL: {shown(url)}")
    return url


@app.command()
def down() -> None:
    """Stop the private server. Data stays."""
    if load_settings().database_url is not None:
        _say("HYDRA_DATABASE_URL is set: that server is yours to stop. Stopping the private one only.")
    cluster = private_cluster()
    if cluster.is_running():
        cluster.stop()
        _say("The private database server is stopped; its data stays.")
    else:
        _say("The private database server is not running.")


@app.command()
def status() -> None:
    """Show the server: edition, versions, port, size, schema revision and where its data lies."""
    settings = load_settings()
    url = database_url(settings)
    with connect(url) as connection:
        facts = inspect_server(connection)
        row = connection.execute(queries.load("status/server")).fetchone()
        place = f"{connection.info.host}:{connection.info.port}"
    table = Table("", Column("", overflow="fold"), show_header=False)
    table.add_row("server", "private" if settings.database_url is None else "HYDRA_DATABASE_URL")
    table.add_row("edition", str(facts.edition))
    versions = f"TimescaleDB {facts.timescaledb_version}, PostgreSQL {facts.postgresql_version}"
    table.add_row("versions", versions)
    table.add_row("address", place)
    table.add_row("size", f"{row[0] / 2**20:,.1f} MiB" if row else "unknown")
    table.add_row("schema", _schema_state(url))
    if settings.database_url is None:
        table.add_row("data", escape(str(private_cluster().data)))
        table.add_row("log", escape(str(private_cluster().log)))
    Console(soft_wrap=True).print(table)


def _schema_state(url: str) -> str:
    current, head = current_revision(url), head_revision()
    if current == head:
        return f"revision {current}"
    return f"revision {current or 'none'}; this checkout is at {head}: run `hydra db up`"


@app.command()
def url(
    with_password: Annotated[bool, typer.Option("--with-password", help="Print the password too.")] = False,
) -> None:
    """Print the database's URL, for other programs."""
    address = libpq_url(database_url(load_settings()))
    typer.echo(address if with_password else shown(address))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the database; further arguments go to psql."""
    settings = load_settings()
    parts = psycopg.conninfo.conninfo_to_dict(libpq_url(database_url(settings)))
    # By environment: every user of the machine can read a command line.
    password = str(parts.pop("password", ""))
    environment = {**os.environ, "PGTZ": "UTC"} | ({"PGPASSWORD": password} if password else {})
    is_private = settings.database_url is None
    program = private_cluster().programs.path("psql") if is_private else _psql_of_path()
    address = psycopg.conninfo.make_conninfo("", **{key: str(value) for key, value in parts.items()})
    _replace_by(program, [address, *context.args], environment)


def _psql_of_path() -> str:
    bundled = private_cluster().programs.path("psql")
    program = shutil.which("psql") or (bundled if os.access(bundled, os.X_OK) else None)
    if program is None:
        raise DatabaseError("there is no psql on PATH: install PostgreSQL's client package")
    return program


def _replace_by(program: str, arguments: list[str], environment: dict[str, str]) -> NoReturn:
    os.execve(program, [program, *arguments], environment)  # noqa: S606  # an argument list, no shell


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete the private server's data and start again with an empty, migrated database."""
    if load_settings().database_url is not None:
        raise DatabaseError(
            "HYDRA_DATABASE_URL is set, and reset deletes only the private server's data: "
            "unset it to reset the private one, or drop your own database yourself"
        )
    cluster = private_cluster()
    if not yes:
        typer.confirm(f"Delete everything stored in {cluster.data}?", abort=True)
    cluster.remove()
    _say(f"Deleted {cluster.data}.")
    up()
