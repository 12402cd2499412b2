//! Reading the small bodies of triggers and `/sandbox` routes, member by member.
use serde_json::{Map, Value};

use super::call::Call;
use crate::model::problem::{Code, Failure, FieldError, Problem, Slug};
use crate::model::roles::Role;

/// The members of a body; all of them are known.
#[derive(Debug)]
pub(crate) struct Members(Map<String, Value>);

impl Call {
    /// Returns the body, which may have these members and no others.
    pub(crate) fn members(&self, known: &[&str]) -> Result<Members, Failure> {
        Members::new(self.json()?, known)
    }
}

fn refused<T>(name: &str, code: Code) -> Result<T, Failure> {
    Err(Problem::member(&format!("/{name}"), code).into())
}

impl Members {
    /// Takes an object whose members are all known.
    pub(crate) fn new(members: Map<String, Value>, known: &[&str]) -> Result<Self, Failure> {
        let unknown = members.keys().filter(|name| !known.contains(&name.as_str()));
        let errors: Vec<FieldError> =
            unknown.map(|name| FieldError::new(&format!("/{name}"), Code::UnknownField)).collect();
        if errors.is_empty() {
            return Ok(Self(members));
        }
        Err(Problem::fields(Slug::InvalidRequest, errors).into())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns a required text.
    pub(crate) fn text(&self, name: &str) -> Result<String, Failure> {
        match self.0.get(name) {
            Some(Value::String(text)) if text.is_empty() => refused(name, Code::Empty),
            Some(Value::String(text)) => Ok(text.clone()),
            None | Some(Value::Null) => refused(name, Code::Required),
            Some(_) => refused(name, Code::WrongType),
        }
    }

    /// Returns a text that may be null or absent.
    pub(crate) fn nullable_text(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text(name).map(Some),
        }
    }

    /// Returns one of these values.
    pub(crate) fn choice(&self, name: &str, choices: &[&str]) -> Result<String, Failure> {
        let text = self.text(name)?;
        if choices.contains(&text.as_str()) { Ok(text) } else { refused(name, Code::NotAllowed) }
    }

    /// Returns a list of texts; absent is empty.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        let items = match self.0.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return refused(name, Code::WrongType),
        };
        let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        texts.map_or_else(|| refused(name, Code::WrongType), Ok)
    }

    /// Returns a required boolean.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => Ok(*flag),
            None | Some(Value::Null) => refused(name, Code::Required),
            Some(_) => refused(name, Code::WrongType),
        }
    }

    /// Returns an integer within bounds; absent is `None`.
    pub(crate) fn number(&self, name: &str, min: i64, max: i64) -> Result<Option<i64>, Failure> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        match value.as_i64() {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            Some(_) => Err(Problem::fields(
                Slug::InvalidRequest,
                vec![FieldError {
                    min: Some(min),
                    max: Some(max),
                    ..FieldError::new(&format!("/{name}"), Code::OutOfRange)
                }],
            )
            .into()),
            None => refused(name, Code::WrongType),
        }
    }

    pub(crate) fn role(&self, name: &str) -> Result<Role, Failure> {
        Role::parse(&self.text(name)?).map_or_else(|| refused(name, Code::NotAllowed), Ok)
    }
}

/// Returns the member `settings` of a write, which must be its only member.
pub(crate) fn settings_of(mut body: Map<String, Value>) -> Result<Value, Failure> {
    let settings = body.remove("settings").ok_or(Slug::MalformedRequest)?;
    if body.is_empty() {
        return Ok(settings);
    }
    // Pointers are relative to settings, so they cannot name a member outside of them.
    let errors = vec![FieldError::new("", Code::UnknownField)];
    Err(Problem::fields(Slug::InvalidSettings, errors).into())
}
