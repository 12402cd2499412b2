"""Writes src/microsoft/vectors.rs: what Microsoft's own packages send for fixed inputs.

Nothing here speaks to Microsoft: the packages run with a transport that keeps the request. Run it where they are installed:

    pip install azure-communication-identity azure-identity msal msgraph-core
    python tests/microsoft/vectors.py | rustfmt --edition 2024 > src/microsoft/vectors.rs
"""

import json
from datetime import timedelta
from importlib.metadata import version
from urllib.parse import parse_qsl, urlsplit

import azure.communication.identity._shared.policy as hmac_policy
import msal
from azure.communication.identity import CommunicationIdentityClient, CommunicationUserIdentifier
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import HttpTransport
from azure.identity._internal.aad_client import AadClient
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

DATE = "Tue, 24 Nov 2026 20:30:00 GMT"
KEY = "c2VjcmV0LW9mLXRoZS1mYWtlLXJlc291cmNlLTAxMjM0NTY3ODk="
RESOURCE = "2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77"
IDENTITY = f"8:acs:{RESOURCE}_00000017-3d5e-4a1f-8b2c-a1b2c3d4e5f6"
TENANT = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c"
CLIENT = "0d1c2b3a-4f5e-6d7c-8b9a-a0b1c2d3e4f5"
SCOPE = "https://graph.microsoft.com/.default"
SECRET = "p~ss&word=+/%"
ASSERTION = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"


class Kept(Exception):
    """Ends an exchange once its request is known."""


class Keeping(HttpTransport):
    """A transport that sends nothing."""

    def send(self, request, **_):
        self.request = request
        raise Kept

    def open(self): ...

    def close(self): ...

    def __exit__(self, *_): ...


def text(value):
    """A Rust string literal."""
    return json.dumps(value, ensure_ascii=False)


def constant(doc, name, kind, value):
    print(f"\n/// {doc}\npub(super) const {name}: {kind} = {value};")


def pairs(items):
    return "&[" + ", ".join(f"({text(name)}, {text(value)})" for name, value in items) + "]"


def signed(call, host):
    """What a call of the identity client signs and sends."""
    transport = Keeping()
    endpoint = f"endpoint=https://{host}/;accesskey={KEY}"
    client = CommunicationIdentityClient.from_connection_string(endpoint, transport=transport, retry_total=0)
    try:
        call(client)
    except (Kept, AzureError):
        pass
    request = transport.request
    url = urlsplit(request.url)
    path = url.path + ("?" + url.query if url.query else "")
    members = {
        "method": request.method,
        "host": url.netloc,
        "path_and_query": path,
        "body": request.body or "",
        "content_hash": request.headers["x-ms-content-sha256"],
        "authorization": request.headers["Authorization"],
    }
    assert request.headers["x-ms-date"] == DATE
    return "Signed { " + ", ".join(f"{name}: {text(value)}" for name, value in members.items()) + " }"


def signatures():
    hmac_policy.get_current_utc_time = lambda: DATE
    user = CommunicationUserIdentifier(IDENTITY)
    create = lambda client: client.create_user_and_token(["chat"], token_expires_in=timedelta(hours=1))
    calls = [
        (create, "contoso.communication.azure.com"),
        (create, "contoso.europe.communication.azure.com:8443"),
        (lambda client: client.create_user(), "contoso.communication.azure.com"),
        (lambda client: client.get_token(user, ["chat"]), "contoso.communication.azure.com"),
        (lambda client: client.delete_user(user), "contoso.communication.azure.com"),
    ]
    return "&[" + ", ".join(signed(call, host) for call, host in calls) + "]"


def azure_identity_form(assertion):
    client = AadClient(TENANT, CLIENT)
    if assertion:
        request = client._get_jwt_assertion_request([SCOPE], ASSERTION)
    else:
        request = client._get_client_secret_request([SCOPE], SECRET)
    return request.url, sorted(request._data.items())


def msal_form(assertion):
    """What the second package sends, less what only describes the package."""
    kept = {}

    class Answer:
        status_code = 200
        headers = {}

        def __init__(self, members):
            self.text = json.dumps(members)

        def raise_for_status(self): ...

    class Http:
        def post(self, url, params=None, data=None, headers=None, **_):
            kept.update(url=url, data=data, headers=headers)
            return Answer({"access_token": "t", "expires_in": 3599, "token_type": "Bearer"})

        def get(self, url, **_):
            authority = url.removesuffix("/v2.0/.well-known/openid-configuration")
            ends = {"token_endpoint": "oauth2/v2.0/token", "authorization_endpoint": "oauth2/v2.0/authorize"}
            found = {name: f"{authority}/{path}" for name, path in ends.items()}
            return Answer({"issuer": f"{authority}/v2.0", **found})

        def close(self): ...

    app = msal.ConfidentialClientApplication(
        CLIENT,
        client_credential={"client_assertion": ASSERTION} if assertion else SECRET,
        authority=f"https://login.microsoftonline.com/{TENANT}",
        http_client=Http(),
        instance_discovery=False,
    )
    app.acquire_token_for_client([SCOPE])
    data = dict(kept["data"])
    return kept["url"], sorted(item for item in data.items() if item[0] != "client_info")


def graph_url(template, path=None, query=None):
    """A URL as the SDKs of Graph expand it."""
    request = RequestInformation(Method.GET, template, {"baseurl": "https://graph.microsoft.com/v1.0", **(path or {})})
    request.query_parameters = query or {}
    return request.url


UPNS = [
    "anna.muster@contoso.com",
    "ext_fabrikam.com#EXT#@contoso.onmicrosoft.com",
    "o'neil+x@contoso.com",
    "a/b?c%d@contoso.com",
    "zoë@contoso.com",
]
FILTERS = [
    "endsWith(userPrincipalName,'onmicrosoft.com') and preferredLanguage eq 'en-GB'",
    "surname eq 'O''Neil' or city eq 'Zürich & Genève'",
    "displayName eq 'a+b=c#d%20'",
]


def main():
    names = ["azure-communication-identity", "azure-identity", "msal", "msgraph-core", "microsoft-kiota-abstractions"]
    made = ", ".join(f"{name} {version(name)}" for name in names)
    print("//! What Microsoft's own packages send for fixed inputs: made by `tests/microsoft/vectors.py`, not by hand.")
    print(f"//!\n//! With {made}.")
    print("\n/// A request of the identity client, signed.")
    print("pub(super) struct Signed {")
    for name in ["method", "host", "path_and_query", "body", "content_hash", "authorization"]:
        print(f"    pub(super) {name}: &'static str,")
    print("}")
    constant("The date of every signature.", "DATE", "&str", text(DATE))
    constant("The access key of every signature.", "KEY", "&str", text(KEY))
    constant("The identity in paths.", "IDENTITY", "&str", text(IDENTITY))
    constant("Its resource.", "RESOURCE", "&str", text(RESOURCE))
    constant("Signed requests.", "SIGNED", "&[Signed]", signatures())
    constant("The tenant of the token requests.", "TENANT", "&str", text(TENANT))
    constant("The client of the token requests.", "CLIENT", "&str", text(CLIENT))
    constant("Its secret.", "SECRET", "&str", text(SECRET))
    constant("Its assertion.", "ASSERTION", "&str", text(ASSERTION))
    kind = "&[(&str, &str)]"
    for name, assertion in [("SECRET", False), ("ASSERTION", True)]:
        url, form = azure_identity_form(assertion)
        assert msal_form(assertion) == (url, form), (msal_form(assertion), url, form)
        constant(f"The form that asks for a token by {name.lower()}, sorted.", f"FORM_BY_{name}", kind, pairs(form))
    constant("Where it is sent.", "TOKEN_URL", "&str", text(url))
    template = "{+baseurl}/users/{user%2Did}"
    upns = [(upn, urlsplit(graph_url(template, {"user%2Did": upn})).path) for upn in UPNS]
    constant("User principal names, and the path of each.", "UPNS", kind, pairs(upns))
    template = "{+baseurl}/users{?%24count,%24filter,%24top}"
    filters = []
    for expression in FILTERS:
        query = urlsplit(graph_url(template, query={"%24filter": expression, "%24count": True, "%24top": 1})).query
        assert dict(parse_qsl(query))["$filter"] == expression
        filters.append((expression, query))
    constant("Filters, and the query of the probe of each.", "FILTERS", kind, pairs(filters))


main()
