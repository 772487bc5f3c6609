//! Applications nobody here wrote, from npm and from PyPI, natively, from a file of a few lines.

use crate::harness::{Seaworthy, lacks};

#[test]
fn json_server_from_npm() {
    if lacks(&["node", "npm", "npm-registry"]) {
        return;
    }
    let ship = Seaworthy::new()
        .source(
            "shop/package.json",
            r#"{ "name": "shop", "private": true, "dependencies": { "json-server": "0.17.4" },
                 "scripts": { "start": "json-server --host 127.0.0.1 --port $PORT db.json" } }"#,
        )
        .source(
            "shop/db.json",
            r#"{ "parts": [{ "id": 1, "name": "anchor" }, { "id": 2, "name": "keel" }] }"#,
        )
        .file("app = \"shop\"\n\n[services.shop]\nsource = \"shop\"\n");
    ship.run(["plan"]).succeeds().says("package.json").says("npm");
    ship.up().succeeds();
    assert!(ship.get("/").body.contains("JSON Server"), "its own page");
    assert!(ship.get("/parts?name=keel").body.contains("\"keel\""));
    assert_eq!(ship.get("/parts/3").status, 404);

    // What npm installed is used again when only the data changed? No: the source is one input, so it is built anew,
    // and the release before serves meanwhile.
    ship.write("shop/db.json", r#"{ "parts": [{ "id": 3, "name": "mast" }] }"#);
    ship.up().succeeds();
    assert!(ship.get("/parts/3").body.contains("mast"));
}

#[test]
fn datasette_from_pypi() {
    if lacks(&["python", "pypi"]) {
        return;
    }
    let ship = Seaworthy::new()
        .source("data/requirements.txt", "datasette==0.65.1\n")
        .source("data/make.py", "import sqlite3\ndb = sqlite3.connect('parts.db')\ndb.execute('create table parts (name text)')\ndb.execute(\"insert into parts values ('anchor')\")\ndb.commit()\n")
        .file(
            r#"
app = "data"

[services.data]
source  = "data"
build   = "python3 -m venv .venv && .venv/bin/pip install --quiet -r requirements.txt && .venv/bin/python make.py"
command = "exec .venv/bin/datasette serve --immutable parts.db --host 127.0.0.1 --port $PORT"
health  = { ready = "/-/versions.json" }
"#,
        );
    ship.up().succeeds();
    assert!(ship.get("/parts/parts.json?_shape=array").body.contains("anchor"));
    let page = ship.get("/parts/parts");
    assert!(page.status == 200 && page.body.contains("Datasette"), "{page:?}");
}

#[test]
fn flask_from_pypi_is_detected() {
    if lacks(&["python", "pypi"]) {
        return;
    }
    let ship = Seaworthy::new()
        .source("site/requirements.txt", "flask==3.1.2\n")
        .source(
            "site/app.py",
            "from flask import Flask, request\napp = Flask(__name__)\n\n@app.get('/')\ndef home():\n    return f'for {request.host} by {request.headers[\"X-Forwarded-For\"]}'\n",
        )
        .file("app = \"site\"\n\n[services.site]\nsource = \"site\"\n");
    ship.run(["plan"]).succeeds().says("requirements.txt").says("Flask");
    ship.up().succeeds();
    assert_eq!(
        ship.get_with("/", &[("host", "ships.example.com")]).body,
        "for ships.example.com by 127.0.0.1"
    );
}
