//! Behaviour 7. Presence.Read.All is read from the app role assignments; without it the message says what routing loses.
