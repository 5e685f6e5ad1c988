"""Each event in a transaction of its own: three inserts by raw asyncpg on 16 connections, then the acknowledgement."""

from __future__ import annotations

import asyncio
import json
import time

import aio_pika
import asyncpg
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from documents import QUEUE
from pydantic import BaseModel
from talk import answer, asked

_TABLES = """
drop schema if exists bench_floor cascade;
create schema bench_floor;
create table bench_floor.inbox (noun text, message_id text, handled_at timestamptz default now(), primary key (noun, message_id));
create table bench_floor.notes (tenant_id text, document_id text, filename text, primary key (tenant_id, document_id));
create table bench_floor.outbox (id bigserial primary key, message_id text, headers jsonb, body bytea, created_at timestamptz default now());
"""


class Asked(BaseModel):
    """What is wanted."""

    amqp_url: str
    database_url: str
    count: int
    warm_up: int


async def main() -> None:
    """Empty the queue."""
    wanted = asked(Asked)
    done = asyncio.Event()
    seen = 0
    began = ended = 0.0
    pool = await asyncpg.create_pool(wanted.database_url, min_size=16, max_size=16)
    await pool.execute(_TABLES)

    async def hear(message: AbstractIncomingMessage) -> None:
        nonlocal seen, began, ended
        event = json.loads(message.body)
        message_id, headers = (
            message.message_id,
            {name: str(value) for name, value in message.headers.items()},
        )
        async with pool.acquire() as connection, connection.transaction():
            new = await connection.fetchval(
                "insert into bench_floor.inbox (noun, message_id) values ('document.received', $1) "
                "on conflict do nothing returning 1",
                message_id,
            )
            if new:
                await connection.execute(
                    "insert into bench_floor.notes values ($1, $2, $3)",
                    headers["ce-tenantid"],
                    event["document_id"],
                    event["filename"],
                )
                await connection.execute(
                    "insert into bench_floor.outbox (message_id, headers, body) values ($1, $2, $3)",
                    message_id,
                    json.dumps(headers),
                    message.body,
                )
        await message.ack()
        seen += 1
        if seen == wanted.warm_up:
            began = time.monotonic()
        if seen == wanted.count:
            ended = time.monotonic()
            done.set()

    async with await aio_pika.connect_robust(wanted.amqp_url) as connection:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=200)
        queue = await channel.get_queue(QUEUE, ensure=False)
        await queue.consume(hear)
        await done.wait()
    await pool.close()
    answer(rate=(wanted.count - wanted.warm_up) / (ended - began))


if __name__ == "__main__":
    uvloop.run(main())
