"""Which URL a process connects with: that of its own role, with its own password.

The private server's passwords are files beside its data, made by `hydra db up`. Those of a server of the
user's own are settings, one a role.
"""

from hydra.db.address import with_login
from hydra.db.engine import connect
from hydra.db.roles import Role, is_prepared, set_passwords
from hydra.db.server.access import new_password
from hydra.db.server.private import DATABASE, private_cluster
from hydra.db.server.state import ServerState
from hydra.errors import DatabaseError, DatabaseLostError
from hydra.settings import Settings


def database_url(settings: Settings, role: Role) -> str:
    """HYDRA's database for `role`, password included.

    Raises:
        DatabaseError: the private server does not run, or there is no password for the role.
    """
    if settings.database_url is not None:
        return with_login(settings.database_url.get_secret_value(), role, _given_password(settings, role))
    _refuse_unready_server()
    cluster = private_cluster()
    if not cluster.password_file(role).is_file():
        raise DatabaseError(f"the private server has no login {role} yet: run `hydra db up`, it makes one")
    return cluster.url(DATABASE, role)


def administrator_url(settings: Settings) -> str:
    """The same database for the account that may make roles and extensions; `hydra db up` alone uses it.

    Raises:
        DatabaseError: the private server does not run.
    """
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    _refuse_unready_server()
    return private_cluster().url(DATABASE)


def has_logins(settings: Settings) -> bool:
    """Whether every role can log in, and the owner owns what is stored: then no administrator is needed."""
    try:
        for role in (Role.WORKER, Role.READER):
            connect(database_url(settings, role)).close()
        with connect(database_url(settings, Role.OWNER)) as connection:
            return is_prepared(connection)
    except DatabaseError:
        return False


def make_logins(settings: Settings) -> None:
    """Set the password of every role that cannot log in with the one it should have.

    Raises:
        DatabaseError: the administrator's account may not do that.
    """
    passwords = {role: password_of(settings, role) for role in Role}
    address = administrator_url(settings)
    refused = {
        role: password
        for role, password in passwords.items()
        if not _is_let_in(with_login(address, role, password))
    }
    with connect(address, autocommit=True) as connection:
        set_passwords(connection, refused)


def password_of(settings: Settings, role: Role) -> str:
    """The password that `role` should have; on the private server a new one is made and kept.

    Raises:
        DatabaseError: HYDRA_DATABASE_URL is set and the role's password is not.
    """
    if settings.database_url is not None:
        return _given_password(settings, role)
    cluster = private_cluster()
    kept = cluster.password_file(role)
    if not kept.is_file():
        cluster.keep_password(role, new_password())
    return kept.read_text(encoding="ascii")


def _given_password(settings: Settings, role: Role) -> str:
    given = {
        Role.OWNER: settings.owner_password,
        Role.WORKER: settings.worker_password,
        Role.READER: settings.reader_password,
    }[role]
    if given is None:
        key = f"{role.upper()}_PASSWORD"
        raise DatabaseError(
            f"{key} is not set: on a server of your own the owner, the worker and the reader log in with "
            f"passwords of their own. Choose one, set {key}, and run `hydra db up`, which makes the login"
        )
    return given.get_secret_value()


def _is_let_in(url: str) -> bool:
    try:
        connect(url).close()
    except DatabaseError:
        return False
    return True


def _refuse_unready_server() -> None:
    state = private_cluster().state()
    if state is ServerState.STOPPED:
        raise DatabaseError("the private database server is not running: start it with `hydra db up`")
    if state is not ServerState.READY:
        raise DatabaseLostError(
            f"the private database server is {state}: `hydra db up` waits until it is ready"
        )
