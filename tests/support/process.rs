//! Child processes that cannot outlive us and whose exit is detected.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, ensure};

/// A running child with its output in a file. Dropping it kills and reaps the child.
pub struct Process {
    name: String,
    log: PathBuf,
    pid: u32,
    child: Mutex<Child>,
}

impl Process {
    /// Starts `command` with both outputs appended to the file `log`.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = spawn(command).with_context(|| format!("starting {name}"))?;
        Ok(Self { name: name.to_owned(), log: log.to_owned(), pid: child.id(), child: Mutex::new(child) })
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the exit status, or nothing while the process runs.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.child().try_wait().ok().flatten()
    }

    /// Fails with the name, the exit status and the end of the log if the process has ended.
    pub fn check(&self) -> Result<()> {
        if let Some(status) = self.ended() {
            anyhow::bail!(
                "{} (process {}) ended: {status}; its last lines:\n{}",
                self.name,
                self.pid,
                self.last_lines(20)
            );
        }
        Ok(())
    }

    /// Kills the process like a crash (SIGKILL) and returns once it is gone.
    pub fn kill(&self) {
        let mut child = self.child();
        // An error means that it has ended already, which is fine.
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Terminates the process (SIGTERM); the caller waits for [`Self::ended`].
    pub fn terminate(&self) -> Result<()> {
        self.signal(libc::SIGTERM)
    }

    /// Sends a signal to the process.
    #[allow(unsafe_code, reason = "std can send only SIGKILL")]
    pub fn signal(&self, signal: libc::c_int) -> Result<()> {
        // Locked during the call: only `wait` frees a pid, so it cannot belong to another process.
        let mut child = self.child();
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        let pid = i32::try_from(self.pid)?;
        // SAFETY: kill takes two integers and touches no memory.
        let sent = unsafe { libc::kill(pid, signal) };
        ensure!(sent == 0, io::Error::last_os_error());
        Ok(())
    }

    /// Returns the output of the process so far.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Returns the end of its output.
    pub fn last_lines(&self, count: usize) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a process with this ID runs; a zombie does not.
pub fn is_running(pid: u32) -> bool {
    // The state is the first letter after the name, which is in parentheses and may contain anything.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        !matches!(state, None | Some('Z' | 'X'))
    })
}

/// Spawns a child that the kernel kills when we die, for any reason.
///
/// The kernel watches the *thread* that spawned it, not the process: a child of a test's own thread would die with that
/// test. So one thread that never ends spawns all children.
pub fn spawn(mut command: Command) -> io::Result<Child> {
    type SpawnRequest = (Command, Sender<io::Result<Child>>);
    static SPAWNER: OnceLock<Sender<SpawnRequest>> = OnceLock::new();

    die_with_parent(&mut command);
    // A process group of its own: Ctrl-C is for us, and we stop our children in request.
    command.process_group(0);
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, inbox) = channel::<SpawnRequest>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                // The caller may have been cancelled; then the child is dropped, and the kernel kills it with us at the
                // latest.
                let _ = answer.send(command.spawn());
            }
        });
        orders
    });
    let (answer, outcome) = channel();
    let gone = |_| io::Error::other("the spawning thread has ended");
    spawner.send((command, answer)).map_err(|_| gone(()))?;
    outcome.recv().map_err(|_| gone(()))?
}

#[allow(unsafe_code, reason = "only code between fork and exec can set the signal")]
fn die_with_parent(command: &mut Command) {
    let parent = std::process::id();
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; prctl and getppid
    // are, and no error below allocates.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // We may have died before the call above, and then there is no signal.
            if u32::try_from(libc::getppid()) != Ok(parent) {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
}
