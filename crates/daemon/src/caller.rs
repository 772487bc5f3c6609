//! Who is calling: told by the kernel, not by the caller.

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::UnixListener;

/// The process on the other end of the socket, by SO_PEERCRED.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    uid: Option<u32>,
}

impl Connected<IncomingStream<'_, UnixListener>> for Caller {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self {
            uid: stream.io().peer_cred().ok().map(|cred| cred.uid()),
        }
    }
}

impl Caller {
    /// The user's name, or the number where the machine knows no name for it.
    pub(crate) fn name(&self) -> String {
        let Some(uid) = self.uid else {
            return "unknown".to_owned();
        };
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        users
            .lines()
            .find_map(|line| {
                let mut fields = line.split(':');
                let (name, id) = (fields.next()?, fields.nth(1)?);
                (id.parse() == Ok(uid)).then(|| name.to_owned())
            })
            .unwrap_or_else(|| format!("uid {uid}"))
    }
}
