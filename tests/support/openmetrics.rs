//! A strict reader of the text format of OpenMetrics 1.0, as far as the operator uses it: what a scraper could stumble over is
//! an error here.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};

/// A scrape: its metric families by name.
#[derive(Debug, Default)]
pub struct Scrape(pub BTreeMap<String, Family>);

/// A metric family.
#[derive(Debug, Default)]
pub struct Family {
    pub kind: String,
    pub help: String,
    pub samples: Vec<Sample>,
}

/// A sample.
#[derive(Clone, Debug)]
pub struct Sample {
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub value: f64,
}

impl Sample {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

impl Scrape {
    /// Reads a scrape.
    pub fn read(text: &str) -> Result<Self> {
        let body = text.strip_suffix("# EOF\n").context("the end is not '# EOF'")?;
        ensure!(!body.contains("# EOF") && !body.contains('\r'), "an end in between, or a carriage return");
        let mut scrape = Self::default();
        let mut last = String::new();
        for line in body.lines() {
            scrape.take_in(line, &mut last).with_context(|| format!("the line '{line}'"))?;
        }
        for (name, family) in &scrape.0 {
            family.check(name).with_context(|| format!("the family {name}"))?;
        }
        Ok(scrape)
    }

    /// The sum over the samples of this name whose labels have these values.
    pub fn sum(&self, sample: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |found: &&Sample| {
            found.name == sample && labels.iter().all(|(name, value)| found.label(name) == Some(*value))
        };
        self.samples().filter(fits).map(|sample| sample.value).sum()
    }

    /// All samples.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.0.values().flat_map(|family| &family.samples)
    }

    fn take_in(&mut self, line: &str, last: &mut String) -> Result<()> {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').context("no text")?;
            ensure!(is_name(name) && !self.0.contains_key(name), "a bad name, or a family twice or in two parts");
            self.0.insert(name.to_owned(), Family { help: help.to_owned(), ..Family::default() });
            last.replace_range(.., name);
            return Ok(());
        }
        let family = self.0.get_mut(last.as_str()).context("nothing before it names a family")?;
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').context("no type")?;
            ensure!(name == last && family.kind.is_empty() && family.samples.is_empty(), "out of place");
            ensure!(["counter", "gauge", "histogram", "info"].contains(&kind), "a type that is not used here");
            family.kind = kind.to_owned();
            return Ok(());
        }
        ensure!(!line.starts_with('#'), "a comment of another kind");
        ensure!(!family.kind.is_empty(), "a sample before the type");
        family.samples.push(sample(line)?);
        Ok(())
    }
}

impl Family {
    fn check(&self, name: &str) -> Result<()> {
        ensure!(!self.help.is_empty() && !self.samples.is_empty(), "no help, or no sample");
        let mut seen = BTreeSet::new();
        for sample in &self.samples {
            let suffix = sample.name.strip_prefix(name).context("a sample of another family")?;
            let suffixes: &[&str] = match self.kind.as_str() {
                "counter" => &["_total"],
                "gauge" => &[""],
                "info" => &["_info"],
                _ => &["_bucket", "_sum", "_count"],
            };
            ensure!(suffixes.contains(&suffix), "the name {} does not fit the type", sample.name);
            ensure!(sample.value.is_finite() || suffix == "_sum", "{sample:?}");
            ensure!(self.kind == "gauge" || sample.value >= 0.0, "{sample:?}");
            ensure!(self.kind != "info" || sample.value == 1.0, "{sample:?}");
            ensure!(sample.label("le").is_some() == (suffix == "_bucket"), "{sample:?}");
            let mut labels = sample.labels.clone();
            labels.sort();
            ensure!(labels.windows(2).all(|pair| pair[0].0 != pair[1].0), "a label twice: {sample:?}");
            ensure!(seen.insert((sample.name.clone(), labels)), "a series twice: {sample:?}");
        }
        if self.kind == "histogram" { self.check_histograms(name) } else { Ok(()) }
    }

    fn check_histograms(&self, name: &str) -> Result<()> {
        let mut series: BTreeMap<Vec<(String, String)>, Vec<&Sample>> = BTreeMap::new();
        for sample in &self.samples {
            let labels = sample.labels.iter().filter(|(name, _)| name != "le").cloned().collect();
            series.entry(labels).or_default().push(sample);
        }
        for (labels, samples) in series {
            let of = |suffix: &str| {
                let full = format!("{name}{suffix}");
                samples.iter().filter(|sample| sample.name == full).copied().collect::<Vec<_>>()
            };
            let buckets = of("_bucket");
            let bound = |sample: &&Sample| match sample.label("le") {
                Some("+Inf") => Ok(f64::INFINITY),
                Some(text) => text.parse::<f64>(),
                None => "".parse(),
            };
            let bounds = buckets.iter().map(bound).collect::<Result<Vec<_>, _>>()?;
            ensure!(bounds.is_sorted() && bounds.last() == Some(&f64::INFINITY), "the buckets of {labels:?}");
            ensure!(buckets.is_sorted_by_key(|sample| sample.value), "the counts of {labels:?}");
            let [count] = of("_count")[..] else { bail!("not one count of {labels:?}") };
            let [_] = of("_sum")[..] else { bail!("not one sum of {labels:?}") };
            ensure!(buckets.last().map(|sample| sample.value) == Some(count.value), "the count of {labels:?}");
        }
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn sample(line: &str) -> Result<Sample> {
    let end = line.find(['{', ' ']).context("no value")?;
    let (name, rest) = line.split_at(end);
    ensure!(is_name(name), "a bad name");
    let (labels, value) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (vec![], rest),
    };
    let value = value.strip_prefix(' ').context("no space before the value")?;
    ensure!(!value.contains(' '), "a timestamp or an exemplar");
    Ok(Sample { name: name.to_owned(), labels, value: value.parse().context("not a number")? })
}

/// The labels, and what follows them.
fn labels(mut rest: &str) -> Result<(Vec<(String, String)>, &str)> {
    let mut labels = vec![];
    loop {
        let (name, after) = rest.split_once("=\"").context("no value of a label")?;
        ensure!(is_name(name), "a bad name of a label");
        let (mut value, mut letters) = (String::new(), after.char_indices());
        let end = loop {
            match letters.next().context("a label without an end")? {
                (at, '"') => break at + 1,
                (_, '\\') => value.push(match letters.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, c @ ('"' | '\\'))) => c,
                    other => bail!("an escape that there is not: {other:?}"),
                }),
                (_, c) => value.push(c),
            }
        };
        labels.push((name.to_owned(), value));
        rest = &after[end..];
        match rest.split_at_checked(1).context("labels without an end")? {
            (",", more) => rest = more,
            ("}", after) => return Ok((labels, after)),
            (other, _) => bail!("'{other}' after a label"),
        }
    }
}
