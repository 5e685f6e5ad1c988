"""Hears webhooks with a service on the chassis, and keeps a row for each, until the benchmark is gone."""

from __future__ import annotations

import uvloop
from talk import answer, told

from chassis import Router, Session, UnitOfWork
from chassis.migration import migrate
from chassis.telemetry import configure_logs
from chassis.unit import Outcome
from contracts.webhooks.v1 import WebhookReceived
from testkit.probe.service import Note, Probe, create_probe


def router() -> Router:
    """One handler, whose writes share a commit. A second row of the same webhook would be an error, and a dead letter."""
    router = Router()

    @router.on(WebhookReceived, grouped=True)
    async def on_webhook_received(event: WebhookReceived, unit: UnitOfWork) -> Outcome:
        return await unit.write(_keep, event, unit.envelope.id, unit.tenant_id)

    return router


async def _keep(session: Session, event: WebhookReceived, message_id: str, tenant_id: str) -> None:
    session.add(Note(tenant_id=tenant_id, document_id=message_id, filename=event.delivery_id))


async def main() -> None:
    """Run until told that nobody waits any more."""
    configure_logs("ERROR")
    service = create_probe(Probe())
    service.hears(router())
    await migrate(service)
    await service.declare()
    await service.start()
    answer(ready=True)
    while await told() is not None:
        answer(done=service.metrics.count("webhook.received.v1", "done"))
    await service.stop()


if __name__ == "__main__":
    uvloop.run(main())
