import aio_pika
import asyncpg


async def test_each_session_has_a_virtual_host_and_a_database_of_its_own(environment: dict[str, str]) -> None:
    connection = await aio_pika.connect(environment["AMQP_URL"])
    database = await asyncpg.connect(environment["DATABASE_URL"])

    assert environment["AMQP_URL"].rpartition("/")[2].startswith("test_")
    assert (await database.fetchval("select current_database()")).startswith("test_")

    await connection.close()
    await database.close()
