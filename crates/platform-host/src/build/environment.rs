//! The environment of a build command.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::tools;

/// What a build needs to know of the machine: where programs are and how the network is reached.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// The directories of `PATH`, in order.
    pub path: Vec<PathBuf>,
    /// Where rustup keeps its toolchains; builds have another `HOME` and would not find them.
    pub rustup_home: Option<PathBuf>,
    /// Settings that let tools reach the network, by name.
    pub network: BTreeMap<String, OsString>,
    /// Whether what is built must run as another user than the daemon's.
    pub shared: bool,
}

/// What is handed on: proxies, certificates, package indexes. Everything else stays with the daemon.
const NETWORK: [&str; 26] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "NPM_CONFIG_REGISTRY",
    "npm_config_registry",
    "NPM_CONFIG_CAFILE",
    "npm_config_cafile",
    "PIP_CERT",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_DEFAULT_TIMEOUT",
    "UV_DEFAULT_INDEX",
    "CARGO_HTTP_CAINFO",
    "GOPROXY",
    "GOSUMDB",
];

impl Machine {
    /// Reads it from this process's environment. The one place of the builder that does.
    pub fn of_this_process() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        let rustup_home = std::env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(|| {
            let usual = PathBuf::from(std::env::var_os("HOME")?).join(".rustup");
            usual.is_dir().then_some(usual)
        });
        Self {
            path: std::env::split_paths(&path).collect(),
            rustup_home,
            network: NETWORK
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)))
                .collect(),
            shared: rustix::process::geteuid().is_root(),
        }
    }

    /// Where programs are searched. When what is built must run as another user, directories that everybody may enter
    /// come first: an interpreter below `/root` would be found, built upon, and be out of reach at run time.
    pub fn search(&self) -> Vec<PathBuf> {
        let mut path: Vec<PathBuf> = self
            .path
            .iter()
            .filter(|directory| directory.is_absolute())
            .cloned()
            .collect();
        if self.shared {
            path.sort_by_key(|directory| !tools::open_to_all(directory));
        }
        path
    }

    /// The whole environment of an application's build command.
    pub(super) fn variables(&self, state: &Path, app: &str) -> BTreeMap<String, OsString> {
        let cache = state.join("cache");
        let mut variables = self.network.clone();
        let mut set = |name: &str, value: OsString| variables.insert(name.to_owned(), value);
        // The directories come from a PATH, so none of them holds a colon.
        set("PATH", std::env::join_paths(self.search()).unwrap_or_default());
        set("HOME", home(state, app).into());
        set("CI", "1".into());
        set("LANG", "C.UTF-8".into());
        let caches = [
            ("XDG_CACHE_HOME", "xdg"),
            ("npm_config_cache", "npm"),
            ("npm_config_store_dir", "pnpm"),
            ("YARN_CACHE_FOLDER", "yarn"),
            ("PIP_CACHE_DIR", "pip"),
            ("UV_CACHE_DIR", "uv"),
            ("CARGO_HOME", "cargo"),
            ("GOCACHE", "go-build"),
            ("GOMODCACHE", "go-mod"),
        ];
        for (name, directory) in caches {
            set(name, cache.join(directory).into());
        }
        let quiet = [
            ("npm_config_update_notifier", "false"),
            ("npm_config_fund", "false"),
            ("npm_config_audit", "false"),
            ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
            ("PIP_ROOT_USER_ACTION", "ignore"),
            ("NEXT_TELEMETRY_DISABLED", "1"),
            ("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0"),
        ];
        for (name, value) in quiet {
            set(name, value.into());
        }
        if let Some(rustup) = &self.rustup_home {
            set("RUSTUP_HOME", rustup.into());
        }
        variables
    }
}

/// `HOME` of an application's builds.
pub(super) fn home(state: &Path, app: &str) -> PathBuf {
    state.join("cache").join("home").join(app)
}
