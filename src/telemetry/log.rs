//! The log of a process, on standard error.

use std::io::{IsTerminal, stderr};

use clap::ValueEnum;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::{EnvFilter, fmt, prelude::*, reload};

use super::flat::Flat;
pub use super::log_filter::Filter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One flat JSON object a line.
    Json,
}

/// Starts logging. Only the first call of a process counts. Returns the filter, which can be changed.
///
/// *Errors*: the filter cannot be read.
pub fn start(filter: &str, format: Format) -> anyhow::Result<Filter> {
    let (layer, handle) = reload::Layer::new(EnvFilter::try_new(filter)?);
    let registry = tracing_subscriber::registry().with(layer);
    // Libraries open spans of their own, which would name the object once more on each line.
    let own_spans =
        filter_fn(|metadata| !metadata.is_span() || metadata.target().starts_with(env!("CARGO_CRATE_NAME")));
    let lines = fmt::layer().with_writer(stderr);
    let started = match format {
        Format::Text => registry.with(lines.with_ansi(has_colors()).with_filter(own_spans)).try_init(),
        Format::Json => {
            let flat = lines.with_ansi(false).fmt_fields(JsonFields::new()).event_format(Flat);
            registry.with(flat.with_filter(own_spans)).try_init()
        }
    };
    // Another log of this process was there first: nothing is lost.
    Ok(Filter { given: filter.to_owned(), handle: started.ok().map(|()| handle) })
}

/// Colors are for a terminal whose user did not switch them off (<https://no-color.org>).
fn has_colors() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
