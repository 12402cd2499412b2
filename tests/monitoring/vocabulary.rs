//! The metrics that exist, with their labels, and the words that some labels have as values.

use std::collections::{BTreeMap, BTreeSet};

use nimbus_operator::resources::{ConditionStatus, ConditionType, Reason};
use nimbus_operator::telemetry::metrics::table::{Kind, OBJECT, Scope, TABLE, TENANT_CONDITION};

use super::promql::{self, Query, Selector};

/// Labels that Prometheus adds to each series of a target; `cluster` is there where several clusters share it.
const TARGET: [&str; 5] = ["cluster", "namespace", "job", "pod", "instance"];

/// Metrics and recorded series, with their labels.
pub struct Vocabulary(BTreeMap<String, BTreeSet<String>>);

impl Vocabulary {
    /// The metrics of the operator.
    pub fn exported() -> Self {
        let mut known = BTreeMap::new();
        for metric in TABLE {
            let suffixes: &[&str] = match metric.kind {
                Kind::Histogram(_) => &["_bucket", "_sum", "_count"],
                Kind::Counter | Kind::Gauge | Kind::Info => &[""],
            };
            let by_tenant = OBJECT.iter().filter(|_| metric.name == TENANT_CONDITION.name);
            for suffix in suffixes {
                let labels = metric.labels.iter().chain(&TARGET).chain(by_tenant.clone());
                let bound = (*suffix == "_bucket").then_some("le");
                let labels = labels.copied().chain(bound).map(ToOwned::to_owned).collect();
                known.insert(format!("{}{suffix}", metric.scraped()), labels);
            }
        }
        Self(known)
    }

    /// Adds what a rule records, with the labels that it keeps.
    pub fn record(&mut self, name: &str, labels: BTreeSet<String>) {
        assert!(self.0.insert(name.to_owned(), labels).is_none(), "{name} is recorded twice");
    }

    /// Checks an expression, and returns the labels that its result can have.
    pub fn check(&self, expression: &str) -> BTreeSet<String> {
        let Query { selectors, grouped } = promql::read(expression);
        let mut possible = BTreeSet::new();
        for Selector { metric, matchers } in &selectors {
            let labels = self.0.get(metric).unwrap_or_else(|| panic!("there is no metric {metric}: {expression}"));
            for (label, value) in matchers {
                assert!(labels.contains(label), "{metric} has no label {label}: {expression}");
                check_words(label, value);
            }
            possible.extend(labels.iter().cloned());
        }
        for label in &grouped {
            assert!(possible.contains(label), "no metric has a label {label}: {expression}");
        }
        possible
    }
}

/// Values of closed lists are spelled as the API spells them.
fn check_words(label: &str, value: &str) {
    let known = |word: &str| match label {
        "type" => ConditionType::ALL.iter().any(|known| known.as_str() == word),
        "status" => {
            let all = [ConditionStatus::True, ConditionStatus::False, ConditionStatus::Unknown];
            all.iter().any(|known| known.as_str() == word)
        }
        "reason" => Reason::REASONS.iter().chain(Reason::TENANT_STATES).any(|known| known.as_str() == word),
        _ => true,
    };
    for word in value.split('|').filter(|word| !word.starts_with('$')) {
        assert!(known(word), "{label} is never '{word}'");
    }
}

/// What only the leader exports: the names of gauges.
pub fn fleet() -> impl Iterator<Item = &'static str> {
    TABLE.iter().filter(|metric| metric.scope != Scope::Process).map(|metric| metric.name)
}
