"""Microsoft's own packages against the sandbox: unchanged, with their public host names, without the internet.

A proxy in this process answers CONNECT for Microsoft's hosts, ends TLS with certificates of a CA made for the run, and
hands the plain requests to the sandbox, which knows the places by the Host header. Nothing leaves the loopback device.

    sdk.py path/to/nimbus-sandbox
"""

import asyncio
import base64
import datetime
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import unittest

from tls_proxy import Authority, Proxy

TENANT = "6f1b2c3d-0000-4000-8000-abcdef012345"
NIMBUS_APP = "0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e01"
NIMBUS_SECRET = "nimbus-app-secret"
CERTIFICATE_APP = "cccccccc-0000-4000-8000-000000000001"
RESOURCE_ID = "aaaaaaaa-0000-4000-8000-000000000001"
GROUP = "bbbbbbbb-0000-4000-8000-000000000001"
PRESENCE_READ_ALL = "a70e0c2d-e793-494c-94c4-118fa0a67f42"
SCOPE = "https://graph.microsoft.com/.default"
KEY = base64.b64encode(b"a key of a resource").decode()
PERMISSIONS = ["User.Read.All", "Group.Read.All", "Application.Read.All", "Presence.Read.All", "User.Invite.All"]
HOSTS = ["login.microsoftonline.com", "graph.microsoft.com", "contoso.communication.azure.com"]


def in_base64(number):
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class World:
    """The sandbox with planted data."""

    def __init__(self, url):
        import requests

        self.url, self.session = url, requests.Session()
        self.session.trust_env = False

    def ask(self, method, path, body=None):
        answer = self.session.request(method, f"{self.url}/sandbox/microsoft{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def plant_fault(self, route, status, headers):
        body = {"error": {"code": "TooManyRequests"}}
        action = {"kind": "status", "status": status, "headers": headers, "body": body}
        faults = {"faults": [{"route": route, "nth": 1, "action": action}]}
        self.session.post(f"{self.url}/sandbox/faults", json=faults, timeout=30).raise_for_status()

    def grant(self, client, permissions):
        self.ask("PUT", f"/tenants/{TENANT}/grants", {"clientId": client, "permissions": permissions})

    def plant(self, app_key):
        numbers = app_key.public_key().public_numbers()
        jwk = {"kty": "RSA", "n": in_base64(numbers.n), "e": in_base64(numbers.e)}
        self.ask("PUT", f"/tenants/{TENANT}", {"domains": ["contoso.com"]})
        self.ask("PUT", f"/apps/{CERTIFICATE_APP}", {"keys": [jwk]})
        self.grant(NIMBUS_APP, PERMISSIONS)
        self.grant(CERTIFICATE_APP, [])
        users = [f"{index:08}-0000-4000-8000-00000000abcd" for index in range(1, 251)]
        for index, user in enumerate(users[:3]):
            self.ask("PUT", f"/tenants/{TENANT}/users/{user}", {
                "userPrincipalName": f"user{index}@contoso.onmicrosoft.com",
                "properties": {"displayName": f"User {index}", "preferredLanguage": "en-GB"},
                "presence": {"availability": "Busy", "activity": "InACall"},
            })
        members = [{"type": "user", "id": user} for user in users]
        self.ask("PUT", f"/tenants/{TENANT}/groups/{GROUP}", {"displayName": "Administrators", "members": members})
        self.ask("PUT", "/acs/contoso", {"resourceId": RESOURCE_ID, "accessKeys": [KEY]})
        return users


class Login(unittest.TestCase):
    def test_azure_identity_takes_a_token_with_a_secret(self):
        from azure.identity import ClientSecretCredential

        token = ClientSecretCredential(TENANT, NIMBUS_APP, NIMBUS_SECRET).get_token(SCOPE)
        self.assertGreater(len(token.token), 30)

    def test_azure_identity_takes_a_token_with_a_certificate(self):
        from azure.identity import CertificateCredential

        token = CertificateCredential(TENANT, CERTIFICATE_APP, APP_CERTIFICATE).get_token(SCOPE)
        self.assertGreater(len(token.token), 30)

    def test_azure_identity_takes_a_token_with_an_assertion_of_its_own(self):
        from azure.identity import ClientAssertionCredential
        from msal.oauth2cli.assertion import JwtAssertionCreator

        pem = pathlib.Path(APP_CERTIFICATE).read_text()
        endpoint = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
        create = JwtAssertionCreator(pem[pem.index("-----BEGIN PRIVATE"):], "RS256").create_normal_assertion
        assertion = lambda audience: lambda: create(audience, CERTIFICATE_APP, CERTIFICATE_APP)
        ClientAssertionCredential(TENANT, CERTIFICATE_APP, assertion(endpoint)).get_token(SCOPE)
        with self.assertRaisesRegex(Exception, "AADSTS700027"):
            ClientAssertionCredential(TENANT, CERTIFICATE_APP, assertion("https://else.example")).get_token(SCOPE)

    def test_azure_identity_reads_every_refusal(self):
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import ClientSecretCredential

        other = "dddddddd-0000-4000-8000-000000000001"
        for tenant, app, secret, number in [
            (TENANT, NIMBUS_APP, "wrong", "AADSTS7000215"),
            (TENANT, other, "wrong", "AADSTS700016"),
            (other, NIMBUS_APP, NIMBUS_SECRET, "Unable to get authority configuration"),
        ]:
            with self.assertRaisesRegex(ClientAuthenticationError, number):
                ClientSecretCredential(tenant, app, secret).get_token(SCOPE)

    def test_msal_takes_tokens_and_reads_a_refusal(self):
        import msal

        authority = f"https://login.microsoftonline.com/{TENANT}"
        app = msal.ConfidentialClientApplication(NIMBUS_APP, NIMBUS_SECRET, authority=authority)
        self.assertEqual("Bearer", app.acquire_token_for_client([SCOPE])["token_type"])
        app = msal.ConfidentialClientApplication(NIMBUS_APP, "wrong", authority=authority)
        refusal = app.acquire_token_for_client([SCOPE])
        self.assertEqual(("invalid_client", [7000215]), (refusal["error"], refusal["error_codes"]))

    def test_msal_finds_the_tenant_of_a_domain(self):
        import msal

        app = msal.ConfidentialClientApplication(
            NIMBUS_APP, NIMBUS_SECRET, authority="https://login.microsoftonline.com/contoso.com")
        self.assertIn("access_token", app.acquire_token_for_client([SCOPE]))


class Graph(unittest.TestCase):
    """By msgraph-core: its middleware, its authentication, its errors."""

    def send(self, *paths, headers=None, method="GET", body=None):
        """Returns status and body of each path, one after the other on one client."""
        return asyncio.run(self.send_all(paths, headers or {}, method, body))

    async def send_all(self, paths, headers, method, body):
        import httpx
        from azure.identity import ClientSecretCredential
        from kiota_abstractions.method import Method
        from kiota_abstractions.request_information import RequestInformation
        from kiota_authentication_azure import azure_identity_authentication_provider as kiota
        from msgraph_core import GraphClientFactory

        client = httpx.AsyncClient(proxy=PROXY, verify=ssl.create_default_context(cafile=BUNDLE))
        client = GraphClientFactory.create_with_default_middleware(client=client)
        # What a request adapter sets; without it the middleware does nothing.
        extensions = {"kiota_request_options": {}}
        credential = ClientSecretCredential(TENANT, NIMBUS_APP, NIMBUS_SECRET)
        provider = kiota.AzureIdentityAuthenticationProvider(credential, allowed_hosts=["graph.microsoft.com"])
        answers = []
        async with client:
            for path in paths:
                request = RequestInformation()
                request.http_method, request.url = Method[method], f"https://graph.microsoft.com/v1.0{path}"
                await provider.authenticate_request(request)
                all_headers = {name: ",".join(value) for name, value in request.headers.get_all().items()}
                all_headers.update(headers)
                answer = await client.request(
                    method, request.url, headers=all_headers, json=body, extensions=dict(extensions))
                answers.append((answer.status_code, answer.json()))
        return answers

    def one(self, path, **more):
        return self.send(path, **more)[0]

    def test_a_group_and_its_members_page_by_page(self):
        status, group = self.one(f"/groups/{GROUP}?$select=id,groupTypes,mailEnabled,securityEnabled")
        kind = group["groupTypes"], group["mailEnabled"], group["securityEnabled"]
        self.assertEqual((200, ([], False, True)), (status, kind))
        members, path = [], f"/groups/{GROUP}/members?$select=id&$top=120"
        sizes = []
        while path:
            status, page = self.one(path)
            self.assertEqual(200, status)
            sizes.append(len(page["value"]))
            members += [member["id"] for member in page["value"]]
            link = page.get("@odata.nextLink")
            self.assertTrue(link is None or link.startswith("https://graph.microsoft.com/v1.0/"), link)
            path = link and link.removeprefix("https://graph.microsoft.com/v1.0")
        self.assertEqual(([120, 120, 10], USERS), (sizes, members))

    def test_a_grant_is_found_by_role_and_resource(self):
        (_, app), (_, graph) = self.send(
            f"/servicePrincipals(appId='{NIMBUS_APP}')",
            "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')",
        )
        _, assignments = self.one(f"/servicePrincipals/{app['id']}/appRoleAssignments")
        granted = [(item["resourceId"], item["appRoleId"]) for item in assignments["value"]]
        self.assertIn((graph["id"], PRESENCE_READ_ALL), granted)

    def test_presence_users_and_a_filter_of_advanced_capabilities(self):
        (_, user), (_, presence) = self.send("/users/user0@contoso.onmicrosoft.com", f"/users/{USERS[0]}/presence")
        self.assertEqual((USERS[0], "Busy", "InACall"), (user["id"], presence["availability"], presence["activity"]))
        example = "endsWith(userPrincipalName,'onmicrosoft.com') and preferredLanguage eq 'en-GB'"
        path = f"/users?$filter={example}&$count=true&$top=1"
        status, refusal = self.one(path)
        self.assertEqual((400, "Request_UnsupportedQuery"), (status, refusal["error"]["code"]))
        status, page = self.one(path, headers={"ConsistencyLevel": "eventual"})
        self.assertEqual((200, 3, 1), (status, page["@odata.count"], len(page["value"])))

    def test_the_middleware_waits_as_retry_after_says(self):
        WORLD.plant_fault("GET /graph/v1.0/groups/{group}", 429, {"retry-after": "1"})
        status, group = self.one(f"/groups/{GROUP}")
        self.assertEqual((200, "Administrators"), (status, group.get("displayName")), group)

    def test_an_invitation(self):
        body = {"invitedUserEmailAddress": "im1@luware.com", "inviteRedirectUrl": "https://portal.example"}
        status, invitation = self.one("/invitations", method="POST", body=body)
        self.assertEqual((201, "PendingAcceptance"), (status, invitation["status"]))


class Identity(unittest.TestCase):
    """By azure-communication-identity, from a connection string."""

    def client(self, key=KEY, name="contoso"):
        from azure.communication.identity import CommunicationIdentityClient

        text = f"endpoint=https://{name}.communication.azure.com/;accesskey={key}"
        return CommunicationIdentityClient.from_connection_string(text, retry_total=0)

    def counts(self):
        counts = WORLD.ask("GET", "/acs/contoso")
        return [counts[name] for name in ["identitiesCreated", "identitiesDeleted", "tokensIssued", "revocations"]]

    def test_a_check_leaves_no_identity_behind(self):
        before, client = self.counts(), self.client()
        user, token = client.create_user_and_token(scopes=["chat"], token_expires_in=datetime.timedelta(hours=1))
        self.assertTrue(user.raw_id.startswith(f"8:acs:{RESOURCE_ID}_"), user.raw_id)
        self.assertGreater(len(token.token), 30)
        client.delete_user(user)
        self.assertEqual([1, 1, 1, 0], [now - was for now, was in zip(self.counts(), before)])

    def test_tokens_are_issued_and_revoked(self):
        before, client = self.counts(), self.client()
        user = client.create_user()
        client.get_token(user, scopes=["voip"])
        client.revoke_tokens(user)
        self.assertEqual([1, 0, 1, 1], [now - was for now, was in zip(self.counts(), before)])

    def test_a_wrong_key_is_denied(self):
        from azure.core.exceptions import HttpResponseError

        with self.assertRaises(HttpResponseError) as raised:
            self.client(key=base64.b64encode(b"another key").decode()).create_user()
        self.assertEqual((401, "Denied"), (raised.exception.status_code, raised.exception.error.code))

    def test_a_lifetime_beyond_the_bounds_is_refused(self):
        from azure.core.exceptions import HttpResponseError

        with self.assertRaises(HttpResponseError) as raised:
            self.client().create_user_and_token(scopes=["chat"], token_expires_in=datetime.timedelta(minutes=59))
        self.assertEqual(400, raised.exception.status_code)


def start(binary):
    process = subprocess.Popen([binary], stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())["url"]


def main():
    global WORLD, USERS, BUNDLE, PROXY, APP_CERTIFICATE
    process, url = start(sys.argv[1])
    try:
        with tempfile.TemporaryDirectory() as folder:
            authority = Authority(folder)
            host, port = url.removeprefix("http://").split(":")
            proxy = Proxy(HOSTS, authority.server_context(HOSTS), (host, int(port)))
            key, certificate = authority.make("app", authority.certificate, ["app"])
            BUNDLE, PROXY = authority.bundle, proxy.url
            APP_CERTIFICATE = authority.write("app.pem", certificate, key)
            os.environ.update(HTTPS_PROXY=PROXY, https_proxy=PROXY, REQUESTS_CA_BUNDLE=BUNDLE, SSL_CERT_FILE=BUNDLE)
            os.environ.update(NO_PROXY="", no_proxy="", AZURE_CORE_COLLECT_TELEMETRY="no")
            WORLD = World(url)
            USERS = WORLD.plant(key)
            suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
            result = unittest.TextTestRunner(verbosity=2).run(suite)
            failed = len(result.failures) + len(result.errors)
            if proxy.refused:
                print("asked for other hosts:", sorted(set(proxy.refused)))
            print(f"{result.testsRun - failed} passed, {failed} failed")
            return 1 if failed or proxy.refused or not result.testsRun else 0
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
