"""A server behind `signfleet tls-front` gives addresses that its clients can use."""

from __future__ import annotations

import ssl

import httpx

from tests.fronting import RunningFront


def test_addresses_have_the_name_that_the_client_used(front: RunningFront) -> None:
    trusting = ssl.create_default_context(cafile=front.authority)
    with httpx.Client(proxy=front.variables["HTTPS_PROXY"], verify=trusting) as client:
        found = client.get("https://auth.bsn.cloud/realms/bsncloud/.well-known/openid-configuration").json()
        assert found["token_endpoint"].startswith("https://auth.bsn.cloud/")
        assert client.get("https://api.bsn.cloud/2022/06/REST/Devices/").status_code == 401
