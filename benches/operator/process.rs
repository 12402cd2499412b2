//! What the kernel counted of a process.

use anyhow::{Context, Result};

/// CPU and memory of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// utime and stime, in seconds.
    pub cpu: f64,
    /// Resident memory, in megabytes.
    pub resident: f64,
    /// The most that it was.
    pub peak: f64,
}

/// Reads what a process used so far.
pub fn usage(pid: u32) -> Result<Usage> {
    let status = read(pid, "status")?;
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()).unwrap_or_default()
    };
    Ok(Usage { cpu: cpu(pid)?, resident: kilobytes("VmRSS:") / 1024.0, peak: kilobytes("VmHWM:") / 1024.0 })
}

/// utime and stime of a process, in seconds.
pub fn cpu(pid: u32) -> Result<f64> {
    let stat = read(pid, "stat")?;
    // The name is in parentheses and may hold anything; utime and stime are the fields 14 and 15.
    let (_, rest) = stat.rsplit_once(") ").context("a process without a name")?;
    let ticks = rest.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>();
    Ok(ticks / ticks_per_second())
}

fn read(pid: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{file}");
    std::fs::read_to_string(&path).with_context(|| path.clone())
}

#[allow(unsafe_code, reason = "std does not know how long a tick is")]
fn ticks_per_second() -> f64 {
    // SAFETY: sysconf takes an integer and touches no memory.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    ticks as f64
}

/// The share of its time that the hypervisor took from this machine, and the load average.
pub fn noise() -> (u64, String) {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let steal = stat.lines().next().and_then(|line| line.split_whitespace().nth(8)).and_then(|text| text.parse().ok());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    (steal.unwrap_or_default(), load.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

/// Sends a signal to a process of ours.
#[allow(unsafe_code, reason = "std can send only SIGKILL")]
pub fn signal(pid: u32, signal: i32) -> Result<()> {
    let pid = i32::try_from(pid)?;
    // SAFETY: kill takes two integers and touches no memory.
    let sent = unsafe { libc::kill(pid, signal) };
    anyhow::ensure!(sent == 0, std::io::Error::last_os_error());
    Ok(())
}
