"""The composition root: what tenancy is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chassis import Service
from chassis.keyring import KeyRing
from tenancy.adapters.access_tokens import Ed25519Signer
from tenancy.adapters.directory import StoredDirectory
from tenancy.adapters.fleet import StoredDoors
from tenancy.adapters.hiding import MasterKeyHider
from tenancy.adapters.microsoft_sign_in import MicrosoftSignIn, Registration
from tenancy.adapters.passwords import Argon2Hashes, Cost
from tenancy.adapters.places import GuardedPlaces
from tenancy.adapters.records import StoredTenant
from tenancy.adapters.sealing import KeyRingSeals
from tenancy.application.configure_tenant import ConfigureTenant
from tenancy.application.invite_people import InvitePeople
from tenancy.application.keep_api_keys import KeepApiKeys
from tenancy.application.keep_credentials import KeepCredentials
from tenancy.application.keep_hooks import KeepHooks
from tenancy.application.keep_passwords import KeepPasswords
from tenancy.application.keep_sessions import KeepSessions, Lives
from tenancy.application.keep_users import KeepUsers
from tenancy.application.mail_links import MailLinks
from tenancy.application.people_ports import Clock
from tenancy.application.reseal_secrets import ResealSecrets
from tenancy.application.sign_in import SignIn
from tenancy.application.sign_in_with_microsoft import SignInWithMicrosoft
from tenancy.application.sign_tokens import SignTokens
from tenancy.application.slow_down import SlowDown
from tenancy.application.tell_access import TellAccess
from tenancy.entrypoints import events, timers
from tenancy.entrypoints.http.account import account_router
from tenancy.entrypoints.http.api_keys import api_keys_router, verification_router
from tenancy.entrypoints.http.audit import audit_router
from tenancy.entrypoints.http.auth import auth_router
from tenancy.entrypoints.http.desk import Desk
from tenancy.entrypoints.http.fleet import fleet_router
from tenancy.entrypoints.http.internal import internal_router
from tenancy.entrypoints.http.keys import keys_router
from tenancy.entrypoints.http.microsoft import microsoft_router
from tenancy.entrypoints.http.people_desk import PeopleDesk
from tenancy.entrypoints.http.tenants import public_router
from tenancy.entrypoints.http.users import users_router
from tenancy.entrypoints.http.versions import versions_router
from tenancy.settings import Settings
from vendorkit import Guard


def create_service(settings: Settings | None = None, *, clock: Clock = lambda: datetime.now(UTC)) -> Service:
    """Tenancy, ready to run; `clock` is what people's tokens, keys and attempts go by."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — read from the environment
    service = Service("tenancy", settings)
    seals = KeyRingSeals(KeyRing.from_secret(service.settings.master_key))
    places = GuardedPlaces(Guard.allowing(service.settings.outward_allow))
    credentials, hooks = KeepCredentials(seals, places), KeepHooks(seals)
    desk = Desk(
        service.units, StoredTenant, StoredDirectory, ConfigureTenant(credentials, hooks), credentials, hooks,
        ResealSecrets(seals),
    )  # fmt: skip
    for router in (public_router, versions_router, fleet_router, audit_router):
        service.serves(router(desk))
    service.serves(internal_router(desk))
    service.hears(events.router(StoredTenant))
    service.runs(
        "reseal-secrets",
        timers.ResealAll(service.units, StoredTenant, StoredDirectory, desk.reseal).run,
    )
    _let_people_in(service, settings, clock)
    return service


def _let_people_in(service: Service, settings: Settings, clock: Clock) -> None:
    """Users, sessions, API keys, and sign-in."""
    ring = KeyRing.from_secret(settings.master_key)
    doors, hider = StoredDoors(service.units), MasterKeyHider(settings.master_key, ring)
    cost = Cost(settings.argon2_passes, settings.argon2_memory_kib, settings.argon2_lanes)
    hashes, slow_down = Argon2Hashes(cost), SlowDown(doors, hider, clock)
    lives = Lives(
        timedelta(minutes=settings.token_minutes), timedelta(days=settings.session_days),
        timedelta(hours=settings.session_idle_hours),
    )  # fmt: skip
    sign = SignTokens(
        doors, Ed25519Signer(ring), token_life=lives.token, key_life=timedelta(days=settings.signing_key_days),
        clock=clock,
    )  # fmt: skip
    sessions, links = KeepSessions(doors, sign, lives, clock), MailLinks(settings.public_url, hider)
    invite = InvitePeople(doors, hashes, links, life=timedelta(days=settings.invitation_days), clock=clock)
    api_keys = KeepApiKeys(doors, clock)
    microsoft = MicrosoftSignIn(_registration(settings), ring, clock)
    desk = PeopleDesk(
        sign_in=SignIn(doors, hashes, slow_down, sessions),
        sessions=sessions,
        passwords=KeepPasswords(doors, hashes, slow_down, sessions, links, clock),
        users=KeepUsers(doors, sessions, api_keys),
        invite=invite,
        api_keys=api_keys,
        microsoft=SignInWithMicrosoft(doors, microsoft, sessions, invite, clock),
        sign=sign,
        access=TellAccess(doors, sign, clock),
        secure_cookies=settings.public_url.startswith("https://"),
    )
    for router in (
        auth_router, account_router, users_router, api_keys_router, microsoft_router, keys_router,
        verification_router,
    ):  # fmt: skip
        service.serves(router(desk))
    service.runs("people-in-order", timers.KeepPeopleInOrder(sign, sessions, slow_down).run)


def _registration(settings: Settings) -> Registration | None:
    if not settings.microsoft_client_id:
        return None
    return Registration(
        settings.microsoft_authority_url,
        settings.microsoft_client_id,
        settings.microsoft_client_secret,
        f"{settings.public_url.rstrip('/')}/api/v1/auth/microsoft/callback",
    )
