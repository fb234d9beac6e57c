"""The registry: registered once, published through gates, pinned, rolled back, retired, by one at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import numpy as np
import psycopg
import pytest

from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import ModelStatus, PublicationAction
from hydra.errors import BadDataError, StopError
from hydra.registry.gates import GateResult, judge
from hydra.registry.logistic import KIND
from hydra.registry.manifest import read_manifest
from hydra.registry.publishing import pin, publish, retire, roll_back, serving_model, unpin
from hydra.registry.store import (
    StoredModel,
    list_models,
    load_model,
    read_gates,
    read_log,
    read_model,
    register_model,
)
from tests.support.command_line import hydra
from tests.support.model_scene import FEATURES, TRAINING, good_rows, small_artifact, small_manifest
from tests.support.servers.logins import as_role

NAME = "signal-scorer"
PASSED = judge(good_rows())
FAILED = tuple(
    replace(one, number=0.5, is_passed=False, words="deflated_sharpe: 0.5")
    if one.gate == "deflated_sharpe"
    else one
    for one in PASSED
)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """A session of the worker; the registry is empty."""
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("TRUNCATE ml.publications, ml.model_gates, ml.models")
    with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as opened:
        yield opened


def register(connection: psycopg.Connection, gates: tuple[GateResult, ...] = PASSED) -> StoredModel:
    return register_model(connection, NAME, KIND, small_artifact(), small_manifest(), TRAINING, gates)


def published(connection: psycopg.Connection, count: int) -> list[StoredModel]:
    models = [register(connection) for _ in range(count)]
    for model in models:
        publish(connection, model.title, "ann", "better")
    return models


def serves(connection: psycopg.Connection) -> str | None:
    model = serving_model(connection, NAME)
    return None if model is None else model.title + (" pinned" if model.is_pinned else "")


def test_a_model_is_stored_as_it_came_and_scores_the_same(connection: psycopg.Connection) -> None:
    model = register(connection)
    assert (model.title, model.status, model.is_serving) == (f"{NAME}@1", ModelStatus.CANDIDATE, False)
    assert read_manifest(model.manifest) == small_manifest()
    assert set(read_gates(connection, model.model_id)) == set(PASSED)
    scorer = load_model(connection, model, FEATURES)
    assert scorer.probabilities(np.array([[0.0003, 1.5]])) == pytest.approx(1 / (1 + np.exp(-0.8)))
    with pytest.raises(BadDataError, match=f"{NAME}@1 is refused: other features"):
        load_model(connection, model, FEATURES[::-1])


def test_only_a_model_that_passed_every_gate_is_published_and_the_one_before_stays(
    connection: psycopg.Connection,
) -> None:
    published(connection, 1)
    for gates, sentence in ((FAILED, "deflated_sharpe: 0.5"), (PASSED[1:], "samples was not judged")):
        model = register(connection, gates)
        with pytest.raises(StopError, match=f"is not published: {sentence}.*; {NAME}@1 stays"):
            publish(connection, model.title, "ann", "hope")
        assert read_model(connection, model.title).status is ModelStatus.CANDIDATE
        assert serves(connection) == f"{NAME}@1"
    assert [row.action for row in read_log(connection, NAME)] == ["PUBLISHED", "REFUSED", "REFUSED"]
    assert "deflated_sharpe" in read_log(connection, NAME)[1].reason


def test_the_newest_published_serves_and_a_roll_back_goes_one_further_each_time(
    connection: psycopg.Connection,
) -> None:
    published(connection, 3)
    assert serves(connection) == f"{NAME}@3"
    roll_back(connection, NAME, "bob", "loses")
    assert serves(connection) == f"{NAME}@2"
    assert roll_back(connection, NAME, "bob", "loses").title == f"{NAME}@1"
    with pytest.raises(StopError, match=f"no published version is before {NAME}@1"):
        roll_back(connection, NAME, "bob", "loses")
    assert serves(connection) == f"{NAME}@1"


def test_a_pinned_version_stays_until_it_is_released(connection: psycopg.Connection) -> None:
    published(connection, 2)
    pin(connection, f"{NAME}@1", "ann", "known")
    assert serves(connection) == f"{NAME}@1 pinned"
    published(connection, 1)
    assert serves(connection) == f"{NAME}@1 pinned"
    unpin(connection, NAME, "ann", "go on")
    assert serves(connection) == f"{NAME}@1"
    with pytest.raises(StopError, match="nothing to release"):
        unpin(connection, NAME, "ann", "again")
    published(connection, 1)
    assert serves(connection) == f"{NAME}@4"
    last = read_log(connection, NAME)[-1]
    assert (last.action, last.version, last.serving_version) == (PublicationAction.PUBLISHED, 4, 4)
    assert (last.operator, last.reason) == ("ann", "better")


def test_a_retired_version_never_serves_again(connection: psycopg.Connection) -> None:
    published(connection, 2)
    assert retire(connection, f"{NAME}@1", "ann", "old") is not None
    assert serves(connection) == f"{NAME}@2"
    assert retire(connection, f"{NAME}@2", "ann", "bad") is None
    assert serves(connection) is None
    for act in (pin, publish, retire):
        with pytest.raises(StopError, match="retired"):
            act(connection, f"{NAME}@2", "ann", "again")
    with pytest.raises(StopError, match="nothing to roll back"):
        roll_back(connection, NAME, "ann", "again")


def test_what_is_not_published_cannot_be_pinned_and_nothing_is_published_twice(
    connection: psycopg.Connection,
) -> None:
    published(connection, 1)
    candidate = register(connection)
    with pytest.raises(StopError, match="only a published version can be pinned"):
        pin(connection, candidate.title, "ann", "try")
    with pytest.raises(StopError, match=f"{NAME}@1 is published already"):
        publish(connection, f"{NAME}@1", "ann", "again")


def test_names_do_not_touch_each_other(connection: psycopg.Connection) -> None:
    published(connection, 1)
    other = register_model(connection, "exit", KIND, small_artifact(), small_manifest(), TRAINING, PASSED)
    assert other.title == "exit@1"
    publish(connection, "exit@1", "ann", "first")
    retire(connection, "exit@1", "ann", "bad")
    assert serves(connection) == f"{NAME}@1"


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        ("signal-scorer", "named name@version"), ("signal-scorer@0", "named name@version"),
        ("x@9", "there is no model x@9"), ("x@999999999", "there is no model"),
        ("'; --@1", "named name@version"),
    ],
)  # fmt: skip
def test_a_model_that_is_not_there_is_named(
    connection: psycopg.Connection, title: str, sentence: str
) -> None:
    for act in (publish, pin, retire):
        with pytest.raises(StopError, match=sentence):
            act(connection, title, "ann", "try")


def test_what_could_not_serve_is_not_registered(connection: psycopg.Connection) -> None:
    manifest, artifact = small_manifest(), small_artifact()
    other = msgspec.structs.replace(manifest, libraries={"numpy": "0.1"})
    with pytest.raises(BadDataError, match="the new exit is refused"):
        register_model(connection, "exit", KIND, artifact, other, TRAINING, PASSED)
    with pytest.raises(BadDataError, match="no logistic regression"):
        register_model(connection, "exit", KIND, b"x", manifest, TRAINING, PASSED)
    with pytest.raises(StopError, match="small letter"):
        register_model(connection, "Exit", KIND, artifact, manifest, TRAINING, PASSED)
    with pytest.raises(StopError, match="stands twice"):
        register_model(connection, "exit", KIND, artifact, manifest, TRAINING, PASSED + PASSED[:1])
    overlapping = msgspec.structs.replace(TRAINING, vault_from=datetime(2025, 5, 1, tzinfo=UTC))
    with pytest.raises(StopError, match="vault of exit has to begin after"):
        register_model(connection, "exit", KIND, artifact, manifest, overlapping, PASSED)
    assert list_models(connection) == []


def test_an_artifact_that_was_altered_in_the_table_is_neither_published_nor_pinned(
    connection: psycopg.Connection, database_url: str
) -> None:
    published(connection, 2)
    register(connection)
    alter = "UPDATE ml.models SET artifact = artifact || ' '::bytea WHERE version IN (1, 3)"
    check = "CONSTRAINT models_artifact_check"
    with psycopg.connect(database_url, autocommit=True) as owner:
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute(alter)
        owner.execute(f"ALTER TABLE ml.models DROP {check}")
        owner.execute(alter)
    try:
        with pytest.raises(StopError, match=f"{NAME}@3 is not published: .*altered.*; {NAME}@2 stays"):
            publish(connection, f"{NAME}@3", "ann", "try")
        with pytest.raises(StopError, match=r"altered.*what serves stays"):
            pin(connection, f"{NAME}@1", "ann", "try")
        with pytest.raises(StopError, match=r"altered.*what serves stays"):
            roll_back(connection, NAME, "ann", "try")
        assert serves(connection) == f"{NAME}@2"
    finally:
        with psycopg.connect(database_url, autocommit=True) as owner:
            owner.execute("TRUNCATE ml.publications, ml.model_gates, ml.models")
            owner.execute(
                f"ALTER TABLE ml.models ADD {check} CHECK (sha256 = encode(sha256(artifact), 'hex'))"
            )


def test_the_worker_changes_no_model_no_gate_and_no_log(connection: psycopg.Connection) -> None:
    published(connection, 1)
    for statement in (
        "UPDATE ml.models SET artifact = ''", "UPDATE ml.model_gates SET is_passed = true",
        "UPDATE ml.publications SET reason = ''", "DELETE FROM ml.publications",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_of_many_that_publish_the_same_model_at_once_one_does(
    connection: psycopg.Connection, database_url: str
) -> None:
    title = register(connection).title

    def attempt(number: int) -> str:
        with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as own:
            try:
                publish(own, title, f"operator {number}", "race")
            except StopError as error:
                return str(error)
        return "published"

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(attempt, range(6)))
    assert answers.count("published") == 1
    assert sum(f"{title} is published already" in answer for answer in answers) == 5
    assert [row.action for row in read_log(connection, NAME)] == ["PUBLISHED"]


@pytest.mark.usefixtures("connection")
def test_models_registered_at_once_get_versions_of_their_own(database_url: str) -> None:
    def attempt(_: int) -> int:
        with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as own:
            return register(own).version

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(attempt, range(6))) == [1, 2, 3, 4, 5, 6]


def test_a_command_that_dies_before_its_end_leaves_the_log_as_it_was(
    connection: psycopg.Connection, database_url: str
) -> None:
    published(connection, 1)
    title = register(connection).title
    with closing(connect(as_role(database_url, Role.WORKER))) as dying:
        dying.execute("SELECT 1")
        publish(dying, title, "ann", "dies")
    assert serves(connection) == f"{NAME}@1"
    assert publish(connection, title, "ann", "lives") is not None


def test_the_commands_do_and_show_it(
    connection: psycopg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)
    assert "No model is registered: rules decide." in hydra("models", "list").out
    register(connection)
    register(connection)
    bad = register(connection, FAILED).title
    for line, said in (
        (("publish", f"{NAME}@1", "--reason", "first"), f"Published {NAME}@1. Chosen: {NAME}@1"),
        (("publish", f"{NAME}@2", "--reason", "next"), f"Chosen: {NAME}@2"),
        (("rollback", NAME, "--reason", "loses"), f"Chosen: {NAME}@1"),
        (("pin", f"{NAME}@2", "--reason", "again"), f"Chosen: {NAME}@2, pinned"),
        (
            ("unpin", NAME, "--reason", "go on"),
            f"Released. Chosen: {NAME}@2; runs with SIGNAL_SCORER=published take it up.",
        ),
        (("list",), f"{NAME}@2"),
        (("show", f"{NAME}@2"), "passed  auc: "),
        (("show", f"{NAME}@2", "--json"), '"sha256"'),
        (("list", "--json"), '"is_serving": true'),
        (
            ("retire", f"{NAME}@2", "--reason", "bad"),
            "No model is chosen; runs that ask for the published one score by the rule.",
        ),
    ):
        answer = hydra("models", *line)
        assert (answer.status, answer.err) == (0, "")
        assert said in answer.out
    refused = hydra("models", "publish", bad, "--reason", "hope")
    assert refused.status == 1
    assert "deflated_sharpe: 0.5" in refused.err
    assert "FAILED  deflated_sharpe: 0.5" in hydra("models", "show", bad).out
