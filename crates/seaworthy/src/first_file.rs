//! The text of a first `seaworthy.toml`: what is needed, and in comments what there is besides.

use seaworthy_plan::detect::{Detected, Stack};
use seaworthy_spec::CommandLine;

/// A service that was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its name in the file.
    pub(crate) name: String,
    /// Its directory, relative to the file.
    pub(crate) source: String,
    /// What its files say.
    pub(crate) detected: Detected,
}

impl Found {
    /// What was concluded, from which file.
    pub(crate) fn evidence(&self) -> Vec<String> {
        let because = self.detected.because.iter().map(|because| {
            let file = if self.source == "." {
                because.file.clone()
            } else {
                format!("{}/{}", self.source, because.file)
            };
            format!("{}: {} ({file})", self.name, because.what)
        });
        because
            .chain(
                self.detected
                    .missing
                    .iter()
                    .map(|missing| format!("{}: {missing}", self.name)),
            )
            .collect()
    }
}

/// A name for the application made of the directory's.
pub(crate) fn app_name(directory: &str) -> String {
    match service_name(directory) {
        name if name.is_empty() => "app".to_owned(),
        name => name,
    }
}

/// The nearest name that is allowed: lower-case letters, digits and `-`, beginning with a letter, at most 40 characters.
pub(crate) fn service_name(directory: &str) -> String {
    let mut name = String::new();
    for character in directory.to_lowercase().chars() {
        match character {
            'a'..='z' | '0'..='9' => name.push(character),
            _ if !name.ends_with('-') => name.push('-'),
            _ => {}
        }
    }
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    name.chars()
        .take(40)
        .collect::<String>()
        .trim_end_matches('-')
        .to_owned()
}

/// The file.
pub(crate) fn render(app: &str, services: &[Found]) -> String {
    let mut text = format!(
        "# What Seaworthy knows of this application. `seaworthy check` validates it, `seaworthy plan` says what\n\
         # `seaworthy up` would do. Whatever stands in a comment is an example, or found out by itself.\n\n\
         app = {}\n",
        quote(app)
    );
    for found in services {
        text.push_str(&service(found));
    }
    text.push_str(&routes(services));
    text.push_str(
        "
# [edge]
# hosts = [\"www.example.com\"]          # none: any host
# http  = \":80\"

# [release]
# strategy = \"rolling\"                 # instances are replaced a few at a time
# bake     = \"1m\"                      # how long the new version is watched before the release is done

# [environments.staging.set]           # seaworthy up --env staging
# release.bake = \"10s\"
",
    );
    text
}

fn service(found: &Found) -> String {
    let detected = &found.detected;
    let mut text = format!("\n[services.{}]\n", found.name);
    let stack = match detected.stack {
        Stack::None => String::new(),
        stack => format!("  # {stack}"),
    };
    text.push_str(&format!("source = {}{stack}\n", quote(&found.source)));
    if let Some(build) = &detected.build {
        text.push_str(&format!("# build = {}\n", quote(build)));
    }
    match (&detected.command, &detected.missing) {
        (Some(command), _) => text.push_str(&format!("# command = {}\n", written(command))),
        (None, Some(missing)) => text.push_str(&format!(
            "# {missing}; so it must be said:\ncommand = [\"./start\"]  # replace this\n"
        )),
        (None, None) => {}
    }
    match &detected.health_path {
        Some(path) => text.push_str(&format!("# health = {{ ready = {} }}\n", quote(path))),
        None if detected.listens && detected.stack != Stack::Static => text.push_str(
            "# health = { live = \"/live\", ready = \"/ready\" }  # none: accepting a connection is enough\n",
        ),
        None => {}
    }
    text.push_str("# replicas = 2\n# memory = \"256MiB..512MiB\"  # request..limit\n");
    text.push_str(&format!(
        "\n# [services.{}.env]\n# LOG_LEVEL = {{ value = \"info\", one_of = [\"debug\", \"info\", \"warn\", \"error\"] }}\n\
         # API_KEY   = {{ secret = \"api-key\", min_length = 32 }}  # seaworthy secret set api-key\n",
        found.name
    ));
    text
}

/// A lone service receives everything; of several, the one with a front's name receives `/` and each other its own path.
fn routes(services: &[Found]) -> String {
    let listening: Vec<&Found> = services.iter().filter(|found| found.detected.listens).collect();
    if listening.len() < 2 {
        return String::new();
    }
    let front = ["web", "frontend", "front", "site", "www", "ui", "app", "client"]
        .into_iter()
        .find_map(|name| listening.iter().position(|found| found.name == name))
        .unwrap_or(0);
    let mut text = String::new();
    for (index, found) in listening.iter().enumerate() {
        let path = if index == front {
            "/".to_owned()
        } else {
            format!("/{}", found.name)
        };
        text.push_str(&format!(
            "\n[routes.{0}]\npath = {1}\nto = {2}\n",
            found.name,
            quote(&path),
            quote(&found.name)
        ));
    }
    text
}

fn written(command: &CommandLine) -> String {
    match command {
        CommandLine::Exec(words) => format!(
            "[{}]",
            words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(", ")
        ),
        CommandLine::Shell(line) => quote(line),
    }
}

/// A TOML string.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(control))),
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use seaworthy_plan::detect::{SourceFacts, detect};

    use super::*;

    fn found(name: &str, source: &str, files: &[(&str, &str)]) -> Found {
        let mut facts = SourceFacts::default();
        for (file, text) in files {
            facts.files.push((*file).to_owned());
            facts.contents.insert((*file).to_owned(), (*text).to_owned());
        }
        Found {
            name: name.into(),
            source: source.into(),
            detected: detect(&facts).unwrap(),
        }
    }

    fn node() -> [(&'static str, &'static str); 2] {
        [("package.json", r#"{"scripts":{"start":"node s.js"}}"#), ("s.js", "")]
    }

    #[test]
    fn the_file_is_understood_as_it_is_and_with_its_examples() {
        let services = [
            found("api", "api", &node()),
            found("web", "web", &[("index.html", "<h1>")]),
        ];
        for services in [&services[..], &services[..1]] {
            let text = render("hello", services);
            seaworthy_spec::parse(&text, "seaworthy.toml").unwrap();
            // Examples are the lines whose comment is a key or a table.
            let example = |line: &str| {
                line.starts_with("# [")
                    || line.split_once('=').is_some_and(|(key, _)| {
                        key.trim_start_matches("# ")
                            .trim()
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b))
                    })
            };
            let shown: Vec<&str> = text
                .lines()
                .map(|line| {
                    if line.starts_with("# ") && example(line) {
                        &line[2..]
                    } else {
                        line
                    }
                })
                .collect();
            seaworthy_spec::parse(&shown.join("\n"), "seaworthy.toml").unwrap();
        }
    }

    #[test]
    fn several_services_get_a_path_each() {
        let text = render(
            "hello",
            &[
                found("api", "api", &node()),
                found("web", "web", &[("index.html", "<h1>")]),
            ],
        );
        assert!(
            text.contains("[routes.web]\npath = \"/\"\n") && text.contains("[routes.api]\npath = \"/api\"\n"),
            "{text}"
        );
        assert!(!render("hello", &[found("web", ".", &node())]).contains("[routes"));
    }

    #[test]
    fn names_are_made_of_what_names_are_made_of() {
        for (directory, name) in [
            ("My App_2", "my-app-2"),
            ("42-api", "api"),
            ("---", "app"),
            ("é", "app"),
            ("web.", "web"),
        ] {
            assert_eq!(app_name(directory), name);
        }
        assert_eq!(app_name(&"x".repeat(80)).len(), 40);
    }
}
