"""What is generated from the code is committed as the code has it. If this fails, run `make generate`."""

from pathlib import Path

from contracts.catalogue import FOLDER
from frontdesk.generate import refused, stale
from frontdesk.generate.definitions import definitions
from frontdesk.generate.fleet import CannotBeMade, Member

Made = tuple[list[Member], list[CannotBeMade]]


def test_every_service_can_be_made_without_a_broker_and_a_database(services_as_made: Made) -> None:
    assert [str(error) for error in services_as_made[1]] == []


def test_schemas_asyncapi_files_and_catalogue_are_what_the_code_says(services_as_made: Made) -> None:
    assert stale(FOLDER, *services_as_made) == []


def test_the_definitions_of_the_broker_are_what_the_code_says(services_as_made: Made) -> None:
    file = Path(__file__).parents[2] / "deploy" / "rabbitmq" / "definitions.json"

    assert file.read_text(encoding="utf-8") == definitions(services_as_made[0])


def test_no_released_message_is_broken() -> None:
    assert refused(FOLDER) == []
