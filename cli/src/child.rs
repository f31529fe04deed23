//! Running a command as if we were not there: its input and output are ours, its signals reach it, and its end is ours.
//!
//! A signal that somebody sends to us is handed on. One that the terminal sends (Ctrl-C) reaches the command by itself,
//! since it is in our process group: handing that on would make two of it.
//!
//! Rejected: blocking the signals and waiting for them on a thread. The command would inherit the blocked ones, and what
//! restores them has to run between fork and exec. A handler costs nothing while no signal comes, and exec undoes it.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::atomic::{AtomicI32, Ordering};

/// What a program may be sent and live on, or end in its own way. SIGTSTP and SIGCONT stop and continue us all, as ever.
const PASSED_ON: [libc::c_int; 7] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
];

/// The command's process; 0: none, before and after.
static CHILD: AtomicI32 = AtomicI32::new(0);
/// The last signal that came before there was a process to hand it to.
static EARLY: AtomicI32 = AtomicI32::new(0);

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Code(u8),
    Signal(libc::c_int),
    /// It could not be started; the code is what a shell gives (126, 127).
    NotStarted(u8),
}

/// Runs a command to its end. Signals that come meanwhile are the command's.
pub fn run(
    command: &[OsString],
    variables: &[(&str, &str)],
    started: impl FnOnce(u32),
) -> io::Result<Ended> {
    let [program, arguments @ ..] = command else {
        return Err(io::Error::other("no command"));
    };
    hand_signals_on();
    let spawned = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return Ok(not_started(program, &error)),
    };
    let id = child.id();
    CHILD.store(id as i32, Ordering::SeqCst);
    let early = EARLY.swap(0, Ordering::SeqCst);
    if early != 0 {
        // SAFETY: a system call with two numbers. The process is ours and not waited for yet, so the id is its own.
        unsafe { libc::kill(id as i32, early) };
    }
    started(id);
    wait_without_reaping(id);
    // From here on nobody signals the id, which may be another process's as soon as it is waited for.
    CHILD.store(0, Ordering::SeqCst);
    Ok(Ended::of(child.wait()?))
}

/// Says what a shell would say.
pub fn not_started(program: &OsString, error: &io::Error) -> Ended {
    let name = program.to_string_lossy();
    crate::terminal::say(&format!(
        "axonpush: {}: {error}",
        crate::terminal::plain(&name)
    ));
    Ended::NotStarted(match error.kind() {
        io::ErrorKind::NotFound => 127,
        _ => 126,
    })
}

impl Ended {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code as u8),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Code(1),
        }
    }

    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }

    /// `exit code 7`, `SIGTERM`
    pub fn describe(self) -> String {
        match self {
            Self::Code(code) => format!("exit code {code}"),
            Self::NotStarted(_) => "it could not be started".to_owned(),
            Self::Signal(signal) => signal_name(signal),
        }
    }

    /// Ends this process in the same way.
    pub fn pass_on(self) -> ExitCode {
        match self {
            Self::Code(code) | Self::NotStarted(code) => ExitCode::from(code),
            Self::Signal(signal) => {
                die_by(signal);
                // A signal that does not end a process, or that is blocked: as a shell says it.
                ExitCode::from(128_u8.wrapping_add(signal as u8))
            }
        }
    }
}

fn signal_name(signal: libc::c_int) -> String {
    let known = [
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGUSR2, "SIGUSR2"),
        (libc::SIGXCPU, "SIGXCPU"),
    ];
    known
        .iter()
        .find(|(number, _)| *number == signal)
        .map_or_else(
            || format!("signal {signal}"),
            |(_, name)| (*name).to_owned(),
        )
}

extern "C" fn hand_on(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    // SAFETY: with SA_SIGINFO the kernel passes a siginfo_t that can be read during the handler.
    let from_a_process = unsafe { info.as_ref() }.is_none_or(|info| info.si_code <= 0);
    if !from_a_process {
        return;
    }
    let child = CHILD.load(Ordering::SeqCst);
    if child == 0 {
        EARLY.store(signal, Ordering::SeqCst);
    } else {
        // SAFETY: kill is async-signal-safe. CHILD is a process of ours that is not waited for yet.
        unsafe { libc::kill(child, signal) };
    }
}

fn hand_signals_on() {
    for signal in PASSED_ON {
        // SAFETY: `sigaction` is integers and a set, for which all zeros is a value, filled in below; the handler does
        // nothing but what is async-signal-safe.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let mut previous: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut previous);
            // What is ignored here stays ignored, in the command too (nohup).
            if previous.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            action.sa_sigaction = hand_on as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
            libc::sigemptyset(&raw mut action.sa_mask);
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
    // SAFETY: a system call with two numbers. Whoever ignores SIGCHLD is not told how its children ended.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

fn wait_without_reaping(id: u32) {
    loop {
        // SAFETY: integers and pointers, for which all zeros is a value; waitid writes into it.
        let status = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(
                libc::P_PID,
                id,
                &raw mut info,
                libc::WEXITED | libc::WNOWAIT,
            )
        };
        if status == 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

/// Ends this process by a signal, so that whoever waits for us sees what they would have seen. Without a core file: the
/// command has left its own.
fn die_by(signal: libc::c_int) {
    // SAFETY: system calls with numbers, and a pointer to a struct that outlives the call.
    unsafe {
        let no_core = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        libc::setrlimit(libc::RLIMIT_CORE, &raw const no_core);
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
