"""What notification hears."""

from __future__ import annotations

from chassis import Outcome, Router, UnitOfWork
from chassis.errors import EffectUncertain, NeedsTenant
from contracts.messages.v1 import SendEmail
from contracts.operations.v1 import ThresholdExceeded, ThresholdRecovered, WatchKept
from contracts.tenants.v1 import TenantConfigured
from notification.application.hear_alerts import HearAlerts
from notification.application.keep_watch import KeepWatch
from notification.application.ports import Record
from notification.application.release_held import EmailReleased, ReleaseHeld
from notification.application.send_email import DeliverEmail
from notification.application.tell_agent import TellAgent
from vendorkit import VendorRejected, VendorUnavailable

_ATTEMPTS_BEFORE_TELLING = 5


def of_companies(deliver: DeliverEmail, tell: TellAgent, release: ReleaseHeld) -> Router:
    """What concerns companies and their mail."""
    router = Router()

    @router.on(SendEmail, grouped=True, prefetch=32)
    async def on_send_email(email: SendEmail, unit: UnitOfWork) -> Outcome:
        return await unit.write(deliver.keep, await _outcome(email, unit))

    @router.on_timer(EmailReleased, prefetch=32)
    async def on_email_released(released: EmailReleased, unit: UnitOfWork) -> Outcome:
        return await unit.write(deliver.keep, await _outcome(released.email, unit))

    @router.on(TenantConfigured)
    async def on_tenant_configured(event: TenantConfigured, _: UnitOfWork) -> None:
        await release(event.tenant_id)

    async def _outcome(email: SendEmail, unit: UnitOfWork) -> Record:
        try:
            return await deliver(email, unit)
        except EffectUncertain as error:
            return await deliver.settled(email, unit, "uncertain", str(error))
        except VendorRejected as error:
            return await deliver.settled(email, unit, "failed", str(error))
        except NeedsTenant as error:
            # Once for each version of the credential: the letters that are parked behind it say nothing new.
            key = f"smtp_login:{getattr(error, 'version', 0)}"
            await tell.once(unit, email, "smtp_login", key, str(error))
            raise
        except VendorUnavailable as error:
            if unit.attempt >= _ATTEMPTS_BEFORE_TELLING:
                key = f"unreachable:{email.lead_id}:{email.turn}:{email.purpose}"
                await tell.once(unit, email, "unreachable", key, str(error))
            raise

    return router


def of_the_fleet(hear: HearAlerts, watch: KeepWatch) -> Router:
    """What the Observer says."""
    router = Router()

    @router.on(ThresholdExceeded, prefetch=16)
    async def on_threshold_exceeded(event: ThresholdExceeded, unit: UnitOfWork) -> Outcome:
        return await unit.write(hear.exceeded, event, unit.envelope.time)

    @router.on(ThresholdRecovered, prefetch=16)
    async def on_threshold_recovered(event: ThresholdRecovered, unit: UnitOfWork) -> Outcome:
        return await unit.write(hear.recovered, event, unit.envelope.time)

    @router.on(WatchKept, prefetch=4)
    async def on_watch_kept(event: WatchKept, unit: UnitOfWork) -> Outcome:
        return await unit.write(watch.kept, event)

    return router
