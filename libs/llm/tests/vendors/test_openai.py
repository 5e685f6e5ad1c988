"""What only OpenAI does."""

import pytest
from pydantic import BaseModel

from llm import LanguageModelSettings, Prompt, language_model
from vendorkit import VendorAuthExpired


class Answer(BaseModel):
    summary: str


async def test_an_account_without_credit_is_for_the_tenant_and_not_waited_for(sandbox) -> None:
    await sandbox.reset()
    await sandbox.seed("openai", keys_without_quota=["poor-key"])
    settings = LanguageModelSettings.model_validate(
        {"provider": "openai", "base_url": sandbox.address("openai"), "api_key": "poor-key"}
    )
    model = language_model(settings)
    with pytest.raises(VendorAuthExpired, match="no credit left"):
        await model.generate(Prompt("Summarise.", "## FILENAME\na.pdf"), Answer)
    assert len(await sandbox.seen("openai")) == 1
    await model.aclose()
