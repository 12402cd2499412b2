//! The expression of a filter.
use serde_json::Value;

/// Why a filter cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilterError {
    /// Invalid syntax.
    Syntax,
    /// A property does not support filtering, or not this operator.
    Unsupported,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    AtLeast,
    AtMost,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare {
        path: String,
        operator: Operator,
        value: Value,
    },
    In {
        path: String,
        values: Vec<Value>,
    },
    StartsWith {
        path: String,
        text: String,
    },
    EndsWith {
        path: String,
        text: String,
    },
    /// True if a member of a collection fulfils the condition, in which `variable` names it.
    Any {
        path: String,
        variable: String,
        condition: Box<Self>,
    },
}
