use super::*;

const SERVER: (&str, &str) = ("package.json", r#"{"scripts":{"start":"node server.js"}}"#);

#[test]
fn an_index_page_is_served() {
    let found = detected(&[("index.html", "<h1>hi</h1>"), ("style.css", "")]);
    assert_eq!((found.stack, &found.build), (Stack::Static, &None));
    assert_eq!(found.command, exec(&["seaworthy", "serve-static", "."]));
    assert!(found.listens);
}

#[test]
fn a_procfile_says_what_is_started_and_the_stack_how_it_is_built() {
    let found = detected(&[
        (
            "Procfile",
            "web: gunicorn -b 127.0.0.1:$PORT shop.web:app\nworker: celery -A shop worker\nrelease: ./migrate\n",
        ),
        ("requirements.txt", "gunicorn\n"),
    ]);
    assert_eq!(found.stack, Stack::Python);
    assert!(found.build.is_some());
    assert_eq!(found.command, shell("gunicorn -b 127.0.0.1:$PORT shop.web:app"));
    assert_eq!(found.missing, None);
    let said = evidence(&found, "Procfile");
    assert!(said.contains("process worker is not started"), "{said}");
    assert!(said.contains("release is not run"), "{said}");
}

#[test]
fn a_lone_worker_takes_no_requests() {
    let found = detected(&[("Procfile", "# jobs\nworker: node jobs.js\n"), SERVER]);
    assert!(!found.listens);
    assert_eq!(found.health_path, None);
    assert_eq!(found.command, shell("node jobs.js"));
}

#[test]
fn a_procfile_without_web_needs_a_choice() {
    let why = refused(&[("Procfile", "a: x\nb: y\n")]);
    assert!(why.cause.contains("a, b"), "{why}");
    assert_eq!(refused(&[("Procfile", "\n")]).cause, "it names no process");
}

#[test]
fn a_server_wins_over_files_and_the_others_are_named() {
    let found = detected(&[SERVER, ("index.html", ""), ("requirements.txt", "x\n"), ("main.py", "")]);
    assert_eq!(found.command, exec(&["node", "server.js"]));
    assert!(evidence(&found, "requirements.txt").contains("python files too"));
    // Tools for development alone do not make a Node application.
    let tools = ("package.json", r#"{"devDependencies":{"prettier":"3"}}"#);
    assert_eq!(detected(&[tools, ("index.html", "")]).stack, Stack::Static);
}

#[test]
fn a_dockerfile_gives_the_containers_port_and_nothing_else() {
    let docker = (
        "Dockerfile",
        "FROM node AS build\nEXPOSE 9999\nFROM node\nexpose 3001/tcp\n",
    );
    assert_eq!(detected(&[SERVER, docker]).port, Some(3001));
    let why = refused(&[docker]);
    assert_eq!(why.file, "Dockerfile");
    assert!(why.remedy().contains("command"), "{why:?}");
}

#[test]
fn a_path_that_is_only_asked_for_is_not_a_health_route() {
    let client = (
        "server.js",
        "const r = await fetch(base + '/health'); if (r.status === 200) ok();\n// app.get('/ready')\n",
    );
    assert_eq!(detected(&[SERVER, client]).health_path, None);
    let both = (
        "server.js",
        "app.get(\"/health\", a);\nif (req.url === '/ready') b();\n",
    );
    assert_eq!(detected(&[SERVER, both]).health_path.as_deref(), Some("/ready"));
}

#[test]
fn an_unknown_source_may_still_be_given_a_command() {
    let unknown = Detected::nothing(refused(&[("Gemfile", "")]));
    assert_eq!(
        (unknown.stack, unknown.build, unknown.command),
        (Stack::None, None, None)
    );
    assert!(unknown.missing.unwrap().cause.contains("Ruby"));
}

#[test]
fn an_unknown_source_gets_a_remedy() {
    for (files, cause) in [
        (&[][..], "empty"),
        (&[("README.md", "")][..], "none of package.json"),
        (&[("Gemfile", "")][..], "Ruby"),
        (&[("Api.csproj", "")][..], ".NET"),
    ] {
        let why = refused(files);
        assert!(why.cause.contains(cause), "{why}");
        assert!(!why.remedy().is_empty());
    }
}
