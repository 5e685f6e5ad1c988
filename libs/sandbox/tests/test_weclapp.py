"""weclapp's wire, driven with plain HTTP as an adapter does."""

import json

import pypdfium2

API = "/weclapp/acme/webapp/api/v2"


async def _party(sandbox, headers: dict[str, str], **more: object) -> dict[str, str]:
    body = {"partyType": "PERSON", "customer": True, "firstName": "Anna", "lastName": "Müller", **more}
    answer = await sandbox.http.post(f"{API}/party", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_customer_is_created_found_and_counted(sandbox, weclapp_headers) -> None:
    created = await _party(sandbox, weclapp_headers, email="anna@example.org")
    assert created["version"] == "1"
    assert isinstance(created["createdDate"], int)
    found = await sandbox.http.get(
        f"{API}/party", params={"email-ieq": "ANNA@example.org"}, headers=weclapp_headers
    )
    assert [p["id"] for p in found.json()["result"]] == [created["id"]]
    count = await sandbox.http.get(
        f"{API}/party/count", params={"lastName-like": "Mül%"}, headers=weclapp_headers
    )
    assert count.json() == {"result": 1}


async def test_a_stale_version_is_a_conflict(sandbox, weclapp_headers) -> None:
    created = await _party(sandbox, weclapp_headers)
    where = f"{API}/party/id/{created['id']}"
    partial = {"ignoreMissingProperties": "true"}
    change = {"version": created["version"], "email": "a@example.org"}
    first = await sandbox.http.put(where, params=partial, json=change, headers=weclapp_headers)
    assert (first.status_code, first.json()["version"], first.json()["lastName"]) == (200, "2", "Müller")
    second = await sandbox.http.put(where, params=partial, json=change, headers=weclapp_headers)
    assert second.status_code == 409
    assert second.json()["type"].endswith("/optimistic_lock")


async def test_a_full_update_resets_what_is_missing(sandbox, weclapp_headers) -> None:
    created = await _party(sandbox, weclapp_headers, email="a@example.org")
    body = {"partyType": "PERSON", "lastName": "Maier", "version": created["version"]}
    changed = await sandbox.http.put(f"{API}/party/id/{created['id']}", json=body, headers=weclapp_headers)
    assert "email" not in changed.json()


async def test_a_partial_update_can_empty_a_property(sandbox, weclapp_headers) -> None:
    created = await _party(sandbox, weclapp_headers, email="a@example.org")
    changed = await sandbox.http.put(
        f"{API}/party/id/{created['id']}",
        params={"ignoreMissingProperties": "true"},
        json={"version": created["version"], "email": None, "amount": 12.5},
        headers=weclapp_headers,
    )
    assert "email" not in changed.json()
    assert (changed.json()["lastName"], changed.json()["amount"]) == ("Müller", "12.5")


async def test_the_token_is_required(sandbox, weclapp_headers) -> None:
    refused = await sandbox.http.get(f"{API}/party")
    assert refused.status_code == 401
    assert refused.json()["type"].endswith("/unauthorized")
    await sandbox.seed(weclapp={"revoked_tokens": ["token-1"]})
    assert (await sandbox.http.get(f"{API}/party", headers=weclapp_headers)).status_code == 401


async def test_a_flawed_record_is_refused_with_every_flaw(sandbox, weclapp_headers) -> None:
    refused = await sandbox.http.post(f"{API}/task", json={"taskPriority": "URGENT"}, headers=weclapp_headers)
    assert refused.status_code == 400
    flaws = {flaw["location"]: flaw for flaw in refused.json()["validationErrors"]}
    assert set(flaws) == {"$.subject", "$.taskPriority"}
    assert flaws["$.taskPriority"]["allowed"] == ["HIGH", "MEDIUM", "LOW"]


async def test_what_does_not_exist_is_not_found(sandbox, weclapp_headers) -> None:
    missing = await sandbox.http.get(f"{API}/party/id/77", headers=weclapp_headers)
    assert (missing.status_code, missing.json()["type"].rsplit("/", 1)[1]) == (404, "entity_not_found")
    unknown = await sandbox.http.get(f"{API}/customer", headers=weclapp_headers)
    assert (unknown.status_code, unknown.json()["type"].rsplit("/", 1)[1]) == (404, "not_found")


async def test_filters_groups_sorting_and_pages(sandbox, weclapp_headers) -> None:
    people = ["Adler", "Berger", "Conrad", "Dietz", "Ebert"]
    records = [{"partyType": "PERSON", "lastName": name, "age": i} for i, name in enumerate(people)]
    await sandbox.seed(weclapp={"tenants": {"acme": {"party": records}}})

    async def names(**params: str) -> list[str]:
        query = {name.replace("__", "-"): value for name, value in params.items()}
        answer = await sandbox.http.get(f"{API}/party", params=query, headers=weclapp_headers)
        assert answer.status_code == 200, answer.text
        return [record["lastName"] for record in answer.json()["result"]]

    assert await names(lastName__in=json.dumps(["Adler", "Ebert"])) == ["Adler", "Ebert"]
    assert await names(lastName__notin=json.dumps(["Adler", "Ebert", "Dietz"])) == ["Berger", "Conrad"]
    assert await names(age__ge="3", sort="-lastName") == ["Ebert", "Dietz"]
    assert await names(or__lastName__eq="Adler", or__age__gt="3") == ["Adler", "Ebert"]
    assert await names(sort="-age", page="2", pageSize="2") == ["Conrad", "Berger"]
    assert await names(email__null="", lastName__ilike="%ER%") == ["Adler", "Berger", "Ebert"]
    assert await names(lastName__ne="Adler", age__lt="2") == ["Berger"]
    answer = await sandbox.http.get(
        f"{API}/party", params={"properties": "lastName"}, headers=weclapp_headers
    )
    assert set(answer.json()["result"][0]) == {"id", "lastName"}
    bad = await sandbox.http.get(f"{API}/party", params={"lastName": "Adler"}, headers=weclapp_headers)
    assert bad.status_code == 400


async def test_task_comment_and_log_entry_belong_to_the_customer(sandbox, weclapp_headers) -> None:
    party = await _party(sandbox, weclapp_headers)
    task = {"subject": "Besichtigung", "customerId": party["id"], "dateTo": 1795176000000}
    assert (await sandbox.http.post(f"{API}/task", json=task, headers=weclapp_headers)).json()[
        "taskStatus"
    ] == "NOT_STARTED"
    note = {"entityName": "party", "entityId": party["id"], "comment": "Anruf"}
    assert (await sandbox.http.post(f"{API}/comment", json=note, headers=weclapp_headers)).status_code == 201
    log = {"partyId": party["id"], "subject": "Mail", "type": "LETTER"}
    assert (await sandbox.http.post(f"{API}/crmEvent", json=log, headers=weclapp_headers)).status_code == 201
    listed = await sandbox.http.get(
        f"{API}/comment", params={"entityName": "party", "entityId": party["id"]}, headers=weclapp_headers
    )
    assert [c["comment"] for c in listed.json()["result"]] == ["Anruf"]
    lost = await sandbox.http.post(f"{API}/crmEvent", json={**log, "partyId": "9"}, headers=weclapp_headers)
    assert lost.status_code == 400


async def test_a_document_is_kept_as_it_was_sent(sandbox, weclapp_headers) -> None:
    party = await _party(sandbox, weclapp_headers)
    where = {"entityName": "party", "entityId": party["id"], "name": "gehalt.pdf"}
    headers = {**weclapp_headers, "Content-Type": "application/pdf"}
    kept = await sandbox.http.post(f"{API}/document/upload", params=where, content=b"%PDF-x", headers=headers)
    document = kept.json()["result"]["id"]
    raw = await sandbox.http.get(f"{API}/document/id/{document}/download", headers=weclapp_headers)
    assert (raw.content, raw.headers["content-type"]) == (b"%PDF-x", "application/pdf")


async def test_an_order_has_decimals_as_text_and_a_confirmation_one_can_read(
    sandbox, weclapp_headers
) -> None:
    party = await _party(sandbox, weclapp_headers)
    items = [{"title": "Türen", "quantity": 2, "unitPrice": "1500.50"}]
    answer = await sandbox.http.post(
        f"{API}/salesOrder", json={"customerId": party["id"], "orderItems": items}, headers=weclapp_headers
    )
    order = answer.json()
    assert (order["netAmount"], order["orderItems"][0]["quantity"]) == ("3001.00", "2")
    pdf = await sandbox.http.get(
        f"{API}/salesOrder/id/{order['id']}/downloadLatestOrderConfirmationPdf", headers=weclapp_headers
    )
    text = pypdfium2.PdfDocument(pdf.content)[0].get_textpage().get_text_bounded()
    assert f"Auftragsbestätigung {order['orderNumber']}" in text
    assert "Anna Müller" in text


async def test_tenants_do_not_see_each_other(sandbox, weclapp_headers) -> None:
    await _party(sandbox, weclapp_headers)
    other = await sandbox.http.get("/weclapp/other/webapp/api/v2/party", headers=weclapp_headers)
    assert other.json() == {"result": []}
