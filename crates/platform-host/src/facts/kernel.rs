//! What the kernel can do. Each feature is tried: containers filter calls that the version promises.

use std::path::Path;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
use rustix::process::{PidfdFlags, getpid, pidfd_open};
use seaworthy_checks::Fact;
use seaworthy_checks::facts::{Kernel, KernelFeature};

/// Tries everything that Seaworthy needs.
pub(super) fn features() -> Fact<Kernel> {
    let tried = [
        (KernelFeature::PidFd, pidfd_open(getpid(), PidfdFlags::empty()).is_ok()),
        (KernelFeature::ReusePort, reuse_port().is_ok()),
        (
            KernelFeature::MemFd,
            memfd_create("seaworthy-check", MemfdFlags::CLOEXEC).is_ok(),
        ),
        (KernelFeature::Proc, Path::new("/proc/self/stat").exists()),
    ];
    Fact::Known(Kernel {
        release: rustix::system::uname().release().to_string_lossy().into_owned(),
        missing: tried
            .into_iter()
            .filter(|(_, there)| !there)
            .map(|(feature, _)| feature)
            .collect(),
    })
}

fn reuse_port() -> rustix::io::Result<()> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseport(&socket, true)
}
