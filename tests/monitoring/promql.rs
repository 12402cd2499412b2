//! Which metrics and labels a PromQL expression uses. Not a parser: it knows as much of the syntax as this needs, and stops where it
//! is in doubt.

use std::collections::BTreeSet;

const AGGREGATIONS: [&str; 10] =
    ["sum", "max", "min", "avg", "count", "group", "topk", "bottomk", "quantile", "count_values"];
const GROUPINGS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
const WORDS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

/// What an expression uses.
#[derive(Debug, Default, PartialEq)]
pub struct Query {
    pub selectors: Vec<Selector>,
    /// Labels that it groups by or joins on.
    pub grouped: BTreeSet<String>,
}

/// A metric with its matchers: label and value.
#[derive(Debug, PartialEq)]
pub struct Selector {
    pub metric: String,
    pub matchers: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

/// Reads an expression.
pub fn read(expression: &str) -> Query {
    let tokens = tokens(expression);
    let is = |at: usize, sign: char| tokens.get(at) == Some(&Token::Sign(sign));
    let mut query = Query::default();
    let mut at = 0;
    while at < tokens.len() {
        let Token::Word(word) = &tokens[at] else {
            assert!(!is(at, '{'), "a selector without a metric: {expression}");
            at += 1;
            continue;
        };
        at += 1;
        if GROUPINGS.contains(&word.as_str()) && is(at, '(') {
            let end = (at..tokens.len()).find(|&end| is(end, ')')).expect("a list of labels ends");
            query.grouped.extend(tokens[at..end].iter().filter_map(Token::word));
            at = end;
        } else if !is(at, '(') && ![&AGGREGATIONS[..], &GROUPINGS, &WORDS].concat().contains(&word.as_str()) {
            let end = if is(at, '{') { (at..tokens.len()).find(|&end| is(end, '}')).expect("it ends") } else { at };
            query.selectors.push(Selector { metric: word.clone(), matchers: matchers(&tokens[at..end]) });
            at = end;
        }
    }
    query
}

fn matchers(tokens: &[Token]) -> Vec<(String, String)> {
    let labels = tokens.iter().filter_map(Token::word);
    let values = tokens.iter().filter_map(|token| match token {
        Token::Text(text) => Some(text.clone()),
        Token::Word(_) | Token::Sign(_) => None,
    });
    labels.zip(values).collect()
}

impl Token {
    fn word(&self) -> Option<String> {
        match self {
            Self::Word(word) => Some(word.clone()),
            Self::Text(_) | Self::Sign(_) => None,
        }
    }
}

fn tokens(expression: &str) -> Vec<Token> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_:.$".contains(c);
    let mut rest = expression;
    let mut tokens = vec![];
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '"' => {
                let end = rest[1..].find('"').expect("a text ends") + 1;
                (Some(Token::Text(rest[1..end].to_owned())), end + 1)
            }
            '[' => (None, rest.find(']').expect("a range ends") + 1),
            _ if is_word(first) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let word = first.is_ascii_alphabetic().then(|| Token::Word(rest[..end].to_owned()));
                (word, end)
            }
            _ if first.is_whitespace() => (None, first.len_utf8()),
            _ => (Some(Token::Sign(first)), first.len_utf8()),
        };
        tokens.extend(token);
        rest = &rest[length..];
    }
    tokens
}

#[test]
fn metrics_and_labels_are_told_from_functions_and_words() {
    let query = read(
        r#"sum by (job, le) (rate(a_total{code=~"5..|none", job="$job"}[$__rate_interval])) / on (job) group_left b:c:sum > 1.5e3
           unless last_over_time(d[3m]) or absent(e{}) and vector(1) offset 5m"#,
    );
    let selector = |metric: &str, matchers: &[(&str, &str)]| Selector {
        metric: metric.into(),
        matchers: matchers.iter().map(|(label, value)| ((*label).into(), (*value).into())).collect(),
    };
    let expected = vec![
        selector("a_total", &[("code", "5..|none"), ("job", "$job")]),
        selector("b:c:sum", &[]),
        selector("d", &[]),
        selector("e", &[]),
    ];
    assert_eq!((expected, ["job", "le"].map(String::from).into()), (query.selectors, query.grouped));
}
