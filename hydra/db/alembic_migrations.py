"""Runs the migrations with Alembic, which takes a third of a second to load: loaded only for a migration."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from hydra.db.address import libpq_url, parsed
from hydra.db.roles import Role
from hydra.errors import DatabaseError
from hydra.paths import MIGRATIONS_DIRECTORY


def run_migrations(url: str) -> None:
    """Run every migration that the database has not seen, as the owner.

    Raises:
        DatabaseError: this checkout cannot migrate the database.
        psycopg.Error: the server refused, or went away.
    """
    config = alembic_config()
    engine = engine_for(url, role=Role.OWNER)
    config.attributes["connection"] = engine
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise DatabaseError(
            f"this checkout cannot migrate the database {parsed(url).get('dbname')} ({error}): a newer "
            "version made it, or one from before the first release: use that version, or another database"
        ) from error
    except DBAPIError as error:
        raise error.orig or error from error
    finally:
        engine.dispose()


def alembic_config() -> Config:
    """Alembic's configuration without a file and without a URL: no secret can be printed from it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIRECTORY).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def engine_for(url: str, role: Role | None = None) -> Engine:
    """An engine over psycopg 3 for any spelling of a PostgreSQL URL; connections are not pooled.

    role: what an administrator acts as. The search path is set: by default a schema named like the user comes
    first, so for a user called hydra the tables of schema hydra could be used without their schema's name.
    """
    driver_url = make_url(libpq_url(url)).set(drivername="postgresql+psycopg")
    options = f"-c search_path=public{f' -c role={role}' if role else ''}"
    return create_engine(driver_url, poolclass=NullPool, connect_args={"options": options})
