//! Behaviour 16. Fields above the author's authority are refused for that author, and other edits pass.
