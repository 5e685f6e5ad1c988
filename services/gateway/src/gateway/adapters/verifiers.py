"""How the kinds of senders sign: a new one is one entry here, one module beside, and one in `contracts.tenants.hooks`."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.adapters.graph import GraphClientState
from gateway.adapters.hmac_signature import HmacSignature
from gateway.adapters.hubspot import HubspotSignature
from gateway.adapters.sipgate import SipgateSignature
from gateway.adapters.sns import SnsSignature
from gateway.adapters.stripe import StripeSignature
from gateway.adapters.telegram import TelegramToken
from gateway.adapters.twilio import TwilioSignature
from gateway.adapters.weclapp import WeclappToken
from gateway.adapters.whatsapp import WhatsappSignature
from gateway.adapters.widget import WidgetKey
from gateway.application.ports import Captcha, Outside, Respondent, Verifier


def verifiers(public_url: str, outside: Outside, captcha: Captcha) -> Mapping[str, Verifier]:
    """One for each kind of hook; `public_url` is the gateway's address as senders know it."""
    return {
        "hmac": HmacSignature(),
        "stripe": StripeSignature(),
        "whatsapp": WhatsappSignature(),
        "telegram": TelegramToken(),
        "twilio": TwilioSignature(public_url),
        "sipgate": SipgateSignature(),
        "sns": SnsSignature(outside),
        "graph": GraphClientState(),
        "hubspot": HubspotSignature(public_url),
        "weclapp": WeclappToken(),
        "widget": WidgetKey(captcha),
    }


def respondents(public_url: str) -> Mapping[str, Respondent]:
    """Those kinds of senders that act on the answer."""
    return {"twilio": TwilioSignature(public_url), "sipgate": SipgateSignature()}
