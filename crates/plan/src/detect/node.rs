//! Node: servers, Next.js, and sites that Vite and its like build into files.
//!
//! Development packages are kept: they hold the compilers that a `start` script often still calls, and pruning them is
//! a second install that can fail. A script is run as its own text rather than by `npm start`, which would stay in
//! memory beside every instance and stand between it and its signals; scripts with `prestart` or `poststart` excepted.

use seaworthy_spec::CommandLine;
use serde_json::Value;

use super::node_packages::{self, Packages, asks_for};
use super::{Because, Candidate, Detected, NotDetected, SourceFacts, Stack, because, static_site};

const FILE: &str = "package.json";

/// Files that start a server by convention, the most usual first.
const ENTRIES: [&str; 8] = [
    "server.js",
    "index.js",
    "app.js",
    "main.js",
    "server.mjs",
    "index.mjs",
    "server.cjs",
    "src/index.js",
];

/// A source with a `package.json`.
pub(super) fn detect(facts: &SourceFacts) -> Candidate {
    let manifest = match facts.json(FILE) {
        Ok(manifest) => manifest?,
        Err(why) => return Some(Err(why)),
    };
    let packages = node_packages::choose(facts, &manifest);
    let mut evidence = vec![packages.because.clone()];
    let script = |name: &str| {
        manifest["scripts"][name]
            .as_str()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let mut steps: Vec<String> = packages.install.iter().map(|step| (*step).to_owned()).collect();
    if script("build").is_some() {
        steps.push(format!("{} run build", packages.manager));
        evidence.push(because(FILE, "build script"));
    }
    let build = (!steps.is_empty()).then(|| steps.join(" && "));
    let detected = Detected::built(Stack::Node, build, evidence);

    Some(Ok(if asks_for(&manifest, "next") {
        next(facts, &packages, detected)
    } else if let Some(text) = script("start").filter(|text| !serves_development(text)) {
        let wrapped = script("prestart").is_some() || script("poststart").is_some();
        detected.starts(
            start(text, wrapped, &packages),
            because(FILE, format!("start script: {text}")),
        )
    } else if let Some((entry, why)) = entry(facts, &manifest) {
        detected.starts(exec(&["node", &entry]), why)
    } else if let Some((directory, why)) = site(facts, &manifest).filter(|_| script("build").is_some()) {
        let site = Detected {
            stack: Stack::Static,
            ..detected
        };
        site.starts(static_site::serve(&directory), why)
    } else {
        detected.starts_nothing(NotDetected::new(
            FILE,
            "it has no start script, its main is not there, and neither is server.js or index.js",
            "add a start script, or set command for this service in seaworthy.toml",
        ))
    }))
}

/// Next.js listens where it is told; an export is files only.
fn next(facts: &SourceFacts, packages: &Packages, detected: Detected) -> Detected {
    let config = facts.contents.iter().find(|(file, _)| file.starts_with("next.config."));
    if let Some((file, text)) = config
        && [
            "output: 'export'",
            "output: \"export\"",
            "output:'export'",
            "output:\"export\"",
        ]
        .iter()
        .any(|form| text.contains(form))
    {
        let site = Detected {
            stack: Stack::Static,
            ..detected
        };
        return site.starts(
            static_site::serve("out"),
            because(file, "Next.js exported to files in out"),
        );
    }
    let next = if packages.has_bin { "next" } else { "yarn next" };
    let command = format!("exec {next} start --hostname 127.0.0.1 --port \"$PORT\"");
    detected.starts(CommandLine::Shell(command), because(FILE, "Next.js"))
}

/// Whether a start script is a development server, which has no place in production: the built files are served instead.
fn serves_development(script: &str) -> bool {
    let mut words = script.split_whitespace();
    match words.next() {
        Some("vite" | "ng" | "react-scripts" | "parcel") => words.next() != Some("preview"),
        Some("astro" | "vue-cli-service") => matches!(words.next(), Some("dev" | "serve")),
        _ => false,
    }
}

/// The command of a start script.
fn start(text: &str, wrapped: bool, packages: &Packages) -> CommandLine {
    let plain = |more: &str| {
        let harmless = |c: char| c.is_ascii_alphanumeric() || " ./_-=:@,+%".contains(c) || more.contains(c);
        text.chars().all(harmless)
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    // A list of commands, or one with assignments before it, cannot be given to exec.
    let single = words.first().is_some_and(|word| !word.contains('='));
    if wrapped || !packages.has_bin {
        exec(&[packages.manager, "start"])
    } else if plain("") && single {
        exec(&words)
    } else if plain("${}\"") && single {
        CommandLine::Shell(format!("exec {text}"))
    } else {
        CommandLine::Shell(text.to_owned())
    }
}

/// The program to start without a start script: `main`, else a usual name.
fn entry(facts: &SourceFacts, manifest: &Value) -> Option<(String, Because)> {
    if let Some(main) = manifest["main"].as_str().map(|main| main.trim_start_matches("./")) {
        let there = [main.to_owned(), format!("{main}.js"), format!("{main}/index.js")];
        if let Some(file) = there.into_iter().find(|file| facts.has(file)) {
            return Some((file, because(FILE, format!("main: {main}"))));
        }
    }
    let file = facts.first(&ENTRIES)?;
    Some((file.to_owned(), because(file, "started with node")))
}

/// The directory into which a site generator writes.
fn site(facts: &SourceFacts, manifest: &Value) -> Option<(String, Because)> {
    let known = [
        ("vite", "dist"),
        ("astro", "dist"),
        ("parcel", "dist"),
        ("react-scripts", "build"),
        ("@vue/cli-service", "dist"),
    ];
    let (tool, usual) = known.into_iter().find(|(tool, _)| asks_for(manifest, tool))?;
    let config = facts.contents.iter().find(|(file, _)| file.starts_with("vite.config."));
    if let Some((file, text)) = config.filter(|_| tool == "vite")
        && let Some(directory) = quoted_after(text, "outDir:")
    {
        return Some((
            directory.to_owned(),
            because(file, format!("Vite builds files into {directory}")),
        ));
    }
    Some((
        usual.to_owned(),
        because(FILE, format!("{tool} builds files into {usual}")),
    ))
}

/// The quoted text after a key, inside the source: a directory elsewhere is not an artifact's.
fn quoted_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = text.split_once(key)?.1.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let directory = rest[1..].split_once(quote)?.0.trim_start_matches("./");
    (!directory.is_empty() && !directory.starts_with('/') && !directory.contains("..")).then_some(directory)
}

fn exec(words: &[&str]) -> CommandLine {
    CommandLine::Exec(words.iter().map(|word| (*word).to_owned()).collect())
}
