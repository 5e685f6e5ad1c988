"""Which CRM a company has, and when its credential is good for nothing."""

from typing import cast

import pytest
from pydantic import SecretStr

from chassis import Tenants, Units
from chassis.errors import NeedsTenant
from contracts.tenants.http_v1 import Credential, TenantProfile
from crm_sync.adapters.crms import TenantCrms
from testkit.tenancy import profile


class Company:
    """What tenancy says of a company with weclapp."""

    def __init__(self, base_url: str, token: str) -> None:
        self._values = {"base_url": SecretStr(base_url), "token": SecretStr(token)}

    async def profile(self, tenant_id: str) -> TenantProfile:
        return profile(tenant_id, crm="weclapp")

    async def credential(self, tenant_id: str, name: str) -> Credential:
        return Credential(name=name, version=1, values=self._values)


@pytest.mark.parametrize(
    ("base_url", "token"),
    [
        ("https://muster.weclapp.test", "a-token\n"),
        ("https://muster.weclapp.test", "tökén"),
        ("muster", "a-token"),
        ("http://169.254.169.254/latest", "a-token"),
        ("https://user@muster.weclapp.test", "a-token"),
        ("https://localhost:8001", "a-token"),
    ],
)
async def test_a_credential_that_no_request_could_carry_waits_for_the_company_to_mend_it(
    base_url: str, token: str
) -> None:
    crms = TenantCrms(cast("Tenants", Company(base_url, token)), cast("Units", None), country_code="AT")

    with pytest.raises(NeedsTenant) as asked:
        await crms.of("muster")

    assert asked.value.credential == "weclapp"
    assert token not in str(asked.value)
