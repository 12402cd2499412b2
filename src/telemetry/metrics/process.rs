//! The process, as Linux describes it. Elsewhere nothing is said.

use std::fs;

use super::samples::Samples;
use super::table::{PROCESS_CPU, PROCESS_MAX_FDS, PROCESS_MEMORY, PROCESS_OPEN_FDS, PROCESS_START};

/// Ticks a second in what Linux tells its users, on every platform.
const TICKS: f64 = 100.0;

pub(super) fn collect(samples: &mut Samples) {
    if let Some(Stat { cpu, since_boot }) =
        fs::read_to_string("/proc/self/stat").ok().and_then(|text| Stat::read(&text))
    {
        samples.set(&PROCESS_CPU, &[], cpu);
        let boot = fs::read_to_string("/proc/stat").ok().and_then(|text| field(&text, "btime"));
        boot.into_iter().for_each(|boot| samples.set(&PROCESS_START, &[], boot + since_boot));
    }
    let kilobytes = fs::read_to_string("/proc/self/status").ok().and_then(|text| field(&text, "VmRSS:"));
    kilobytes.into_iter().for_each(|kilobytes| samples.set(&PROCESS_MEMORY, &[], kilobytes * 1024.0));
    let open = fs::read_dir("/proc/self/fd").ok().and_then(|entries| u32::try_from(entries.count()).ok());
    open.into_iter().for_each(|open| samples.set(&PROCESS_OPEN_FDS, &[], f64::from(open)));
    let most = fs::read_to_string("/proc/self/limits").ok().and_then(|text| field(&text, "Max open files"));
    most.into_iter().for_each(|most| samples.set(&PROCESS_MAX_FDS, &[], most));
}

/// The first number of the line that begins like this.
fn field(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

struct Stat {
    /// Seconds.
    cpu: f64,
    /// Seconds from the start of the machine to that of the process.
    since_boot: f64,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        // The name of the program stands in parentheses and may hold any character.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self { cpu: (ticks(14)? + ticks(15)?) / TICKS, since_boot: ticks(22)? / TICKS })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_behind_the_name() {
        let text = "7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 3 0 12345 1 2";
        let stat = Stat::read(text).unwrap();
        assert_eq!((3.0, 123.45), (stat.cpu, stat.since_boot));
        assert_eq!(
            Some(1024.0),
            field("Max processes  1 2\nMax open files            1024    4096    files\n", "Max open files")
        );
        assert_eq!(None, field("Max open files   unlimited", "Max open files"));
    }
}
