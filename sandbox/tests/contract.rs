//! Checks an answer against the OpenAPI document: route, status, media type and body.
use std::sync::LazyLock;

use nimbus_sandbox::openapi;
use serde_json::{Map, Value};

use super::support::Answer;

/// The OpenAPI document.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi);

/// Returns the template of the document that matches a path.
pub fn template(path: &str) -> Option<&'static str> {
    let path = path.split('?').next()?;
    let fits = |template: &str| {
        let (mut parts, mut names) = (path.split('/'), template.split('/'));
        let all = names.by_ref().zip(parts.by_ref()).all(|(name, part)| fits_part(name, part));
        all && names.next().is_none()
            && parts.next().is_none()
            && path.matches('/').count() == template.matches('/').count()
    };
    // A fixed path has precedence over one with parameters.
    let templates = DOCUMENT["paths"].as_object()?.keys().map(String::as_str);
    templates.filter(|template| fits(template)).min_by_key(|template| template.matches('{').count())
}

/// A part of a template is fixed, or has one parameter with a prefix and a suffix.
fn fits_part(name: &str, part: &str) -> bool {
    match name.split_once('{') {
        None => name == part,
        Some((before, rest)) => {
            let behind = rest.split_once('}').map_or("", |(_, behind)| behind);
            part.strip_prefix(before).is_some_and(|rest| rest.ends_with(behind))
        }
    }
}

/// Returns how an answer differs from the document.
pub fn check_answer(method: &str, path: &str, answer: &Answer) -> Result<(), String> {
    let (status, media_type, body) = (answer.status, answer.header("content-type"), answer.text.as_str());
    let Some(template) = template(path) else {
        return if matches!(status, 404 | 405) { Ok(()) } else { Err(format!("{path} is not documented")) };
    };
    let operation = &DOCUMENT["paths"][template][method.to_lowercase()];
    let response = &operation["responses"][status.to_string()];
    if response.is_null() && !(operation.is_null() && status == 405) {
        return Err(format!("{method} {template} answers {status}, which is not documented"));
    }
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        if header["required"] == true && answer.header(name).is_empty() {
            return Err(format!("the header {name} is missing"));
        }
    }
    let Some(content) = response["content"].as_object() else {
        return if body.is_empty() || operation.is_null() { Ok(()) } else { Err(format!("a body with {status}")) };
    };
    if let Some(page) = content.get("text/html") {
        return if media_type.starts_with("text/html") && page["schema"]["type"] == "string" {
            Ok(())
        } else {
            Err(format!("{media_type} is not documented for {status}"))
        };
    }
    let schema = content.get(media_type).ok_or(format!("{media_type} is not documented for {status}"))?;
    let value: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    if let Some(slugs) = response["x-nimbus-problems"].as_array() {
        let slug = value["type"].as_str().unwrap_or("").trim_start_matches("urn:nimbus:problem:");
        if !slugs.iter().any(|documented| documented == slug) {
            return Err(format!("{method} {template} answers {status} {slug}, which is not documented"));
        }
    }
    check(&schema["schema"], &value, "")
}

/// Returns how the body of an accepted request differs from the document.
pub fn check_request(method: &str, path: &str, body: &Value) -> Result<(), String> {
    let template = template(path).ok_or("not documented")?;
    let content = &DOCUMENT["paths"][template][method.to_lowercase()]["requestBody"]["content"];
    check(&content["application/json"]["schema"], body, "")
}

/// Keywords that do not restrict values.
const ANNOTATIONS: [&str; 3] = ["description", "default", "writeOnly"];

/// Checks a value against the subset of JSON Schema that the document uses; another keyword is an error.
fn check(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(keywords) = schema.as_object() else {
        return Err(format!("{at}: no schema"));
    };
    for (keyword, argument) in keywords {
        let holds = match keyword.as_str() {
            "items" | "required" | "properties" | "additionalProperties" => {
                check_members(keywords, keyword, value, at)?
            }
            "$ref" => {
                let pointer = argument.as_str().unwrap_or("").trim_start_matches('#');
                check(DOCUMENT.pointer(pointer).ok_or(format!("{at}: {argument} is nowhere"))?, value, at)?;
                true
            }
            "not" => check(argument, value, at).is_err(),
            name if name.starts_with("x-nimbus-") || ANNOTATIONS.contains(&name) => true,
            name => holds(name, argument, value).ok_or(format!("{at}: the checker does not know {name}"))?,
        };
        if !holds {
            return Err(format!("{at}: {value} against {keyword} {argument}"));
        }
    }
    Ok(())
}

/// Whether a value by itself satisfies a keyword; `None` for an unknown keyword.
fn holds(keyword: &str, argument: &Value, value: &Value) -> Option<bool> {
    let holds = match keyword {
        "type" => types(argument).iter().any(|name| is_of_type(value, name)),
        "enum" => argument.as_array().is_some_and(|values| values.contains(value)),
        "minimum" => value.as_f64().is_none_or(|number| number >= argument.as_f64().unwrap_or(0.0)),
        "maximum" => value.as_f64().is_none_or(|number| number <= argument.as_f64().unwrap_or(0.0)),
        "minLength" => length(value).is_none_or(|length| Some(length) >= argument.as_u64()),
        "maxLength" => length(value).is_none_or(|length| Some(length) <= argument.as_u64()),
        "format" => value.as_str().is_none_or(|text| is_formatted(argument.as_str().unwrap_or(""), text)),
        "pattern" => value.as_str().is_none_or(|text| {
            let pattern = argument.as_str().and_then(|pattern| regex::Regex::new(pattern).ok());
            pattern.is_some_and(|pattern| pattern.is_match(text))
        }),
        "const" => value == argument,
        _ => return None,
    };
    Some(holds)
}

/// Checks the members of a value against a keyword about members.
fn check_members(keywords: &Map<String, Value>, keyword: &str, value: &Value, at: &str) -> Result<bool, String> {
    let argument = &keywords[keyword];
    match keyword {
        "items" => {
            for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                check(argument, item, &format!("{at}/{index}"))?;
            }
        }
        "required" => {
            return Ok(value.as_object().is_none_or(|members| {
                argument.as_array().into_iter().flatten().all(|name| members.contains_key(name.as_str().unwrap_or("")))
            }));
        }
        "properties" => {
            for (name, member) in value.as_object().into_iter().flatten() {
                if let Some(schema) = argument.get(name) {
                    check(schema, member, &format!("{at}/{name}"))?;
                }
            }
        }
        _ => check_additional(keywords, argument, value, at)?,
    }
    Ok(true)
}

fn check_additional(keywords: &Map<String, Value>, argument: &Value, value: &Value, at: &str) -> Result<(), String> {
    let known = keywords.get("properties").and_then(Value::as_object);
    let is_known = |name: &String| known.is_some_and(|known| known.contains_key(name));
    for (name, member) in value.as_object().into_iter().flatten().filter(|(name, _)| !is_known(name)) {
        match argument {
            Value::Bool(true) => {}
            Value::Bool(false) => return Err(format!("{at}: unknown member {name}")),
            schema => check(schema, member, &format!("{at}/{name}"))?,
        }
    }
    Ok(())
}

fn types(argument: &Value) -> Vec<&str> {
    match argument {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        name => name.as_str().into_iter().collect(),
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().and_then(|text| u64::try_from(text.chars().count()).ok())
}

fn is_formatted(format: &str, text: &str) -> bool {
    match format {
        "uuid" => uuid::Uuid::parse_str(text).is_ok(),
        "uri" => url::Url::parse(text).is_ok(),
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "root-or-uuid" => text == "root" || uuid::Uuid::parse_str(text).is_ok(),
        _ => true,
    }
}
