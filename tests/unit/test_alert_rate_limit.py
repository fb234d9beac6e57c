"""The rate limit of alerts: never more than it says, the critical first, nothing forgotten."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hydra.alerts.message import Phase, Told
from hydra.alerts.rate_limit import RateLimit, choose

LIMIT = RateLimit(window_s=900, of_kind=3, in_sum=5)
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def told(alert_id: int, kind: str = "dead_feed", severity: str = "WARNING", phase: Phase = Phase.NEW) -> Told:
    return Told(alert_id, kind, "btc", severity, "it is dead", "nothing", "look", NOW, None, 1, phase)


def test_the_first_goes_and_the_others_wait_for_their_turn_uncounted() -> None:
    due = [told(1), told(2)]
    choice = choose(due, {}, LIMIT)
    assert (choice.told, choice.held_back, choice.counted) == (due[0], 0, [])


def test_what_is_beyond_the_limit_of_its_kind_is_counted_in_the_message_that_goes() -> None:
    due = [told(number) for number in range(1, 6)]
    choice = choose(due, {"dead_feed": 2}, LIMIT)
    assert (choice.told, choice.held_back) == (due[0], 4)
    assert choose(due, {"dead_feed": 3}, LIMIT).told is None


def test_another_kind_still_goes_and_says_how_many_wait() -> None:
    due = [told(1), told(2), told(3, "drawdown")]
    choice = choose(due, {"dead_feed": 3}, LIMIT)
    assert (choice.told, choice.held_back) == (due[2], 2)


def test_a_flood_of_warnings_holds_back_no_kill_switch() -> None:
    lately = {"dead_feed": 3, "drawdown": 2}
    assert choose([told(1, "audit_finding")], lately, LIMIT).told is None
    kill = told(2, "kill_switch", "CRITICAL")
    assert choose([told(1, "audit_finding"), kill], lately, LIMIT).told == kill


def test_what_came_and_went_while_it_was_held_back_is_only_counted() -> None:
    due = [told(1), told(2, phase=Phase.PASSED), told(3, phase=Phase.OVER)]
    choice = choose(due, {"dead_feed": 2}, LIMIT)
    assert (choice.held_back, choice.counted) == (2, [due[1]])


ALERTS = st.builds(
    told,
    st.integers(1, 10_000),
    st.sampled_from(["dead_feed", "drawdown", "kill_switch"]),
    st.sampled_from(["WARNING", "CRITICAL"]),
    st.sampled_from([Phase.NEW, Phase.PASSED, Phase.OVER, Phase.STILL]),
)


@given(st.lists(ALERTS, unique_by=lambda one: one.alert_id))
def test_a_channel_is_never_given_more_than_the_limit_and_each_alert_goes_or_is_counted(
    due: list[Told],
) -> None:
    lately: dict[str, int] = {}
    waiting, gone = list(due), list[Told]()
    while (choice := choose(waiting, lately, LIMIT)).told is not None:
        gone.append(choice.told)
        lately[choice.told.kind] = lately.get(choice.told.kind, 0) + 1
        waiting = [one for one in waiting if one is not choice.told and one not in choice.counted]
    assert all(count <= LIMIT.of_kind for count in lately.values())
    assert sum(one.severity == "WARNING" for one in gone) <= LIMIT.in_sum
    by_kind = {kind: sum(one.kind == kind for one in due) for kind in {one.kind for one in due}}
    for kind, count in by_kind.items():
        if count <= LIMIT.of_kind and len(due) <= LIMIT.in_sum:
            assert lately[kind] == count
