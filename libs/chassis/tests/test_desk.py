"""The dead letters' desk of one service, over its HTTP, on the real broker and the real database."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import httpx
import pytest

from chassis.errors import NeverRetry
from chassis.migration import migrate, migrate_fleet_tables
from contracts.documents.v1 import DocumentReceived
from contracts.envelope import Envelope, new_id
from contracts.values import BlobRef
from testkit.probe import Probe, create_probe
from testkit.probe.service import notes_of
from testkit.service import RunningService, running

KEY, QUEUE = "document.received.v1", "probe.document.received.v1"
DESK = "/internal/dead-letters"
BY = "user:erika"


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe()


@pytest.fixture(scope="module")
async def fleet(probe: Probe, environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with running(lambda: create_probe(probe), environment) as service:
        yield service


@dataclass(frozen=True)
class Buried:
    """A letter that lies at the desk."""

    id: str
    message_id: str
    document_id: str


async def bury(
    fleet: RunningService, tenant_id: str, *, error: BaseException | None = None, filename: str = "scan.pdf"
) -> Buried:
    event = DocumentReceived(
        document_id=new_id(), message_id=new_id(), filename=filename, received_at=datetime.now(UTC),
        blob=BlobRef(key="acme/0", size=1, media_type="application/pdf"),
    )  # fmt: skip
    message_id = new_id()
    envelope = Envelope(message_id, KEY, "test", event.ce_subject, datetime.now(UTC), tenant_id, message_id)
    await fleet.service.dead_letters.bury(
        queue=QUEUE, routing_key=KEY, message_id=message_id, headers=envelope.headers(),
        body=event.model_dump_json(exclude_none=True).encode(), error=error or NeverRetry("no"), attempts=1,
    )  # fmt: skip
    (line,) = (await ask(fleet, "GET", "", message_id=message_id))["letters"]
    return Buried(line["id"], message_id, event.document_id)


async def ask(fleet: RunningService, method: str, path: str, body: object = None, **query: object) -> Any:
    answer = await answered(fleet, method, path, body, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def answered(
    fleet: RunningService, method: str, path: str, body: object = None, **query: object
) -> httpx.Response:
    return await fleet.http.request(
        method, DESK + path, json=body, params={name: str(value) for name, value in query.items()}
    )


def order(**more: object) -> dict[str, object]:
    return {"by": BY, "action": new_id(), **more}


async def handled(fleet: RunningService, tenant_id: str, count: int) -> set[str]:
    async with asyncio.timeout(30):
        while len(notes := await notes_of(fleet.service, tenant_id)) < count:
            await asyncio.sleep(0.05)
    return {note.document_id for note in notes}


async def test_letters_are_found_by_each_filter_a_page_at_a_time_and_without_their_bodies(
    fleet: RunningService,
) -> None:
    letters = [await bury(fleet, "filters", filename="Müller.pdf") for _ in range(4)]
    odd = await bury(fleet, "filters", error=KeyError("100%_off"))

    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await ask(
            fleet, "GET", "", tenant_id="filters", limit=2, **({"cursor": cursor} if cursor else {})
        )
        seen += page["letters"]
        assert len(page["letters"]) <= 2
        if (cursor := page["next"]) is None:
            break
    found = {
        name: [line["id"] for line in (await ask(fleet, "GET", "", tenant_id="filters", **{name: value}))["letters"]]
        for name, value in {
            "error_kind": "KeyError", "error": "100%_OFF", "message_id": odd.message_id,
            "correlation_id": odd.message_id, "died_after": seen[0]["died_at"],
        }.items()
    }  # fmt: skip
    before = await ask(fleet, "GET", "", tenant_id="filters", died_before=seen[0]["died_at"])
    counts = (await ask(fleet, "GET", "/counts", tenant_id="filters"))["counts"]

    assert [line["id"] for line in seen] == [odd.id, *(letter.id for letter in reversed(letters))]
    assert all(ids == [odd.id] for ids in found.values())
    assert len(before["letters"]) == 4
    assert [(one["routing_key"], one["error_kind"], one["letters"]) for one in counts] == [
        (KEY, "NeverRetry", 4), (KEY, "KeyError", 1),
    ]  # fmt: skip
    assert "Müller.pdf" not in json.dumps(seen, ensure_ascii=False)
    assert "body" not in seen[0]


async def test_a_mended_letter_keeps_its_first_body_and_is_sent_as_mended_once(
    fleet: RunningService, probe: Probe
) -> None:
    letter = await bury(fleet, "mending", filename="alt.pdf")
    first = (await ask(fleet, "GET", f"/{letter.id}"))["body"]
    new = {**first, "filename": "größer.pdf"}

    mended = await ask(
        fleet, "POST", f"/{letter.id}/mend", {"by": BY, "body": new, "reason": "umlauts", "after": 0}
    )
    meanwhile = await answered(fleet, "POST", f"/{letter.id}/mend", {"by": BY, "body": first, "after": 0})
    replay = order()
    replayed = await ask(fleet, "POST", f"/{letter.id}/replay", replay)
    again = await ask(fleet, "POST", f"/{letter.id}/replay", replay)
    another = await answered(fleet, "POST", f"/{letter.id}/replay", order())
    late = await answered(fleet, "POST", f"/{letter.id}/mend", {"by": BY, "body": first})
    await handled(fleet, "mending", 1)

    assert (mended["body"], mended["state"]) == (first, "dead")
    (mend,) = mended["mended"]
    assert (mend["number"], mend["mended_by"], mend["reason"], mend["body"], mend["forced"]) == (
        1, BY, "umlauts", new, False,
    )  # fmt: skip
    assert (replayed["state"], replayed["settled_by"], replayed["settled_in"]) == (
        "replayed",
        BY,
        replay["action"],
    )
    assert again["settled_in"] == replay["action"]
    assert (meanwhile.status_code, another.status_code, late.status_code) == (409, 409, 409)
    assert "mended meanwhile" in meanwhile.json()["detail"]
    assert f"it was replayed by {BY}" in another.json()["detail"]
    assert [note.filename for note in await notes_of(fleet.service, "mending")] == ["größer.pdf"]
    assert probe.worked[letter.document_id] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"blob": {"key": "a", "size": "viel", "media_type": "x/y"}}, "blob.size"),
        ({"filname": "x.pdf"}, "filname: Extra inputs"),
        ({"document_id": None}, "document_id"),
    ],
)
async def test_a_body_that_does_not_fit_its_class_is_refused_with_the_place_unless_forced(
    fleet: RunningService, change: dict[str, object], said: str
) -> None:
    letter = await bury(fleet, "refusing")
    body = {**(await ask(fleet, "GET", f"/{letter.id}"))["body"], **change}

    refused = await answered(fleet, "POST", f"/{letter.id}/mend", {"by": BY, "body": body})
    untouched = await ask(fleet, "GET", f"/{letter.id}")
    forced = await ask(fleet, "POST", f"/{letter.id}/mend", {"by": BY, "body": body, "force": True})

    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert said in refused.json()["detail"]
    assert untouched["mended"] == []
    assert [(mend["forced"], mend["body"]) for mend in forced["mended"]] == [(True, body)]


async def test_many_leave_at_the_rate_that_was_asked_for_and_each_is_handled_once(
    fleet: RunningService, probe: Probe
) -> None:
    letters = [await bury(fleet, "rate") for _ in range(6)]
    ask_for = order(rate=20, filter={"tenant_id": "rate"}, limit=4)

    begins = datetime.now(UTC) + timedelta(hours=1)
    first = await ask(fleet, "POST", "/replay", {**ask_for, "starts_at": begins.isoformat()})
    second = await ask(fleet, "POST", "/replay", {**ask_for, "starts_at": first["next_at"]})
    third = await ask(fleet, "POST", "/replay", {**ask_for, "starts_at": second["next_at"]})
    moments = await _leaving(fleet, [letter.id for letter in letters])
    waiting = await ask(fleet, "GET", f"/actions/{ask_for['action']}")
    shown = await ask(fleet, "GET", f"/{letters[0].id}")
    await _let_leave(fleet)
    await handled(fleet, "rate", 6)

    assert [(one["letters"], one["more"]) for one in (first, second, third)] == [
        (4, True),
        (2, False),
        (0, False),
    ]
    assert moments[0] == begins
    assert [b - a for a, b in pairwise(moments)] == [timedelta(milliseconds=50)] * 5
    assert (waiting["replayed"], waiting["waiting"]) == (6, 6)
    assert datetime.fromisoformat(waiting["last_at"]) == moments[-1]
    assert datetime.fromisoformat(shown["leaves_at"]) == begins
    async with asyncio.timeout(10):
        while (done := await ask(fleet, "GET", f"/actions/{ask_for['action']}"))["waiting"]:
            await asyncio.sleep(0.05)
    assert done["replayed"] == 6
    assert [probe.worked[letter.document_id] for letter in letters] == [1] * 6


async def test_what_has_not_left_can_be_taken_back_and_what_has_left_is_counted(
    fleet: RunningService,
) -> None:
    letters = [await bury(fleet, "back") for _ in range(3)]
    replay = order(rate=0.001, ids=[letter.id for letter in letters])
    await ask(fleet, "POST", "/replay", replay)
    await handled(fleet, "back", 1)

    answer = await ask(fleet, "POST", f"/actions/{replay['action']}/take-back")
    again = await ask(fleet, "POST", f"/actions/{replay['action']}/take-back")
    dead = await ask(fleet, "GET", "", tenant_id="back")

    assert answer == {"taken_back": 2, "left": 1}
    assert again == {"taken_back": 0, "left": 1}
    assert [line["id"] for line in dead["letters"]] == [letters[2].id, letters[1].id]
    assert await _leaving(fleet, [letter.id for letter in letters]) == []


async def test_a_dropped_letter_never_comes_again_even_when_the_broker_delivers_it_once_more(
    fleet: RunningService, probe: Probe
) -> None:
    letter = await bury(fleet, "dropping")
    shown = await ask(fleet, "GET", f"/{letter.id}")
    before = fleet.service.metrics.count(KEY, "duplicate")

    dropped = await ask(fleet, "POST", f"/{letter.id}/drop", order(reason="a test letter"))
    replay = await answered(fleet, "POST", f"/{letter.id}/replay", order())
    many = await ask(fleet, "POST", "/replay", order(rate=100, ids=[letter.id]))
    await fleet.wire.say_raw(KEY, shown["headers"], json.dumps(shown["body"]).encode(), letter.message_id)
    async with asyncio.timeout(20):
        while fleet.service.metrics.count(KEY, "duplicate") == before:
            await asyncio.sleep(0.05)

    assert (dropped["state"], dropped["note"], dropped["settled_by"]) == ("dropped", "a test letter", BY)
    assert replay.status_code == 409
    assert many["letters"] == 0
    assert probe.worked[letter.document_id] == 0
    assert (await ask(fleet, "GET", "", message_id=letter.message_id))["letters"] == []


async def test_of_two_people_who_settle_a_letter_at_the_same_time_one_is_told(fleet: RunningService) -> None:
    letter = await bury(fleet, "two")
    answers = await asyncio.gather(
        *(answered(fleet, "POST", f"/{letter.id}/drop", order(reason=str(number))) for number in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_only_services_reach_a_desk_and_it_says_what_is_wrong(fleet: RunningService) -> None:
    admin = fleet.service.settings.admin_token.get_secret_value()
    asked_by_an_admin = await fleet.http.get(DESK, headers={"Authorization": f"Bearer {admin}"})
    vouched = await fleet.http.get(DESK, headers={"X-Scopes": "fleet:read", "X-Role": "super_admin"})
    bare = await fleet.http.get(DESK, headers={"Authorization": ""})
    wrong = [
        await answered(fleet, "GET", "", cursor="x"),
        await answered(fleet, "GET", "", colour="red"),
        await answered(fleet, "POST", "/replay", order(rate=1)),
        await answered(fleet, "POST", "/replay", order(rate=0, ids=[])),
    ]

    assert [one.status_code for one in (asked_by_an_admin, vouched, bare)] == [403, 403, 401]
    assert [one.status_code for one in wrong] == [422] * 4
    assert "either ids or a filter" in wrong[2].json()["detail"]
    assert (await answered(fleet, "GET", "/nobody")).status_code == 404


async def test_a_letters_body_does_not_reach_the_log(
    fleet: RunningService, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    letter = await bury(fleet, "private", filename="Erika-Mustermann-Kündigung.pdf")
    body = (await ask(fleet, "GET", f"/{letter.id}"))["body"]
    await answered(fleet, "POST", f"/{letter.id}/mend", {"by": BY, "body": {**body, "blob": None}})
    await ask(fleet, "POST", f"/{letter.id}/mend", {"by": BY, "body": body})
    await ask(fleet, "POST", f"/{letter.id}/replay", order())
    await handled(fleet, "private", 1)

    written = "".join(capfd.readouterr())
    assert "Erika-Mustermann" not in caplog.text + written


async def test_letters_of_an_older_database_are_found_at_the_desk_and_the_step_goes_both_ways(
    fleet: RunningService, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        fresh = await _form(connection)
        letter = await bury(fleet, "older", filename="alt.pdf")
        body = (await ask(fleet, "GET", f"/{letter.id}"))["body"]
        await ask(fleet, "POST", f"/{letter.id}/mend", {"by": BY, "body": {**body, "filename": "neu.pdf"}})

        await migrate_fleet_tables(fleet.service, "0001")
        as_before = await _form(connection)
        left = await connection.fetchrow("select body, note from probe.dead_letters where id = $1", letter.id)
        await connection.execute(
            "drop table probe.fleet_version"
        )  # as a database has it that never had a number
        await migrate(fleet.service)
        stepped = await _form(connection)
    finally:
        await connection.close()
    shown = await ask(fleet, "GET", f"/{letter.id}")

    assert left is not None
    assert (json.loads(left["body"])["filename"], left["note"]) == ("neu.pdf", "mended")
    assert as_before != fresh
    assert stepped == fresh
    assert (shown["body"]["filename"], shown["state"], shown["mended"]) == ("neu.pdf", "dead", [])


async def _form(connection: asyncpg.Connection) -> list[tuple[object, ...]]:
    """Columns and indexes of the fleet's tables, as the database has them."""
    columns = await connection.fetch(
        "select table_name, column_name, data_type, is_nullable, column_default, "
        "col_description(format('%s.%s', table_schema, table_name)::regclass, ordinal_position) "
        "from information_schema.columns where table_schema = 'probe' order by 1, 2"
    )
    indexes = await connection.fetch(
        "select indexname, indexdef from pg_indexes where schemaname = 'probe' order by 1"
    )
    return [tuple(row) for row in (*columns, *indexes)]


async def _leaving(fleet: RunningService, letters: list[str]) -> list[datetime]:
    found = [(await ask(fleet, "GET", f"/{letter}"))["leaves_at"] for letter in letters]
    return [datetime.fromisoformat(moment) for moment in found if moment is not None]


async def _let_leave(fleet: RunningService) -> None:
    """The hour that the rows wait for has passed."""
    outbox = fleet.service.outbox.table
    async with fleet.service.database.connection() as connection:
        await connection.execute(
            outbox.update()
            .where(outbox.c.timer_key.startswith("dead-letter/"))
            .values(publish_at=outbox.c.publish_at - timedelta(hours=1))
        )
