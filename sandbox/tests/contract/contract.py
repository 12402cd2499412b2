"""The sandbox against its OpenAPI document: requests that the document allows and requests that it does not, in each role.

Starts a sandbox for each role, since a run leaves its tenants in disorder, and ends it by its process id.

    contract.py path/to/nimbus-sandbox path/to/schemathesis
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).parent
DOCUMENT = HERE.parents[2] / "docs/admin-api.openapi.json"
# Tenants that are created, and one that is not.
TENANTS = [f"6f1b2c3d-0000-4000-8000-abcdef01234{index}" for index in (5, 6, 7)]
STRANGER = "6f1b2c3d-0000-4000-8000-abcdef012348"
OWNER = {"Nimbus-Owner": "contract/nightly/contoso"}
# Values of parameters, because random values would find nothing.
KNOWN = {"id": [*TENANTS, STRANGER], "Nimbus-Owner": [OWNER["Nimbus-Owner"], "contract/nightly/fabrikam"]}
# Maximum duration of each part in seconds.
PATIENCE = 50
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Sandbox:
    def __init__(self, binary):
        self.process = subprocess.Popen([binary], stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["url"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)

    def ask(self, method, path, headers, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        with OPENER.open(request, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def bearer(self, role):
        form = {"grant_type": "client_credentials", "client_id": role, "client_secret": f"{role}-secret"}
        request = urllib.request.Request(
            f"{self.url}/oauth2/v2.0/token", data=urllib.parse.urlencode(form).encode(), method="POST")
        with OPENER.open(request, timeout=30) as answer:
            return {"Authorization": f"Bearer {json.load(answer)['access_token']}"}

    def plant(self):
        """Three tenants: one without owner, one with everything on, one that is being deleted."""
        system = self.bearer("system")
        string = {"value": "endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV0"}
        on = {
            "extensions": {"interact": {"enabled": True, "acsConnectionString": string}},
            "modalities": {"instantMessaging": {"enabled": True, "primaryAccount": "im@contoso.com"}},
        }
        for index, tenant in enumerate(TENANTS):
            names = {"name": "Contoso", "o365Domain": "contoso.com"}
            settings = {"general": names, "partner": {"partnerId": "northwind"}}
            settings = {**settings, **on} if index == 1 else settings
            self.ask("PUT", f"/v1/tenants/{tenant}", {**system, **(OWNER if index else {})}, {"settings": settings})
        self.ask("PUT", "/sandbox/clients", {}, {"id": "tenant", "tenantIds": TENANTS})
        self.ask("PUT", f"/sandbox/tenants/{TENANTS[1]}/invitations", {}, {"primary": "accepted"})
        self.ask("DELETE", f"/v1/tenants/{TENANTS[2]}?confirm=YES", {**system, **OWNER})


def narrowed():
    """The document with ids, stamps and secrets that exist."""
    document = json.loads(DOCUMENT.read_text())
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] in KNOWN:
                    parameter["schema"]["enum"] = KNOWN[parameter["name"]]
    members = document["components"]["schemas"]["TokenRequest"]["properties"]
    members["client_id"]["enum"] = ["system", "partner"]
    members["client_secret"]["enum"] = ["system-secret", "partner-secret", "wrong"]
    return document


def run(schemathesis, document, sandbox, title, *options):
    print(f"== {title}", flush=True)
    command = [
        os.path.abspath(schemathesis), "--config-file", HERE / "schemathesis.toml", "run", document,
        "--url", sandbox.url, "--max-time", str(PATIENCE), "--continue-on-failure",
        "--generation-database", "none", "--no-color", *options]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return subprocess.run(command, env=environment, cwd=document.parent).returncode == 0


def main(binary, schemathesis):
    with tempfile.TemporaryDirectory() as folder:
        document = pathlib.Path(folder) / "document.json"
        document.write_text(json.dumps(narrowed()))
        return 0 if all(runs(binary, schemathesis, document)) else 1


def runs(binary, schemathesis, document):
    good = []
    for role in ("system", "partner", "tenant"):
        with Sandbox(binary) as sandbox:
            sandbox.plant()
            bearer = sandbox.bearer(role)["Authorization"]
            options = ["--include-tag", "tenants", "--header", f"Authorization: {bearer}"]
            good.append(run(schemathesis, document, sandbox, f"the admin API as {role}", *options))
    with Sandbox(binary) as sandbox:
        options = ["--include-tag", "token", "--max-time", "10"]
        good.append(run(schemathesis, document, sandbox, "the token endpoint", *options))
    # The routes of the sandbox need not accept every valid request, but must answer as documented. Planted faults would
    # change the answers.
    with Sandbox(binary) as sandbox:
        sandbox.plant()
        options = [
            "--include-tag", "sandbox", "--include-tag", "microsoft", "--exclude-path", "/sandbox/faults",
            "--phases", "coverage,fuzzing",
            "--exclude-checks", "positive_data_acceptance,negative_data_rejection,unsupported_method"]
        good.append(run(schemathesis, document, sandbox, "the routes of the sandbox", *options))
    return good


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
