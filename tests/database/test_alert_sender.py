"""What leaves the machine: each alert once, again while it lasts, its end once; nothing is lost or floods."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing

import psycopg
import pytest
from pydantic import SecretStr

from hydra.alerts import rows
from hydra.alerts.channels import Webhook
from hydra.alerts.conditions import Patience
from hydra.alerts.rate_limit import RateLimit
from hydra.alerts.sender import send_test
from hydra.answers.alerts import alert_lines, read_alert_condition, read_alerts
from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.errors import StopError
from hydra.runtime.alert_process import DatabaseLost
from tests.support.alert_conditions import PLANTED, write_listening_run
from tests.support.alert_receiver import receiver
from tests.support.alert_scene import Other, Scene, flood, turn
from tests.support.servers.databases import TestServer
from tests.support.servers.logins import as_role

END_SESSION = "SELECT pg_terminate_backend(%s)"
KILL = PLANTED["kill_switch"]


@pytest.fixture(scope="module")
def database(servers: dict[Edition, TestServer]) -> Iterator[str]:
    """A database with the run, on one edition: the kinds are asked on both elsewhere."""
    with servers[Edition.APACHE].migrated() as url:
        with connect(url) as connection:
            write_listening_run(connection)
            connection.execute("UPDATE market.ingest_progress SET updated_at = now() + interval '1 day'")
            connection.execute("DELETE FROM market.retention")
            # Nobody supervises it: without a position that is no alert.
            connection.execute(
                "UPDATE hydra.positions SET state = 'CLOSED', closed_time = opened_time, quantity = 0"
            )
        yield url


@pytest.fixture
def scene(database: str) -> Iterator[Scene]:
    with ExitStack() as stack:
        owner = stack.enter_context(closing(connect(database, autocommit=True)))
        worker = stack.enter_context(closing(connect(as_role(database, Role.WORKER), autocommit=True)))
        owner.execute("DELETE FROM hydra.kill_switch")
        owner.execute("TRUNCATE hydra.alerts, hydra.alert_channels, hydra.alert_messages")
        yield Scene(database, owner, worker, stack.enter_context(receiver()), [])


def test_an_alert_is_told_once_again_after_the_interval_and_its_end_once(scene: Scene) -> None:
    sender = scene.sender()
    scene.owner.execute(KILL.begin)
    for _ in range(3):
        turn(sender)
    assert scene.phases == ["NEW kill_switch"]
    scene.let_pass(hours=1.01)
    for _ in range(3):
        turn(sender)
    assert scene.phases == ["NEW kill_switch", "STILL kill_switch"]
    scene.owner.execute(KILL.end)
    for _ in range(3):
        turn(sender)
    assert scene.phases == ["NEW kill_switch", "STILL kill_switch", "OVER kill_switch"]
    assert [one["message"].rpartition("-")[2] for one in scene.receiver.taken] == ["1", "2", "3"]
    scene.let_pass(hours=5)
    turn(sender)
    assert len(scene.receiver.taken) == 3


def test_the_rows_say_what_was_sent_and_what_became_of_it(scene: Scene) -> None:
    sender = scene.sender()
    scene.owner.execute(KILL.begin)
    turn(sender)
    (alert,) = read_alerts(scene.owner)
    assert (alert.kind, alert.severity, alert.times_sent) == ("kill_switch", "CRITICAL", 1)
    assert alert.subject.startswith("run 7, kill switch ")
    assert (alert.channels, alert.resolved_at) == (["webhook"], None)
    (since,) = scene.owner.execute("SELECT recorded_at FROM hydra.kill_switch").fetchone() or (None,)
    assert alert.since == since
    scene.owner.execute(KILL.end)
    turn(sender)
    (alert,) = read_alerts(scene.owner)
    assert alert.times_sent == 2
    assert alert.resolved_at is not None


def test_a_reason_with_markup_and_escapes_goes_out_shown(scene: Scene) -> None:
    scene.owner.execute(KILL.begin.replace("DAILY_DRAWDOWN", "\x1b[31m[/red] \u202e"))
    turn(scene.sender())
    assert "\\x1b[31m[/red] \\u202e: 5.20% > 5%" in scene.receiver.taken[0]["happened"]
    assert "\\u202e" in scene.receiver.taken[0]["text"]


def test_a_second_sender_goes_on_where_a_killed_one_stopped(scene: Scene) -> None:
    scene.owner.execute(KILL.begin)
    turn(scene.sender())
    turn(scene.sender())
    assert scene.phases == ["NEW kill_switch"]
    scene.owner.execute(KILL.end)
    turn(scene.sender())
    turn(scene.sender())
    assert scene.phases == ["NEW kill_switch", "OVER kill_switch"]


def test_a_database_that_goes_away_while_a_channel_takes_a_message_lets_it_go_out_once(scene: Scene) -> None:
    scene.owner.execute(KILL.begin)
    sender = scene.sender()
    sender.look()
    scene.receiver.delay_s = 0.3
    with closing(connect(as_role(scene.url, Role.WORKER), autocommit=True)) as doomed:
        sender.connection = doomed
        ending = threading.Timer(0.15, scene.owner.execute, (END_SESSION, (doomed.info.backend_pid,)))
        ending.start()
        with pytest.raises(psycopg.OperationalError):
            sender.deliver()
        ending.join()
    assert scene.phases == ["NEW kill_switch"]
    sender.connected(scene.worker)
    turn(sender)
    assert scene.phases == ["NEW kill_switch"]
    assert read_alerts(scene.owner)[0].times_sent == 1


def test_a_channel_that_fails_rests_longer_and_longer_and_loses_nothing(scene: Scene) -> None:
    sender = scene.sender()
    scene.receiver.status = 500
    scene.owner.execute(KILL.begin)
    rests = []
    for _ in range(8):
        turn(sender)
        turn(sender)
        rests.append(scene.rest_s)
        scene.owner.execute("UPDATE hydra.alert_channels SET next_try_at = now()")
    # Some of it has passed until it is read.
    wanted = [5, 10, 20, 40, 80, 160, 300, 300]
    assert all(want - 4 < rest <= want for rest, want in zip(rests, wanted, strict=True)), rests
    (channel,) = read_alert_condition(scene.owner).channels
    assert (channel.failures, channel.detail) == (8, "it answered with status 500")
    assert len(scene.receiver.requests) == 8
    scene.owner.execute(KILL.end)
    scene.receiver.status = 204
    turn(sender)
    assert scene.phases == ["PASSED kill_switch"]
    assert scene.receiver.taken[0]["resolved_at"] is not None
    (channel,) = read_alert_condition(scene.owner).channels
    assert (channel.failures, channel.failing_since, channel.detail) == (0, None, None)


def test_a_channel_that_asks_for_rest_gets_it(scene: Scene) -> None:
    scene.receiver.status, scene.receiver.headers = 429, {"Retry-After": "600"}
    scene.owner.execute(KILL.begin)
    turn(scene.sender())
    assert 590 < scene.rest_s <= 600


def test_a_channel_that_fails_is_told_on_the_others_and_shown(scene: Scene) -> None:
    with receiver() as second:
        other = Other(Webhook(SecretStr(second.url)))
        sender = scene.sender(scene.webhook, other)
        scene.receiver.status = 500
        scene.owner.execute(KILL.begin)
        turn(sender)
        scene.let_pass(hours=0.02)
        turn(sender)
        assert [one["kind"] for one in second.taken] == ["kill_switch", "channel_failing"]
        assert "channel webhook" in second.taken[1]["happened"]
        lines = list(alert_lines(read_alert_condition(scene.owner), ["webhook", "other"]))
        assert lines[0].startswith("No process sends alerts now")
        assert lines[1].startswith("Alerts do not get through on webhook since ")
        assert lines[1].endswith("(2 failures): it answered with status 500")
        scene.receiver.status = 204
        scene.let_pass(hours=0.1)
        turn(sender)
        turn(sender)
        assert "OVER channel_failing" in [f"{one['phase']} {one['kind']}" for one in second.taken]
        assert "NEW kill_switch" in scene.phases


def test_a_message_that_is_refused_keeps_no_other_back(scene: Scene) -> None:
    sender = scene.sender()
    scene.owner.execute(KILL.begin)
    scene.receiver.refused = "kill_switch"
    turn(sender)
    flood(scene, 1)
    scene.owner.execute("UPDATE hydra.alert_channels SET next_try_at = now()")
    sender.deliver()
    assert scene.phases == ["NEW flooding"]
    scene.receiver.refused = None
    scene.owner.execute("UPDATE hydra.alert_channels SET next_try_at = now()")
    sender.deliver()
    assert scene.phases == ["NEW flooding", "NEW kill_switch"]


def test_a_flood_is_held_back_counted_and_told_later(scene: Scene) -> None:
    sender = scene.sender(limit=RateLimit(window_s=900, of_kind=3, in_sum=20))
    conditions = flood(scene, 5)
    sender.deliver()
    sender.deliver()
    assert scene.phases == ["NEW flooding"] * 3
    assert [one["held_back"] for one in scene.receiver.taken] == [0, 0, 2]
    # One of those that wait is over: then it is only counted.
    rows.record_conditions(scene.worker, "flooding", [], conditions[:4])
    scene.let_pass(hours=0.3)
    flood_of = {one["subject"] for one in scene.receiver.taken}
    assert flood_of == {"feed 0", "feed 1", "feed 2"}
    sender.deliver()
    assert scene.phases[3:] == ["NEW flooding", "PASSED flooding"]


def test_what_came_and_went_in_a_flood_is_counted_and_not_told_alone(scene: Scene) -> None:
    sender = scene.sender(limit=RateLimit(window_s=900, of_kind=1, in_sum=20))
    flood(scene, 30)
    rows.record_conditions(scene.worker, "flooding", [], [])
    sender.deliver()
    assert scene.phases == ["PASSED flooding"]
    assert scene.receiver.taken[0]["held_back"] == 29
    counted = scene.owner.execute("SELECT count(*) FROM hydra.alert_messages WHERE phase = 'COUNTED'")
    assert counted.fetchone() == (29,)
    scene.let_pass(hours=2)
    turn(sender)
    assert len(scene.receiver.taken) == 1


def test_a_flood_of_warnings_does_not_hold_the_kill_switch_back(scene: Scene) -> None:
    sender = scene.sender(limit=RateLimit(window_s=900, of_kind=3, in_sum=3))
    flood(scene, 5)
    sender.deliver()
    scene.owner.execute(KILL.begin)
    turn(sender)
    assert scene.phases == ["NEW flooding"] * 3 + ["NEW kill_switch"]


def test_a_new_channel_is_told_what_lasts_and_not_what_is_over(scene: Scene) -> None:
    flood(scene, 2)
    rows.record_conditions(scene.worker, "flooding", [], [])
    scene.let_pass(hours=1)
    scene.owner.execute(KILL.begin)
    turn(scene.sender())
    assert scene.phases == ["NEW kill_switch"]


def test_a_kind_that_cannot_be_asked_stays_as_it_was_keeps_no_other_back_and_is_told(scene: Scene) -> None:
    now = [0.0]
    sender = scene.sender()
    sender.patience = Patience(lambda: now[0])
    finding = PLANTED["audit_finding"]
    scene.owner.execute(finding.begin)
    turn(sender)
    scene.owner.execute("UPDATE hydra.audit_rounds SET findings = findings -> 0 WHERE findings <> '[]'")
    scene.owner.execute(KILL.begin)
    for now[0] in (0.0, 61.0):
        turn(sender)
    assert scene.phases == ["NEW audit_finding", "NEW kill_switch", "NEW unanswered"]
    assert scene.receiver.taken[2]["happened"].endswith(
        "audit_finding cannot be asked: cannot extract elements from an object"
    )
    scene.owner.execute("DELETE FROM hydra.audit_rounds WHERE jsonb_typeof(findings) = 'object'")
    turn(sender)
    assert scene.phases[3:] == ["OVER audit_finding", "OVER unanswered"]


def test_a_query_that_takes_too_long_is_given_up(scene: Scene) -> None:
    sender = scene.sender()
    scene.owner.execute(KILL.begin)
    turn(sender)
    scene.worker.execute("SET statement_timeout = '300ms'")
    with connect(scene.url) as blocking:
        blocking.execute("LOCK TABLE hydra.kill_switch IN ACCESS EXCLUSIVE MODE")
        turn(sender)
        blocking.rollback()
    assert scene.phases == ["NEW kill_switch"]


def test_a_test_alert_goes_out_at_once_and_says_what_did_not_take_it(scene: Scene) -> None:
    assert send_test(scene.worker, [scene.webhook], "anna") == {"webhook": None}
    assert scene.phases == ["TEST test"]
    assert scene.receiver.taken[0]["text"].startswith("HYDRA test alert\nanna asked for a test")
    scene.receiver.status = 500
    outcome = send_test(scene.worker, [scene.webhook], "anna")
    assert outcome == {"webhook": "it answered with status 500"}
    assert read_alert_condition(scene.owner).channels[0].detail == "it answered with status 500"
    scene.receiver.status = 204
    scene.let_pass(hours=1)
    turn(scene.sender())
    # The channel counted as failing: the sender told so on it, which healed it.
    assert scene.phases == ["TEST test", "NEW channel_failing"]
    with pytest.raises(StopError, match="ALERT_WEBHOOK_URL or ALERT_URLS"):
        send_test(scene.worker, [], "anna")


def test_an_outage_of_the_database_is_told_from_memory_and_its_end_from_its_row(scene: Scene) -> None:
    sender = scene.sender()
    lost = DatabaseLost([scene.webhook], repeat_s=3_600, tell=scene.said.append, patience_s=0.0)
    lost.tell_if_due("server closed the connection unexpectedly\nand more")
    lost.tell_if_due("again")
    assert scene.phases == ["NEW database_lost"]
    assert scene.receiver.taken[0]["happened"].endswith("server closed the connection unexpectedly")
    lost.store(scene.worker)
    turn(sender)
    assert scene.phases == ["NEW database_lost", "OVER database_lost"]
    short = DatabaseLost([scene.webhook], repeat_s=3_600, tell=scene.said.append)
    short.tell_if_due("a moment")
    short.store(scene.worker)
    turn(sender)
    assert len(scene.receiver.taken) == 2


def test_an_outage_that_a_channel_did_not_take_is_told_when_it_is_over(scene: Scene) -> None:
    sender = scene.sender()
    lost = DatabaseLost([scene.webhook], repeat_s=3_600, tell=scene.said.append, patience_s=0.0)
    scene.receiver.status = 500
    lost.tell_if_due("gone")
    scene.receiver.status = 204
    lost.store(scene.worker)
    turn(sender)
    assert scene.phases == ["PASSED database_lost"]


def test_an_alert_of_a_kind_of_another_version_ends(scene: Scene) -> None:
    sender = scene.sender()
    flood(scene, 1, "phase_of_the_moon")
    sender.deliver()
    turn(scene.sender())
    assert scene.phases == ["NEW phase_of_the_moon", "OVER phase_of_the_moon"]


def test_the_words_of_a_lasting_alert_follow_what_is_so_now(scene: Scene) -> None:
    sender = scene.sender()
    for price in (9600, 9500):
        scene.owner.execute("UPDATE hydra.equity SET equity_usd = %s, peak_usd = 10012.5", (price,))
        turn(sender)
    scene.let_pass(hours=1.1)
    turn(sender)
    scene.owner.execute("UPDATE hydra.equity SET equity_usd = 10012.5")
    assert scene.phases == ["NEW drawdown", "STILL drawdown"]
    assert "9600.00 USDT" in scene.receiver.taken[0]["happened"]
    assert "9500.00 USDT" in scene.receiver.taken[1]["happened"]
