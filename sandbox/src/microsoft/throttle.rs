//! Rate limits of an app in a tenant. The counts are kept in memory.
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The kinds of limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Budget {
    /// Resource units of users, groups and apps.
    Identity,
    /// Requests for presences.
    Presence,
}

impl Budget {
    /// The length of the window of a budget.
    pub(super) fn seconds(self) -> i64 {
        match self {
            Self::Identity => 10,
            Self::Presence => 30,
        }
    }
}

/// What a budget belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct BudgetKey {
    pub tenant: String,
    pub app: String,
    pub budget: Budget,
}

/// Whether a request is within its budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Spent {
    /// The used share of the budget, from 0 to 1.
    Within(f64),
    /// The number of seconds until the next window.
    Beyond(i64),
}

/// The used budgets of the current window.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<BudgetKey, (i64, i64)>>);

impl Throttle {
    /// Spends `cost`. Requests above the limit count, too, so that a client that does not wait stays limited.
    pub(super) fn spend(&self, key: BudgetKey, cost: i64, limit: i64, now: i64) -> Spent {
        let seconds = key.budget.seconds();
        let began = now - now.rem_euclid(seconds);
        let mut budgets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = budgets.entry(key).or_insert((began, 0));
        if entry.0 != began {
            *entry = (began, 0);
        }
        entry.1 += cost;
        if entry.1 > limit {
            return Spent::Beyond(began + seconds - now);
        }
        #[allow(clippy::cast_precision_loss, reason = "a share needs no more")]
        Spent::Within(entry.1 as f64 / limit as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_and_comes_back() {
        let (throttle, key) =
            (Throttle::default(), BudgetKey { tenant: "t".to_owned(), app: "a".to_owned(), budget: Budget::Identity });
        let spend = |cost, now| throttle.spend(key.clone(), cost, 10, now);
        assert_eq!(Spent::Within(0.5), spend(5, 100));
        assert_eq!(Spent::Within(1.0), spend(5, 101));
        assert_eq!(Spent::Beyond(7), spend(1, 103));
        assert_eq!(Spent::Within(0.1), spend(1, 110));
    }
}
