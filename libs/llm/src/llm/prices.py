"""What a call costs, and how large it is before it is made."""

from collections.abc import Mapping
from decimal import Decimal

from llm.port import Cost, Prompt, Tokens
from llm.settings import Price

_MILLION = Decimal(1_000_000)
_CHARACTERS_PER_TOKEN = 3
"""German words split into more tokens than English ones; three characters a token errs on the safe side."""


def cost_of(tokens: Tokens, model: str, prices: Mapping[str, Price]) -> Cost | None:
    """The cost by the price table; None when the model has no price there."""
    price = prices.get(model)
    if price is None:
        return None
    amount = (price.input * tokens.input + price.output * tokens.output) / _MILLION
    return Cost(amount=amount.normalize() if amount else Decimal(0), currency=price.currency)


def estimated_tokens(*texts: str) -> int:
    """About how many tokens texts have, rather too many than too few."""
    return sum(len(text) // _CHARACTERS_PER_TOKEN + 1 for text in texts)


def largest(prompt: Prompt, max_output_tokens: int) -> Tokens:
    """The most tokens that a call may take."""
    return Tokens(estimated_tokens(prompt.instructions, prompt.text), max_output_tokens, estimated=True)
