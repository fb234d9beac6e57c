"""Which group roles must be created, and what is said when that is not allowed."""

import pytest

from hydra.db.roles import Role, missing_roles
from hydra.errors import DatabaseError


def test_nothing_is_missing_when_all_are_there() -> None:
    assert missing_roles({role.value for role in Role}, user="anna", may_create=False) == []


def test_only_the_missing_ones_are_created() -> None:
    assert missing_roles({"hydra_worker", "other"}, user="anna", may_create=True) == [Role.OWNER, Role.READER]


def test_without_the_right_the_message_holds_the_statements_to_run() -> None:
    with pytest.raises(
        DatabaseError, match=r"anna may not create roles.*CREATE ROLE hydra_reader LOGIN PASSWORD"
    ):
        missing_roles({"hydra_owner", "hydra_worker"}, user="anna", may_create=False)
