"""Whether broker, management and database answer, and whether they are what we need."""

import asyncio
from urllib.parse import unquote, urlsplit, urlunsplit

import aio_pika
import aio_pika.exceptions
import asyncpg
import httpx

from frontdesk.diagnosis.finding import Finding

_TOPIC = "Reachable"
_SECONDS = 10
_OLDEST_POSTGRES = 160_000


async def reachable(amqp_url: str, database_url: str, management_url: str | None) -> list[Finding]:
    """Knock at each."""
    broker, database = await asyncio.gather(_broker(amqp_url), _database(database_url))
    return [broker, await asyncio.to_thread(_management, management_url), database]


async def _broker(url: str) -> Finding:
    parts = urlsplit(url)
    try:
        # Knock first: aio-pika logs and warns on its own when nobody is there.
        _, knock = await asyncio.wait_for(
            asyncio.open_connection(parts.hostname, parts.port or 5672), _SECONDS
        )
        knock.close()
        connection = await asyncio.wait_for(aio_pika.connect(url), _SECONDS)
        await connection.close()
    except (OSError, TimeoutError, aio_pika.exceptions.AMQPError) as error:
        return _silent("broker", url, error)
    return Finding(_TOPIC, "broker", ok=True, found=without_password(url))


async def _database(url: str) -> Finding:
    try:
        connection = await asyncpg.connect(url, timeout=_SECONDS)
        number = int(await connection.fetchval("show server_version_num"))
        has_vectors = await connection.fetchval("select 1 from pg_available_extensions where name = 'vector'")
        await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        return _silent("database", url, error)
    if number < _OLDEST_POSTGRES:
        found, advice = f"Postgres {number // 10_000}", "Postgres 16 or newer is needed"
    elif not has_vectors:
        found, advice = "no extension `vector`", "install pgvector on the database server"
    else:
        found, advice = f"Postgres {number // 10_000}, {without_password(url)}", ""
    return Finding(_TOPIC, "database", ok=not advice, found=found, advice=advice)


def _management(url: str | None) -> Finding:
    if url is None:
        return Finding(_TOPIC, "broker's management", ok=True, found="not named (RABBITMQ_MANAGEMENT_URL)")
    parts = urlsplit(url)
    pair = (unquote(parts.username or ""), unquote(parts.password or ""))
    address = f"{without_password(url).rstrip('/')}/api/overview"
    try:
        httpx.get(address, auth=pair, timeout=_SECONDS, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        return _silent("broker's management", url, error)
    return Finding(_TOPIC, "broker's management", ok=True, found=without_password(url))


def _silent(name: str, url: str, error: BaseException) -> Finding:
    found = f"{without_password(url)}: {error or type(error).__name__}"
    return Finding(_TOPIC, name, ok=False, found=found, advice="frontdesk stack up, or check the address")


def without_password(url: str) -> str:
    """An address as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
