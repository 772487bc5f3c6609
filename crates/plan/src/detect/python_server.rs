//! The server in front of a Python web application.
//!
//! The server that the source asks for is used. Where it asks for none, one made for production is installed beside it,
//! and the evidence says so: a framework's own development server answers one request at a time or warns against itself.

use seaworthy_spec::CommandLine;

use super::python_packages::Packages;
use super::{Because, SourceFacts, because};

/// A server with its command.
pub(super) struct Server {
    pub(super) command: CommandLine,
    pub(super) because: Vec<Because>,
}

/// A framework: how its application object is made, and which interface it speaks.
struct Framework {
    package: &'static str,
    constructor: &'static str,
    asynchronous: bool,
}

const FRAMEWORKS: [Framework; 5] = [
    Framework {
        package: "fastapi",
        constructor: "FastAPI(",
        asynchronous: true,
    },
    Framework {
        package: "starlette",
        constructor: "Starlette(",
        asynchronous: true,
    },
    Framework {
        package: "litestar",
        constructor: "Litestar(",
        asynchronous: true,
    },
    Framework {
        package: "quart",
        constructor: "Quart(",
        asynchronous: true,
    },
    Framework {
        package: "flask",
        constructor: "Flask(",
        asynchronous: false,
    },
];

/// Chooses the server of a web application; none when the source holds no known one.
pub(super) fn choose(facts: &SourceFacts, packages: &mut Packages) -> Option<Server> {
    if facts.has("manage.py") {
        return Some(django(facts, packages));
    }
    for framework in FRAMEWORKS
        .iter()
        .filter(|framework| packages.asks_for(framework.package))
    {
        let Some((file, object)) = application(facts, framework) else {
            continue;
        };
        let found = because(&file, format!("{} application {object}", framework.package));
        let target = format!("{}:{object}", module(&file));
        let directory = file.starts_with("src/");
        return Some(if framework.asynchronous {
            asgi(packages, &target, directory, found)
        } else {
            wsgi(packages, &target, directory, found)
        });
    }
    None
}

fn asgi(packages: &mut Packages, target: &str, in_src: bool, found: Because) -> Server {
    let (arguments, why) = if packages.asks_for("hypercorn") && !packages.asks_for("uvicorn") {
        (
            format!("hypercorn {target} --bind \"127.0.0.1:$PORT\""),
            "hypercorn, from its packages".to_owned(),
        )
    } else {
        let why = if packages.first(&["uvicorn"]).is_some() {
            "uvicorn, from its packages".to_owned()
        } else {
            packages.add("uvicorn");
            "uvicorn, installed in addition: name a server among the packages to pin its version".to_owned()
        };
        (format!("uvicorn {target} --host 127.0.0.1 --port \"$PORT\""), why)
    };
    server(&arguments, in_src, found, &packages.because.file, why)
}

fn wsgi(packages: &mut Packages, target: &str, in_src: bool, found: Because) -> Server {
    let (arguments, why) = if packages.asks_for("waitress") && !packages.asks_for("gunicorn") {
        (
            format!("waitress --listen=\"127.0.0.1:$PORT\" {}", call(target, true)),
            "waitress, from its packages".to_owned(),
        )
    } else {
        let why = if packages.asks_for("gunicorn") {
            "gunicorn, from its packages".to_owned()
        } else {
            packages.add("gunicorn");
            "gunicorn, installed in addition: name a server among the packages to pin its version".to_owned()
        };
        // Threads keep one slow request from holding up the others.
        (
            format!(
                "gunicorn --bind \"127.0.0.1:$PORT\" --threads 8 {}",
                call(target, false)
            ),
            why,
        )
    };
    server(&arguments, in_src, found, &packages.because.file, why)
}

/// A target that is called by the server itself: a factory is written differently for each server.
fn call(target: &str, waitress: bool) -> String {
    match (target.strip_suffix("()"), waitress) {
        (Some(factory), true) => format!("--call {factory}"),
        (Some(factory), false) => format!("\"{factory}()\""),
        (None, _) => target.to_owned(),
    }
}

fn server(arguments: &str, in_src: bool, found: Because, file: &str, why: String) -> Server {
    let path = if in_src { "export PYTHONPATH=\"$PWD/src\"; " } else { "" };
    Server {
        command: CommandLine::Shell(format!("{path}exec .venv/bin/python -m {arguments}")),
        because: vec![found, because(file, why)],
    }
}

fn django(facts: &SourceFacts, packages: &mut Packages) -> Server {
    let settings = facts
        .text("manage.py")
        .and_then(|text| quoted_after(text, "DJANGO_SETTINGS_MODULE"));
    let project = settings.and_then(|module| module.split('.').next());
    let mut evidence = because("manage.py", "Django");
    if let Some(project) = project {
        for (kind, asynchronous) in [("wsgi", false), ("asgi", true)] {
            if facts.has(&format!("{project}/{kind}.py")) {
                evidence.what = format!("Django project {project}; collectstatic is not run unless build says so");
                let target = format!("{project}.{kind}:application");
                return if asynchronous {
                    asgi(packages, &target, false, evidence)
                } else {
                    wsgi(packages, &target, false, evidence)
                };
            }
        }
    }
    Server {
        command: CommandLine::Shell(
            "exec .venv/bin/python manage.py runserver --noreload \"127.0.0.1:$PORT\"".to_owned(),
        ),
        because: vec![because(
            "manage.py",
            "Django's development server, because no wsgi.py was found beside the settings",
        )],
    }
}

/// The file that makes the application object, with the object's name (or `create_app()`).
fn application(facts: &SourceFacts, framework: &Framework) -> Option<(String, String)> {
    // The root's files come first: `main.py` before `app/main.py` before `tests`.
    let mut files: Vec<(&String, &String)> = facts
        .contents
        .iter()
        .filter(|(file, _)| file.ends_with(".py"))
        .collect();
    files.sort_by_key(|(file, _)| (file.matches('/').count(), *file));
    for (file, text) in &files {
        let object = text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            // `app: FastAPI = FastAPI(…)` carries a type; an indented line is inside a function and not importable.
            let name = name.split(':').next()?.trim_end();
            let constructed = value.trim_start().split_inclusive('(').next()?;
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            (is_name && constructed.ends_with(framework.constructor)).then(|| name.to_owned())
        });
        if let Some(object) = object {
            return Some(((*file).clone(), object));
        }
    }
    // Flask's factory takes no argument that must be given.
    let (file, _) = files
        .iter()
        .find(|(_, text)| !framework.asynchronous && text.contains("def create_app("))?;
    Some(((*file).clone(), "create_app()".to_owned()))
}

/// The module of a file as Python imports it.
fn module(file: &str) -> String {
    let path = file.strip_prefix("src/").unwrap_or(file).trim_end_matches(".py");
    path.trim_end_matches("/__init__").replace('/', ".")
}

/// The second quoted text of a call whose first is `key`: `setdefault("KEY", "value")`.
fn quoted_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = text.split_once(key)?.1.get(1..)?;
    let start = rest.find(['"', '\''])?;
    let quote = rest.as_bytes()[start] as char;
    rest[start + 1..].split_once(quote).map(|(value, _)| value)
}
