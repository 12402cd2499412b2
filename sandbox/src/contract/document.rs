//! The contract as an OpenAPI 3.1 document, made from the route list and the settings table.
//!
//! Slugs and codes of refusals, renames between spec and wire, and the rules of each setting are extensions named
//! `x-nimbus-…`, so that another implementation can be checked against the same rules.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::route::{Api, Holds, In, Microsoft, Operation, PAGE, Parameter, Route};
use super::routes::routes;
use super::schemas;
use crate::model::problem::{Code, Slug};

const ABOUT: &str = "Settings of a Nimbus tenant, one document per Entra tenant. A write is all or nothing, is guarded \
by `settingsVersion` and by the owner's stamp, and refuses members that the server does not know. The routes under \
`/sandbox` belong to the reference platform only: they play people, Microsoft and the network, ask for no token and \
answer only the machine they run on, under a loopback name.";

const REQUEST_ID: &str = "Also in the body of a refusal";

/// Names in the spec of a Tenant that differ on the wire.
const RENAMES: [(&str, &str); 4] = [
    ("partner.partnerRef", "/partner/partnerId"),
    ("extensions.interact.acsConnectionStringRef", "/extensions/interact/acsConnectionString"),
    ("extensions.assistant.acsConnectionStringRef", "/extensions/assistant/acsConnectionString"),
    ("modalities.instantMessaging.acsConnectionStringRef", "/modalities/instantMessaging/acsConnectionString"),
];

pub(crate) fn document() -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in routes() {
        let path = paths.entry(route.template).or_default();
        path.insert(route.method.to_lowercase(), operation(route));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Nimbus tenant administration",
            "version": "1",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [
            {"name": "tenants", "description": "The admin API"},
            {"name": "token", "description": "OAuth 2.0 client credentials"},
            {"name": "sandbox", "description": "Only on the reference platform"},
            {"name": "microsoft", "description": "APIs of Microsoft, only on the reference platform"},
        ],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "x-nimbus-renames": RENAMES.map(|(spec, wire)| json!({"spec": spec, "settings": wire})),
        "x-nimbus-problems": Slug::all().map(|slug| {
            json!({"slug": slug.name(), "status": slug.status(), "about": slug.about()})
        }).collect::<Vec<_>>(),
        "x-nimbus-codes": Code::all().map(|code| {
            json!({"code": code.name(), "about": code.about()})
        }).collect::<Vec<_>>(),
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".into(), json!(route.operation.name()));
    operation.insert("summary".into(), json!(route.about));
    operation.insert("tags".into(), json!([tag(route)]));
    let parameters = path_parameters(route.template).chain(route.parameters.iter().map(parameter));
    let parameters: Vec<Value> = parameters.collect();
    if !parameters.is_empty() {
        operation.insert("parameters".into(), json!(parameters));
    }
    if let Some(schema) = route.request {
        let media_types: Map<String, Value> =
            request_types(route).iter().map(|name| ((*name).to_owned(), content(schema))).collect();
        operation.insert("requestBody".into(), json!({"required": true, "content": media_types}));
    }
    operation.insert("responses".into(), responses(route));
    if route.is_admin() {
        operation.insert("security".into(), json!([{"token": []}]));
    }
    Value::Object(operation)
}

fn tag(route: &Route) -> &'static str {
    if route.is_microsoft() {
        return "microsoft";
    }
    match (route.is_admin(), route.is_logged()) {
        (true, _) => "tenants",
        (false, true) => "token",
        (false, false) => "sandbox",
    }
}

fn request_types(route: &Route) -> &'static [&'static str] {
    match (route.operation, route.method) {
        (Operation::Api(Api::IssueToken) | Operation::Microsoft(Microsoft::IssueEntraToken), _) => {
            &["application/x-www-form-urlencoded"]
        }
        (_, "PATCH") => &["application/json", "application/merge-patch+json"],
        _ => &["application/json"],
    }
}

fn path_parameters(template: &str) -> impl Iterator<Item = Value> + '_ {
    let name = |part: &str| {
        let (_, rest) = part.split_once('{')?;
        rest.split_once('}').map(|(name, _)| name.to_owned())
    };
    template.split('/').filter_map(name).map(|name| {
        let schema = if name == "id" { json!({"type": "string", "format": "uuid"}) } else { json!({"type": "string"}) };
        json!({"name": name, "in": "path", "required": true, "schema": schema})
    })
}

fn parameter(parameter: &Parameter) -> Value {
    let schema = match parameter.holds {
        Holds::Text => json!({"type": "string"}),
        Holds::Flag => json!({"type": "boolean"}),
        Holds::Number { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Holds::OneOf(names) => json!({"type": "string", "enum": names}),
        Holds::Pattern(pattern) => json!({"type": "string", "pattern": pattern}),
    };
    json!({
        "name": parameter.name,
        "in": match parameter.place {
            In::Query => "query",
            In::Header => "header",
        },
        "required": parameter.required,
        "description": parameter.about,
        "schema": schema,
    })
}

fn content(schema: &str) -> Value {
    json!({"schema": {"$ref": format!("#/components/schemas/{schema}")}})
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    for (status, schema) in route.answers {
        let mut response = json!({"description": meaning(*status)});
        response["headers"] = headers(route, *status, *schema);
        if let Some(schema) = schema {
            response["content"] = match *schema {
                PAGE => json!({"text/html": {"schema": {"type": "string"}}}),
                schema => json!({"application/json": content(schema)}),
            };
        }
        responses.insert(status.to_string(), response);
    }
    let mut refusals: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for slug in common_refusals(route).iter().chain(route.refuses) {
        let slugs = refusals.entry(status(route, *slug)).or_default();
        if !slugs.contains(&slug.name()) {
            slugs.push(slug.name());
        }
    }
    for (status, slugs) in refusals {
        let response = json!({
            "description": slugs.join(", "),
            "content": {"application/problem+json": content("Problem")},
            "headers": refusal_headers(status),
            "x-nimbus-problems": slugs,
        });
        responses.insert(status.to_string(), response);
    }
    Value::Object(responses)
}

fn header(about: &str) -> Value {
    json!({"required": true, "description": about, "schema": {"type": "string"}})
}

fn optional_header(about: &str) -> Value {
    json!({"required": false, "description": about, "schema": {"type": "string"}})
}

fn headers(route: &Route, status: u16, schema: Option<&str>) -> Value {
    let date = "When the platform answered, by its clock (RFC 9110 6.6.1)";
    let mut headers = json!({"Nimbus-Request-Id": header(REQUEST_ID), "Date": header(date)});
    match (schema, status) {
        (Some("Tenant"), _) if route.is_admin() => {
            headers["ETag"] = header("`\"<settingsVersion>.<runtimeVersion>\"`");
        }
        (Some("Tenants"), _) => headers["ETag"] = optional_header("Of the whole list, on the first page"),
        (_, 304) => headers["ETag"] = header("The current entity tag"),
        _ => {}
    }
    headers
}

fn refusal_headers(status: u16) -> Value {
    let mut headers = json!({"Nimbus-Request-Id": header(REQUEST_ID)});
    if matches!(status, 429 | 503) {
        headers["Retry-After"] = optional_header("Seconds, or a date");
    }
    headers
}

/// A tombstone is a conflict for a creation, and not found for everything else.
fn status(route: &Route, slug: Slug) -> u16 {
    match (route.operation, slug) {
        (Operation::Api(Api::CreateTenant), Slug::TenantDeleted) => 409,
        _ => slug.status(),
    }
}

fn common_refusals(route: &Route) -> &'static [Slug] {
    match tag(route) {
        "tenants" => &[
            Slug::MalformedRequest,
            Slug::Unauthenticated,
            Slug::NotPermitted,
            Slug::TooManyRequests,
            Slug::Internal,
            Slug::Unavailable,
        ],
        "microsoft" => &[Slug::Internal],
        "token" => &[Slug::TooManyRequests, Slug::Internal, Slug::Unavailable],
        _ if route.request.is_some() => {
            &[Slug::MalformedRequest, Slug::NotPermitted, Slug::UnsupportedMediaType, Slug::Internal]
        }
        _ => &[Slug::MalformedRequest, Slug::NotPermitted, Slug::Internal],
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        200 => "Success",
        201 => "Created",
        202 => "Accepted",
        204 => "Success, no body",
        304 => "Not modified",
        400 | 401 | 403 | 404 | 429 => "Refused",
        _ => "No token",
    }
}
