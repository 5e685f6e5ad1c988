"""The product's main job, end to end on real input: the same story that `make demo` plays."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontdesk.fleet.house import running_house
from frontdesk.fleet.plan import plan_fleet
from frontdesk.fleet.vendors import simulated_vendors
from frontdesk.play.house import play_in_house
from frontdesk.stack import Stack, place_of_its_own
from frontdesk.story.person import draw_story
from testkit.stack import name_of_this_session


@pytest.mark.journey
@pytest.mark.timeout(240)
async def test_a_letter_with_a_scan_is_answered_and_everything_is_kept(stack: Stack, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    story = draw_story(seed, datetime.now(UTC).date())
    with place_of_its_own(stack, name_of_this_session()) as environment:
        async with simulated_vendors(tmp_path / "sandbox") as vendors:
            plan = plan_fleet(tmp_path / "fleet", vendors, environment)
            async with running_house(plan) as house:
                checks = await play_in_house(house, vendors, story, print)
    assert checks.failed == []
    assert checks.passed >= 30
