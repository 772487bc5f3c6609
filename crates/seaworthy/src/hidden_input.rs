//! Reads a value that nobody should see: from standard input, without echo where that is a terminal.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use seaworthy_platform::Secret;
use seaworthy_store::secrets::LONGEST_VALUE;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::reporter::Reporter;

/// Reads one value. On a terminal it ends with Enter, otherwise with the input; one line break at its end does not belong to it.
pub(crate) async fn read(reporter: &Reporter, name: &str) -> Result<Secret, Failure> {
    let failed = |error: &io::Error| Failure::at(Path::new("stdin"), error, "give the value by `--from-file FILE`");
    let input = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(File::from)
        .map_err(|error| failed(&error))?;
    if !input.is_terminal() {
        return value(name, &whole(input).map_err(|error| failed(&error))?);
    }
    reporter.ask(&format!("value of {name} (it is not shown): "));
    let quiet = Quiet::begin().map_err(|error| failed(&error))?;
    let (send, line) = tokio::sync::oneshot::channel();
    // A thread of its own, because a read from a terminal cannot be called off; Ctrl-C must be seen to give the echo back.
    std::thread::spawn(move || send.send(one_line(input)));
    let line = tokio::select! {
        line = line => line,
        _ = tokio::signal::ctrl_c() => {
            drop(quiet);
            reporter.say("");
            return Err(Failure::Usage { cause: "nothing was stored".into(), remedy: "say it again".into() });
        }
    };
    drop(quiet);
    reporter.say("");
    let line = line.map_err(|_| failed(&io::ErrorKind::UnexpectedEof.into()))?;
    value(name, &line.map_err(|error| failed(&error))?)
}

/// Everything up to the longest value that can be stored, in memory that is wiped and never moved.
fn whole(input: File) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_VALUE + 64));
    // Two more bytes than fit, for a line break; what is longer is then refused by its length.
    input.take(LONGEST_VALUE as u64 + 3).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// One line. A terminal hands a line over whole.
fn one_line(mut input: File) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(vec![0; LONGEST_VALUE]);
    let length = input.read(&mut line)?;
    line.truncate(length);
    Ok(line)
}

fn value(name: &str, bytes: &[u8]) -> Result<Secret, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::Usage {
        cause: format!("the value of {name} is not text"),
        remedy: "encode it, as base64 for example".into(),
    })?;
    let text = text
        .strip_suffix('\n')
        .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    match text.is_empty() {
        true => Err(Failure::Usage {
            cause: format!("the value of {name} is empty"),
            remedy: "give it on standard input, or let `seaworthy secret generate` make one".into(),
        }),
        false => Ok(Secret::new(text.to_owned())),
    }
}

/// A terminal without echo, which comes back when this is dropped.
struct Quiet {
    before: Termios,
}

impl Quiet {
    fn begin() -> io::Result<Self> {
        let before = termios::tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        termios::tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that has gone away needs no echo.
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_line_break_does_not_belong_to_the_value() {
        for (input, expected) in [
            ("a b", "a b"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            (" a ", " a "),
        ] {
            assert_eq!(value("x", input.as_bytes()).unwrap().expose(), expected);
        }
        for wrong in [&b""[..], b"\n", b"\xff"] {
            assert!(value("x", wrong).is_err(), "{wrong:?}");
        }
    }
}
