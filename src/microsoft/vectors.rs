//! What Microsoft's own packages send for fixed inputs: made by `tests/microsoft/vectors.py`, not by hand.
//!
//! With azure-communication-identity 1.5.0, azure-identity 1.27.0, msal 1.39.0, msgraph-core 1.5.2, microsoft-kiota-abstractions 1.16.0.

/// A request of the identity client, signed.
pub(super) struct Signed {
    pub(super) method: &'static str,
    pub(super) host: &'static str,
    pub(super) path_and_query: &'static str,
    pub(super) body: &'static str,
    pub(super) content_hash: &'static str,
    pub(super) authorization: &'static str,
}

/// The date of every signature.
pub(super) const DATE: &str = "Tue, 24 Nov 2026 20:30:00 GMT";

/// The access key of every signature.
pub(super) const KEY: &str = "c2VjcmV0LW9mLXRoZS1mYWtlLXJlc291cmNlLTAxMjM0NTY3ODk=";

/// The identity in paths.
pub(super) const IDENTITY: &str = "8:acs:2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77_00000017-3d5e-4a1f-8b2c-a1b2c3d4e5f6";

/// Its resource.
pub(super) const RESOURCE: &str = "2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77";

/// Signed requests.
pub(super) const SIGNED: &[Signed] = &[
    Signed {
        method: "POST",
        host: "contoso.communication.azure.com",
        path_and_query: "/identities?api-version=2023-10-01",
        body: "{\"createTokenWithScopes\": [\"chat\"], \"expiresInMinutes\": 60}",
        content_hash: "apyRfEbiXMeeaNZWFW9Wexp0u7HcMjIECdv8QSmwPtQ=",
        authorization: "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AzsTYT6MO9vXsLjQCYnj3kRA09fVqReI5AgsKaptSdc=",
    },
    Signed {
        method: "POST",
        host: "contoso.europe.communication.azure.com:8443",
        path_and_query: "/identities?api-version=2023-10-01",
        body: "{\"createTokenWithScopes\": [\"chat\"], \"expiresInMinutes\": 60}",
        content_hash: "apyRfEbiXMeeaNZWFW9Wexp0u7HcMjIECdv8QSmwPtQ=",
        authorization: "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=s88068OoVUSqqQB0CjnjROdNDva2iqT514qdK8mpiWc=",
    },
    Signed {
        method: "POST",
        host: "contoso.communication.azure.com",
        path_and_query: "/identities?api-version=2023-10-01",
        body: "",
        content_hash: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        authorization: "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=ZvHS2C0cVFIB7QxXOu/OBFl53ijSqJXyETKwx1D+4cU=",
    },
    Signed {
        method: "POST",
        host: "contoso.communication.azure.com",
        path_and_query: "/identities/8%3Aacs%3A2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77_00000017-3d5e-4a1f-8b2c-a1b2c3d4e5f6/:issueAccessToken?api-version=2023-10-01",
        body: "{\"scopes\": [\"chat\"]}",
        content_hash: "sZHRO4JkAmw3HcI1PyxrC5twHvkHIWjyMLVIkauXKRA=",
        authorization: "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=9kY+hSOSu5UOoMU4vMmeRXkWthIbry0qeewuwDxUjc0=",
    },
    Signed {
        method: "DELETE",
        host: "contoso.communication.azure.com",
        path_and_query: "/identities/8%3Aacs%3A2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77_00000017-3d5e-4a1f-8b2c-a1b2c3d4e5f6?api-version=2023-10-01",
        body: "",
        content_hash: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        authorization: "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=yTmBczyxDlLNUK2wtdgjFVBfTWh6OUN6YNk+N04DpFA=",
    },
];

/// The tenant of the token requests.
pub(super) const TENANT: &str = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

/// The client of the token requests.
pub(super) const CLIENT: &str = "0d1c2b3a-4f5e-6d7c-8b9a-a0b1c2d3e4f5";

/// Its secret.
pub(super) const SECRET: &str = "p~ss&word=+/%";

/// Its assertion.
pub(super) const ASSERTION: &str = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

/// The form that asks for a token by secret, sorted.
pub(super) const FORM_BY_SECRET: &[(&str, &str)] = &[
    ("client_id", "0d1c2b3a-4f5e-6d7c-8b9a-a0b1c2d3e4f5"),
    ("client_secret", "p~ss&word=+/%"),
    ("grant_type", "client_credentials"),
    ("scope", "https://graph.microsoft.com/.default"),
];

/// The form that asks for a token by assertion, sorted.
pub(super) const FORM_BY_ASSERTION: &[(&str, &str)] = &[
    ("client_assertion", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"),
    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
    ("client_id", "0d1c2b3a-4f5e-6d7c-8b9a-a0b1c2d3e4f5"),
    ("grant_type", "client_credentials"),
    ("scope", "https://graph.microsoft.com/.default"),
];

/// Where it is sent.
pub(super) const TOKEN_URL: &str =
    "https://login.microsoftonline.com/6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c/oauth2/v2.0/token";

/// User principal names, and the path of each.
pub(super) const UPNS: &[(&str, &str)] = &[
    ("anna.muster@contoso.com", "/v1.0/users/anna.muster%40contoso.com"),
    (
        "ext_fabrikam.com#EXT#@contoso.onmicrosoft.com",
        "/v1.0/users/ext_fabrikam.com%23EXT%23%40contoso.onmicrosoft.com",
    ),
    ("o'neil+x@contoso.com", "/v1.0/users/o%27neil%2Bx%40contoso.com"),
    ("a/b?c%d@contoso.com", "/v1.0/users/a%2Fb%3Fc%25d%40contoso.com"),
    ("zoë@contoso.com", "/v1.0/users/zo%C3%AB%40contoso.com"),
];

/// Filters, and the query of the probe of each.
pub(super) const FILTERS: &[(&str, &str)] = &[
    (
        "endsWith(userPrincipalName,'onmicrosoft.com') and preferredLanguage eq 'en-GB'",
        "%24count=true&%24filter=endsWith%28userPrincipalName%2C%27onmicrosoft.com%27%29%20and%20preferredLanguage%20eq%20%27en-GB%27&%24top=1",
    ),
    (
        "surname eq 'O''Neil' or city eq 'Zürich & Genève'",
        "%24count=true&%24filter=surname%20eq%20%27O%27%27Neil%27%20or%20city%20eq%20%27Z%C3%BCrich%20%26%20Gen%C3%A8ve%27&%24top=1",
    ),
    ("displayName eq 'a+b=c#d%20'", "%24count=true&%24filter=displayName%20eq%20%27a%2Bb%3Dc%23d%2520%27&%24top=1"),
];
