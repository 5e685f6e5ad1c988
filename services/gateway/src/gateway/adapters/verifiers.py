"""How the kinds of senders sign: a new source is one entry here and one module beside."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.adapters.hmac_signature import HmacSignature
from gateway.application.ports import Verifier

VERIFIERS: Mapping[str, Verifier] = {"hmac": HmacSignature()}
