//! The keeper's socket: who asks, who watches, what is still to be told.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use serde::Serialize;

use crate::protocol::{Ask, Refusal, Status};

/// The socket, in the instance's directory.
pub(crate) const SOCKET: &str = "keeper.sock";

/// Longest question, and most that is kept for somebody who does not read, bytes.
const MOST: usize = 64 * 1024;

/// Somebody connected.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: UnixStream,
    asked: Vec<u8>,
    untold: Vec<u8>,
    is_watching: bool,
    awaits_end: bool,
    /// It is to be told the status once, changed or not.
    awaits_status: bool,
    is_gone: bool,
}

impl Client {
    /// Whether there is something to tell that did not fit so far.
    pub(crate) fn has_untold(&self) -> bool {
        !self.untold.is_empty()
    }

    fn tell(&mut self, what: &impl Serialize) {
        let Ok(mut line) = serde_json::to_vec(what) else {
            return;
        };
        line.push(b'\n');
        if self.untold.len() + line.len() > MOST {
            // It has not read for hundreds of changes. When it connects again it is told where things stand.
            self.is_gone = true;
            return;
        }
        self.untold.append(&mut line);
        self.flush();
    }

    fn flush(&mut self) {
        while !self.untold.is_empty() {
            match self.stream.write(&self.untold) {
                Ok(count) => drop(self.untold.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.is_gone = true;
                    return;
                }
            }
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.is_gone = true,
                Ok(count) => self.asked.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.is_gone = true,
            }
            if self.is_gone || self.asked.len() > MOST {
                self.is_gone = true;
                return;
            }
        }
    }

    fn next_question(&mut self) -> Option<Vec<u8>> {
        let end = self.asked.iter().position(|byte| *byte == b'\n')?;
        Some(self.asked.drain(..=end).collect())
    }
}

/// The socket and all who are connected.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) listener: UnixListener,
    pub(crate) clients: Vec<Client>,
}

impl Server {
    /// Listens in the current directory. A socket that an earlier keeper left behind is replaced: the lock says that it is gone.
    pub(crate) fn listen() -> io::Result<Self> {
        match fs::remove_file(SOCKET) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(SOCKET)?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            clients: Vec::new(),
        })
    }

    /// Takes in who has connected, reads and writes what can be, and answers with what was asked and by whom.
    pub(crate) fn attend(&mut self) -> Vec<(usize, Ask)> {
        while let Ok((stream, _)) = self.listener.accept() {
            if stream.set_nonblocking(true).is_ok() {
                let (asked, untold) = (Vec::new(), Vec::new());
                self.clients.push(Client {
                    stream,
                    asked,
                    untold,
                    is_watching: false,
                    awaits_end: false,
                    awaits_status: false,
                    is_gone: false,
                });
            }
        }
        self.clients.retain(|client| !client.is_gone);
        let mut asks = Vec::new();
        for (index, client) in self.clients.iter_mut().enumerate() {
            client.flush();
            client.read();
            while let Some(question) = client.next_question() {
                match serde_json::from_slice(&question) {
                    Ok(ask) => asks.push((index, ask)),
                    Err(error) => client.tell(&Refusal {
                        refused: format!("not understood: {error}"),
                    }),
                }
            }
        }
        asks
    }

    /// Answers one who asked.
    pub(crate) fn tell(&mut self, index: usize, what: &impl Serialize) {
        if let Some(client) = self.clients.get_mut(index) {
            client.tell(what);
        }
    }

    /// From now on this one is told the status and every change of it.
    pub(crate) fn watch(&mut self, index: usize) {
        self.answer_next(index);
        if let Some(client) = self.clients.get_mut(index) {
            client.is_watching = true;
        }
    }

    /// This one is told the status, once, as soon as it is written down.
    pub(crate) fn answer_next(&mut self, index: usize) {
        if let Some(client) = self.clients.get_mut(index) {
            client.awaits_status = true;
        }
    }

    /// This one is told when it is over.
    pub(crate) fn await_end(&mut self, index: usize) {
        if let Some(client) = self.clients.get_mut(index) {
            client.awaits_end = true;
        }
    }

    /// Whether somebody is to be told the status although it has not changed.
    pub(crate) fn is_asked(&self) -> bool {
        self.clients.iter().any(|client| client.awaits_status)
    }

    /// Tells the status to all who asked for it, and if it has changed to all who watch.
    pub(crate) fn tell_status(&mut self, status: &Status, has_changed: bool) {
        for client in &mut self.clients {
            if client.awaits_status || (client.is_watching && has_changed) {
                client.awaits_status = false;
                client.tell(status);
            }
        }
    }

    /// Tells all who wait for the end, and closes. One who does not read holds it up for a second at most.
    pub(crate) fn close(mut self, status: &Status) {
        for client in &mut self.clients {
            let is_blocking = client.stream.set_nonblocking(false);
            let is_bounded = client.stream.set_write_timeout(Some(Duration::from_secs(1)));
            if client.awaits_end && !client.is_watching && is_blocking.is_ok() && is_bounded.is_ok() {
                client.tell(status);
            }
            client.flush();
        }
        // What cannot be removed is replaced by the next keeper.
        let _ = fs::remove_file(SOCKET);
    }
}
