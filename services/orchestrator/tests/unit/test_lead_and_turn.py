"""What a lead and a turn may do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.lead import ForbiddenMove, Lead, LeadState
from orchestrator.domain.turn import Turn

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
STATES: tuple[LeadState, ...] = ("NEW", "CONTACTED", "CONVERSATION", "BOOKED", "LOST")


def lead(state: LeadState) -> Lead:
    return Lead("l", state, None, "email", "a@b.test", "", None, None, None, 1, 0, NOW)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("NEW", "CONTACTED"),
        ("CONTACTED", "CONVERSATION"),
        ("CONVERSATION", "BOOKED"),
        ("BOOKED", "LOST"),
        ("NEW", "LOST"),
    ],
)
def test_a_lead_moves_on(old: LeadState, new: LeadState) -> None:
    assert lead(old).moved(new).state == new


@pytest.mark.parametrize(("old", "new"), [("NEW", "BOOKED"), ("CONVERSATION", "NEW"), ("LOST", "BOOKED")])
def test_a_lead_does_not_jump_or_go_back(old: LeadState, new: LeadState) -> None:
    with pytest.raises(ForbiddenMove):
        lead(old).moved(new)


@given(st.lists(st.integers(min_value=0, max_value=600), max_size=30))
def test_a_turn_never_waits_beyond_its_deadline(pauses: list[int]) -> None:
    window, patience = timedelta(seconds=20), timedelta(seconds=60)
    turn = Turn.opened("l", 1, NOW, window=window, patience=patience)
    now = NOW
    for pause in pauses:
        now += timedelta(seconds=pause)
        turn = turn.hears(now, window=window)
        assert turn.closes_at <= turn.deadline
    assert turn.may_close(turn.deadline, documents_pending=True)
    assert not turn.may_close(NOW, documents_pending=False)


def test_a_turn_waits_for_its_documents_until_the_deadline() -> None:
    turn = Turn.opened("l", 1, NOW, window=timedelta(seconds=5), patience=timedelta(seconds=60))
    assert not turn.may_close(NOW + timedelta(seconds=30), documents_pending=True)
    assert turn.may_close(NOW + timedelta(seconds=30), documents_pending=False)
    assert turn.may_close(NOW + timedelta(seconds=60), documents_pending=True)
