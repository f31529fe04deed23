//! What a person sees: colours, widths, and text from outside, which is shown and never obeyed.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// The foreground colours in use, as ANSI has them.
#[derive(Clone, Copy)]
pub enum Colour {
    Bold = 1,
    Dim = 2,
    Red = 31,
    Green = 32,
    Yellow = 33,
    Cyan = 36,
}

/// Colours on a terminal, and nowhere else.
#[derive(Clone, Copy)]
pub struct Paint(bool);

impl Paint {
    /// <https://no-color.org>: any value but an empty one turns colours off.
    fn on(is_terminal: bool) -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self(is_terminal && !is_set("NO_COLOR") && !is_dumb)
    }

    pub fn colour(self, colour: Colour, text: &str) -> String {
        match self.0 {
            true => format!("\x1b[{}m{text}\x1b[0m", colour as u8),
            false => text.to_owned(),
        }
    }
}

pub fn on_stdout() -> Paint {
    Paint::on(io::stdout().is_terminal())
}

pub fn on_stderr() -> Paint {
    Paint::on(io::stderr().is_terminal())
}

/// The columns of the terminal on stdout; `None` where it is none.
pub fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    // SAFETY: integers, for which all zeros is a value.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    // SAFETY: TIOCGWINSZ writes one winsize.
    let status = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    Some(match (status, usize::from(size.ws_col)) {
        (0, columns @ 20..) => columns,
        _ => 80,
    })
}

/// Text from outside in one line: what could move the cursor or change colours is written as an escape, and so are
/// the characters by which text can seem to be in another order.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

/// JSON text in one line that is safe on a terminal. It stays the same JSON: blanks stand between values only, and a
/// control character only in strings, where an escape means the same.
pub fn one_line(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            '\u{7f}'..='\u{9f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

/// At most `columns` characters of a text. A character counts as one column, though some take two.
pub fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(columns.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// `text`, cut or filled with blanks to exactly `columns`.
pub fn column(text: &str, columns: usize) -> String {
    let short = cut(text, columns);
    let missing = columns.saturating_sub(short.chars().count());
    short + &" ".repeat(missing)
}

/// A line on stdout, at once: whoever reads it may be waiting for it.
pub fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Waits; an error as of a write, and at once, if whoever read stdout has left: a pipe's reader, a terminal.
pub fn wait(time: Duration) -> io::Result<()> {
    let mut stdout = libc::pollfd {
        fd: libc::STDOUT_FILENO,
        // Errors and hang-ups are told without being asked for.
        events: 0,
        revents: 0,
    };
    let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: one pollfd, which outlives the call.
    match unsafe { libc::poll(&raw mut stdout, 1, milliseconds) } {
        1.. => Err(io::ErrorKind::BrokenPipe.into()),
        _ => Ok(()),
    }
}

/// A line on stderr. That nobody reads it is no failure.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// `1,234,567`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `340 ms`, `1.90 s`, `3 min 5 s`
pub fn duration(milliseconds: f64) -> String {
    match milliseconds {
        ms if ms < 1.0 => format!("{ms:.2} ms"),
        ms if ms < 1_000.0 => format!("{ms:.0} ms"),
        ms if ms < 60_000.0 => format!("{:.2} s", ms / 1_000.0),
        ms => format!(
            "{} min {} s",
            (ms / 60_000.0).floor(),
            ((ms % 60_000.0) / 1_000.0).floor()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(
            plain("a\x1b[31mb\nc\u{9b}d\u{202e}"),
            "a\\u{1b}[31mb c\\u{9b}d\\u{202e}"
        );
        let json = "{\"a\":\n\t\"\u{9b}\u{7f}é\"}";
        let line = one_line(json);
        assert_eq!(line, "{\"a\":  \"\\u009b\\u007fé\"}");
        let same = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(same(&line), same(json));
    }

    #[test]
    fn columns_are_kept() {
        assert_eq!(column("abc", 5), "abc  ");
        assert_eq!(column("abcdef", 4), "abc…");
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöü", 0), "…");
    }

    #[test]
    fn numbers_are_readable() {
        let counts = [0, 999, 1_000, 1_234_567].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "1,234,567"]);
        let durations = [0.25, 12.0, 1_900.0, 185_000.0].map(duration);
        assert_eq!(durations, ["0.25 ms", "12 ms", "1.90 s", "3 min 5 s"]);
    }
}
