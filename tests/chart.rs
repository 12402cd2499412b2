//! The Helm charts: what they render, what they refuse, and the operator that runs with exactly what was rendered.

mod blocks;
mod e2e;
mod fresh;
mod installed;
mod operator;
mod pods;
mod readme;
mod references;
mod refused;
mod releases;
mod rendered;
mod rights;
mod texts;
mod upgrade;
mod values;
