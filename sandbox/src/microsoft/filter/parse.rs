//! Reading a filter by recursive descent: `or` binds least, then `and`, then `not`.
use serde_json::{Value, json};

use super::expression::{Expression, FilterError, Operator};
use crate::model::format::guid;

/// The deepest nesting that is read.
const DEPTH: usize = 64;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    Colon,
    /// A name, an operator or a path.
    Word(String),
    Literal(Value),
}

/// Returns the expression that a text is.
pub(super) fn expression(text: &str) -> Result<Expression, FilterError> {
    let mut reader = Reader { tokens: tokens(text)?, at: 0, depth: 0 };
    let expression = reader.disjunction()?;
    if reader.at == reader.tokens.len() { Ok(expression) } else { Err(FilterError::Syntax) }
}

fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let punctuation = match first {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            ',' => Some(Token::Comma),
            ':' => Some(Token::Colon),
            _ => None,
        };
        let (token, after) = match punctuation {
            Some(token) => (token, &rest[1..]),
            None if first == '\'' => quoted(&rest[1..])?,
            None => word(rest)?,
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// Reads a text in single quotes, in which a quote is doubled.
fn quoted(text: &str) -> Result<(Token, &str), FilterError> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('\'').ok_or(FilterError::Syntax)?;
        value.push_str(before);
        let Some(more) = after.strip_prefix('\'') else {
            return Ok((Token::Literal(Value::String(value)), after));
        };
        value.push('\'');
        rest = more;
    }
}

fn word(text: &str) -> Result<(Token, &str), FilterError> {
    let is_part = |char: char| char.is_ascii_alphanumeric() || "_/.-+".contains(char);
    let end = text.find(|char: char| !is_part(char)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let token = match word {
        "" => return Err(FilterError::Syntax),
        "true" => Token::Literal(json!(true)),
        "false" => Token::Literal(json!(false)),
        "null" => Token::Literal(Value::Null),
        // A GUID needs no quotes.
        _ if guid(word).is_some() => Token::Literal(json!(word)),
        _ if word.starts_with(|char: char| char.is_ascii_digit() || "-+".contains(char)) => {
            // A number, or a date.
            Token::Literal(word.parse::<i64>().map_or_else(|_| json!(word), |number| json!(number)))
        }
        _ => Token::Word(word.to_owned()),
    };
    Ok((token, rest))
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn next(&mut self) -> Result<Token, FilterError> {
        let token = self.tokens.get(self.at).cloned().ok_or(FilterError::Syntax)?;
        self.at += 1;
        Ok(token)
    }

    /// Consumes the token if it is the next one.
    fn takes(&mut self, token: &Token) -> bool {
        let is_next = self.tokens.get(self.at) == Some(token);
        self.at += usize::from(is_next);
        is_next
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.takes(&Token::Word(word.to_owned()))
    }

    fn expect(&mut self, token: &Token) -> Result<(), FilterError> {
        if self.takes(token) { Ok(()) } else { Err(FilterError::Syntax) }
    }

    fn disjunction(&mut self) -> Result<Expression, FilterError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(FilterError::Syntax);
        }
        let mut left = self.conjunction()?;
        while self.takes_word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.conjunction()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expression, FilterError> {
        let mut left = self.term()?;
        while self.takes_word("and") {
            left = Expression::And(Box::new(left), Box::new(self.term()?));
        }
        Ok(left)
    }

    fn term(&mut self) -> Result<Expression, FilterError> {
        let mut negated = false;
        while self.takes_word("not") {
            negated = !negated;
        }
        let inner = self.primary()?;
        Ok(if negated { Expression::Not(Box::new(inner)) } else { inner })
    }

    fn primary(&mut self) -> Result<Expression, FilterError> {
        if self.takes(&Token::Open) {
            let inner = self.disjunction()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        let Token::Word(word) = self.next()? else {
            return Err(FilterError::Syntax);
        };
        if self.takes(&Token::Open) {
            return match (word.to_ascii_lowercase().as_str(), word.strip_suffix("/any")) {
                ("startswith", _) => {
                    let (path, text) = self.arguments()?;
                    Ok(Expression::StartsWith { path, text })
                }
                ("endswith", _) => {
                    let (path, text) = self.arguments()?;
                    Ok(Expression::EndsWith { path, text })
                }
                (_, Some(path)) => self.any(path),
                _ => Err(FilterError::Syntax),
            };
        }
        self.comparison(word)
    }

    /// Reads the path and the text of a function, and its closing parenthesis.
    fn arguments(&mut self) -> Result<(String, String), FilterError> {
        let Token::Word(path) = self.next()? else {
            return Err(FilterError::Syntax);
        };
        self.expect(&Token::Comma)?;
        let Token::Literal(Value::String(text)) = self.next()? else {
            return Err(FilterError::Syntax);
        };
        self.expect(&Token::Close)?;
        Ok((path, text))
    }

    fn any(&mut self, path: &str) -> Result<Expression, FilterError> {
        let Token::Word(variable) = self.next()? else {
            return Err(FilterError::Syntax);
        };
        self.expect(&Token::Colon)?;
        let condition = Box::new(self.disjunction()?);
        self.expect(&Token::Close)?;
        Ok(Expression::Any { path: path.to_owned(), variable, condition })
    }

    fn comparison(&mut self, path: String) -> Result<Expression, FilterError> {
        let Token::Word(operator) = self.next()? else {
            return Err(FilterError::Syntax);
        };
        let operator = match operator.as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "ge" => Operator::AtLeast,
            "le" => Operator::AtMost,
            "in" => return self.list(path),
            _ => return Err(FilterError::Syntax),
        };
        match self.next()? {
            Token::Literal(value) => Ok(Expression::Compare { path, operator, value }),
            _ => Err(FilterError::Syntax),
        }
    }

    fn list(&mut self, path: String) -> Result<Expression, FilterError> {
        self.expect(&Token::Open)?;
        let mut values = Vec::new();
        loop {
            match self.next()? {
                Token::Literal(value) => values.push(value),
                _ => return Err(FilterError::Syntax),
            }
            if self.takes(&Token::Close) {
                return Ok(Expression::In { path, values });
            }
            self.expect(&Token::Comma)?;
        }
    }
}
