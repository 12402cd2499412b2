//! Behaviour 6. Security groups are checked with Graph.
