//! Behaviour 20. Attendant Console: which design a user sees, and whose members.
