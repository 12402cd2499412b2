//! What Kubernetes refuses for a Platform or a Partner and will refuse again: it is tried more and more rarely.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::options::Timing;
use super::unwritten;
use crate::cluster::Denier;

/// What is refused at present, by the UID of the object and what was tried.
#[derive(Default)]
pub(super) struct Refusals(Mutex<HashMap<(String, &'static str), Known>>);

#[derive(Clone)]
struct Known {
    attempts: u32,
    due: Instant,
    by: Denier,
}

/// Something that Kubernetes refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// What was tried.
    pub(super) what: &'static str,
    /// Who refuses it.
    pub(super) by: Denier,
    /// Until it is tried again.
    pub(super) wait: Duration,
    /// Whether it was not refused before.
    pub(super) is_new: bool,
}

impl Refused {
    /// What happened, without quoting an object.
    pub(super) fn describe(&self) -> String {
        format!("Kubernetes refuses {}: {}", self.what, self.by)
    }

    /// The same of an object that several instances of the operator write.
    pub(super) fn describe_for(&self, instance: &str) -> String {
        format!("{}{}: {}", refuses(instance), self.what, self.by)
    }
}

/// How a message begins that says what Kubernetes refuses to one instance of the operator.
pub(super) fn refuses(instance: &str) -> String {
    format!("Kubernetes refuses operator instance {instance} ")
}

impl Refusals {
    /// What was refused and is not tried again yet.
    pub(super) fn waiting(&self, uid: &str, what: &'static str, now: Instant) -> Option<Refused> {
        let known = self.known().get(&(uid.to_owned(), what)).cloned()?;
        let wait = known.due.checked_duration_since(now).filter(|wait| !wait.is_zero())?;
        Some(Refused { what, by: known.by, wait, is_new: false })
    }

    /// Remembers that something was refused.
    pub(super) fn count(&self, uid: &str, refused: (&'static str, Denier), timing: &Timing, now: Instant) -> Refused {
        let (what, by) = refused;
        let mut all = self.known();
        let attempts = all.get(&(uid.to_owned(), what)).map_or(1, |known| known.attempts.saturating_add(1));
        // What is waited for stands in Kubernetes.
        let wait = unwritten::wait(timing, attempts).min(timing.reference_most);
        all.insert((uid.to_owned(), what), Known { attempts, due: now + wait, by: by.clone() });
        Refused { what, by, wait, is_new: attempts == 1 }
    }

    /// Forgets what was done at last. True if it was refused before.
    pub(super) fn forget(&self, uid: &str, what: &'static str) -> bool {
        self.known().remove(&(uid.to_owned(), what)).is_some()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(String, &'static str), Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_new_once_and_tried_more_and_more_rarely() {
        let (refusals, timing, now) = (Refusals::default(), Timing::default(), Instant::now());
        let refuse = || refusals.count("u", ("writing it", Denier::Policy("p".into())), &timing, now);
        let first = refuse();
        assert_eq!(
            ("Kubernetes refuses writing it: ValidatingAdmissionPolicy p", true),
            (&*first.describe(), first.is_new)
        );
        let says = "Kubernetes refuses operator instance east writing it: ValidatingAdmissionPolicy p";
        assert_eq!(says, first.describe_for("east"));
        let second = Duration::from_secs(1);
        assert_eq!((false, second * 4), {
            let again = refuse();
            (again.is_new, again.wait)
        });
        let waiting = refusals.waiting("u", "writing it", now + second).map(|refused| refused.wait);
        assert_eq!(Some(second * 3), waiting);
        assert_eq!(None, refusals.waiting("u", "writing it", now + second * 4), "then it is tried");
        assert_eq!(None, refusals.waiting("u", "reading it", now));
        let longest = (0..20).map(|_| refuse().wait).max();
        assert_eq!(Some(timing.reference_most), longest, "and never later than what else is missing in Kubernetes");
        assert_eq!([true, false], [refusals.forget("u", "writing it"), refusals.forget("u", "writing it")]);
        assert!(refuse().is_new);
    }
}
