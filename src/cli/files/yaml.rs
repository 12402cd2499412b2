//! YAML as a tree in which every key and every value knows its place, and what it looked like. Nothing is decided here about fields.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, options};
use serde_json::{Map, Number, Value};

use super::scalar::{Scalar, resolve};
use crate::cli::finding::{Finding, Position, Rule};

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub content: Content,
    /// Where it begins.
    pub at: Position,
    /// What was written, where it had no quotes and is no text.
    pub written: Option<String>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// None.
    Null,
    /// True or false.
    Flag(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object, in the order of the text. No name is there twice.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub at: Position,
    /// Its value.
    pub value: Node,
}

/// A nesting that no object of Kubernetes comes near. It also bounds the stack.
const DEEPEST: usize = 64;
/// Values in one file, those behind aliases counted at each use.
const MOST_VALUES: usize = 1_000_000;
/// How a template begins.
const TEMPLATE: &str = "{{";

impl Node {
    /// The member of an object.
    pub fn member(&self, name: &str) -> Option<&Member> {
        match &self.content {
            Content::Object(members) => members.iter().find(|member| member.name == name),
            Content::Null | Content::Flag(_) | Content::Number(_) | Content::Text(_) | Content::List(_) => None,
        }
    }

    /// The value of a member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.member(name).map(|member| &member.value)
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Null | Content::Flag(_) | Content::Number(_) | Content::List(_) | Content::Object(_) => None,
        }
    }

    /// The node at a path such as `spec.tenantIds[1].name`, or the nearest one above it.
    pub fn nearest(&self, path: &str) -> Position {
        let (mut node, mut at) = (self, self.at);
        for name in path.split(['.', '[']).map(|name| name.trim_end_matches(']')) {
            let next = match &node.content {
                Content::List(items) => {
                    name.parse().ok().and_then(|index: usize| items.get(index)).map(|item| (item.at, item))
                }
                _ => node.member(name).map(|member| (member.at, &member.value)),
            };
            let Some((place, below)) = next else { break };
            (at, node) = (place, below);
        }
        at
    }

    /// The same without places, as JSON.
    pub fn to_value(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Flag(flag) => Value::Bool(*flag),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => items.iter().map(Self::to_value).collect(),
            Content::Object(members) => {
                let members = members.iter().map(|member| (member.name.clone(), member.value.to_value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    fn size(&self) -> usize {
        1 + match &self.content {
            Content::Null | Content::Flag(_) | Content::Number(_) | Content::Text(_) => 0,
            Content::List(items) => items.iter().map(Self::size).sum(),
            Content::Object(members) => members.iter().map(|member| member.value.size()).sum(),
        }
    }
}

/// The documents of a text that hold anything, and what is wrong with the text. A document that cannot be read hides no other one.
pub fn parse(text: &str) -> (Vec<Node>, Vec<Finding>) {
    let text = &json_escaped(text.strip_prefix('\u{feff}').unwrap_or(text));
    let options = options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let parser = Parser::new_from_str_with_options(text, options);
    let reader = Reader { text, parser, anchors: HashMap::new(), left: MOST_VALUES, path: vec![], findings: vec![] };
    reader.documents()
}

/// JSON may hold control characters that YAML does not have, and then only within a text.
fn json_escaped(text: &str) -> Cow<'_, str> {
    let is_control = |c: char| ('\u{7f}'..='\u{9f}').contains(&c);
    if !text.trim_start().starts_with('{') || !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if is_control(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

struct Reader<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Node>,
    left: usize,
    path: Vec<String>,
    findings: Vec<Finding>,
}

fn position(span: &Span) -> Position {
    Position { line: span.start.line(), column: span.start.col() + 1 }
}

impl<'t> Reader<'t> {
    fn documents(mut self) -> (Vec<Node>, Vec<Finding>) {
        let mut documents = vec![];
        loop {
            let read = match self.next() {
                Ok((Event::DocumentStart(..), _)) => self.node().map(Some),
                Ok((Event::StreamEnd, _)) => break,
                Ok(_) => Ok(None),
                Err(finding) => Err(finding),
            };
            match read {
                Ok(document) => documents.extend(document.filter(|document| document.content != Content::Null)),
                Err(finding) => {
                    self.findings.push(*finding);
                    self.path.clear();
                    if !self.parser.proceed_next_document().unwrap_or(false) {
                        break;
                    }
                }
            }
        }
        (documents, self.findings)
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Box<Finding>> {
        match self.parser.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(Box::new(self.syntax(&error))),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn syntax(&self, error: &ScanError) -> Finding {
        let at = Position { line: error.marker().line().max(1), column: error.marker().col() + 1 };
        let template = self.text.lines().position(|line| line.contains(TEMPLATE));
        match template {
            Some(line) => template_at(Position { line: line + 1, column: 1 }),
            None => Finding::new(Rule::YamlSyntax, at, "", format!("is not YAML: {}", error.info())),
        }
    }

    fn node(&mut self) -> Result<Node, Box<Finding>> {
        let (event, span) = self.next()?;
        self.build(event, &span)
    }

    fn build(&mut self, event: Event<'t>, span: &Span) -> Result<Node, Box<Finding>> {
        let at = position(span);
        self.spend(1, at)?;
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag
                    .as_ref()
                    .is_some_and(|tag| !matches!(tag.core_suffix(), Some("int" | "float" | "bool" | "null")));
                let plain = !is_text && (tag.is_some() || style == ScalarStyle::Plain);
                (anchor, self.scalar(&text, plain, at))
            }
            Event::SequenceStart(_, anchor, _) => (anchor, Node { content: self.list()?, at, written: None }),
            Event::MappingStart(_, anchor, _) => (anchor, Node { content: self.object()?, at, written: None }),
            Event::Alias(id) => {
                let recursive = || Finding::new(Rule::YamlSyntax, at, &self.path(), "refers to itself");
                let node = self.anchors.get(&id).cloned().ok_or_else(recursive)?;
                self.spend(node.size(), at)?;
                (0, Node { at, ..node })
            }
            _ => {
                return Err(Box::new(Finding::new(
                    Rule::YamlSyntax,
                    at,
                    &self.path(),
                    "is not YAML: a value is missing",
                )));
            }
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn scalar(&mut self, text: &str, plain: bool, at: Position) -> Node {
        let resolved = if plain { resolve(text) } else { Scalar::Text };
        let content = match &resolved {
            Scalar::Null => Content::Null,
            Scalar::Flag(flag) => Content::Flag(*flag),
            Scalar::Number(number) => Content::Number(number.clone()),
            Scalar::Text => Content::Text(text.to_owned()),
            Scalar::NoNumber => {
                let message = format!("is {text}, which JSON does not have");
                let finding = Finding::new(Rule::YamlType, at, &self.path(), message);
                self.findings.push(finding.cured_by(format!("write it in quotes: \"{text}\"")));
                Content::Text(text.to_owned())
            }
        };
        let is_text = matches!(content, Content::Text(_));
        Node { content, at, written: (!is_text && !text.is_empty()).then(|| text.to_owned()) }
    }

    fn list(&mut self) -> Result<Content, Box<Finding>> {
        let mut items = vec![];
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Content::List(items));
            }
            self.path.push(format!("[{}]", items.len()));
            items.push(self.build(event, &span)?);
            self.path.pop();
        }
    }

    fn object(&mut self) -> Result<Content, Box<Finding>> {
        let (mut members, mut merged): (Vec<Member>, Vec<Member>) = (vec![], vec![]);
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let is_merge = event.scalar() == Some(("<<", ScalarStyle::Plain));
            let key = self.build(event, &span)?;
            let (at, name) = (key.at, self.name(key)?);
            self.path.push(name.clone());
            let value = self.node()?;
            if is_merge {
                merged.extend(merges(value));
            } else if let Some(first) = members.iter().find(|member| member.name == name) {
                let message = format!("is given twice, first on line {}", first.at.line);
                self.findings
                    .push(Finding::new(Rule::YamlDuplicateKey, at, &self.path(), message).cured_by("remove one"));
            } else {
                members.push(Member { name, at, value });
            }
            self.path.pop();
        }
        // What an object says itself counts before what it merges, and the first that is merged before the others.
        for member in merged {
            if members.iter().all(|own| own.name != member.name) {
                members.push(member);
            }
        }
        Ok(Content::Object(members))
    }

    /// The name that a key stands for.
    fn name(&mut self, key: Node) -> Result<String, Box<Finding>> {
        let Node { content, at, written } = key;
        let read = match content {
            Content::Text(name) => return Ok(name),
            Content::Flag(flag) => flag.to_string(),
            Content::Number(number) => number.to_string(),
            Content::Null => "null".to_owned(),
            Content::List(_) | Content::Object(_) => {
                let line = self.text.lines().nth(at.line - 1).unwrap_or_default();
                let is_template = line.contains(TEMPLATE);
                let complex = || Finding::new(Rule::YamlSyntax, at, &self.path(), "has a list or an object as a key");
                return Err(Box::new(if is_template { template_at(at) } else { complex() }));
            }
        };
        let written = written.unwrap_or_default();
        let message = format!("has the key {written}, which YAML reads as {read}");
        let finding = Finding::new(Rule::YamlType, at, &self.path(), message);
        self.findings.push(finding.cured_by(format!("write it in quotes: \"{written}\"")));
        Ok(read)
    }

    fn spend(&mut self, values: usize, at: Position) -> Result<(), Box<Finding>> {
        let message = "has too many values, aliases included";
        let refused = || Box::new(Finding::new(Rule::YamlSyntax, at, "", message));
        self.left = self.left.checked_sub(values).ok_or_else(refused)?;
        Ok(())
    }

    fn path(&self) -> String {
        self.path.join(".").replace(".[", "[")
    }
}

/// What a merge key adds: an object, or several.
fn merges(value: Node) -> Vec<Member> {
    match value.content {
        Content::Object(members) => members,
        Content::List(items) => items.into_iter().flat_map(merges).collect(),
        Content::Null | Content::Flag(_) | Content::Number(_) | Content::Text(_) => vec![],
    }
}

fn template_at(at: Position) -> Finding {
    Finding::new(Rule::YamlTemplate, at, "", "is a template and not YAML: it contains '{{'")
        .cured_by("render it first, for example: helm template CHART | kubectl nimbus validate -f -")
}

#[cfg(test)]
mod tests;
