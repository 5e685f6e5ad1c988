"""Behind a company's proxy, a vendor is asked by way of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel

from llm import LanguageModelSettings, Prompt, language_model
from vendorkit import VendorError


class Answer(BaseModel):
    summary: str


class Proxy:
    """Notes what it is asked for, and serves nobody."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.address = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readline()).decode().strip())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    found = Proxy()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield found


@pytest.mark.parametrize("provider", ["openai", "gemini"])
async def test_a_model_is_asked_by_way_of_the_proxy_that_the_environment_names(
    proxy: Proxy, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.address)
    monkeypatch.delenv("NO_PROXY", raising=False)
    settings = LanguageModelSettings.model_validate(
        {"provider": provider, "base_url": "https://model.test/v1", "api_key": "key", "retries": 0}
    )
    model = language_model(settings)

    with pytest.raises(VendorError):
        await model.generate(Prompt("Summarise.", "Guten Tag"), Answer)
    await model.aclose()

    assert proxy.asked == ["CONNECT model.test:443 HTTP/1.1"]


@pytest.mark.parametrize("provider", ["openai", "gemini"])
async def test_a_model_simulated_on_this_machine_is_not_asked_by_way_of_a_proxy(
    sandbox, proxy: Proxy, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sandbox.reset()
    monkeypatch.setenv("HTTP_PROXY", proxy.address)
    monkeypatch.delenv("NO_PROXY", raising=False)
    settings = LanguageModelSettings.model_validate(
        {"provider": provider, "base_url": sandbox.address(provider), "api_key": "key"}
    )
    model = language_model(settings)

    assert (await model.embed(["Balkon"])).vectors
    await model.aclose()

    assert proxy.asked == []
