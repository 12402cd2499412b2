//! Behaviour 2. Switching a section off hides its values and keeps them.
