use super::*;

const EXPRESS: &str = r#"{
  "name": "shop", "version": "1.0.0",
  "scripts": { "start": "node server.js", "test": "node --test" },
  "dependencies": { "express": "^4.19.2" }
}"#;

#[test]
fn an_express_server_is_installed_by_its_lock_file_and_started_without_npm() {
    let app = "const app = require('express')();\napp.get('/healthz', (q, r) => r.send('ok'));\napp.listen(process.env.PORT)\n";
    let found = detected(&[
        ("package.json", EXPRESS),
        ("package-lock.json", "{}"),
        ("server.js", app),
    ]);
    assert_eq!(found.stack, Stack::Node);
    assert_eq!(found.build.as_deref(), Some("npm ci"));
    assert_eq!(found.command, exec(&["node", "server.js"]));
    assert!(found.listens);
    assert_eq!(found.health_path.as_deref(), Some("/healthz"));
    assert_eq!(evidence(&found, "server.js"), "health route /healthz");
    assert_eq!(evidence(&found, "package.json"), "start script: node server.js");
}

#[test]
fn without_a_lock_file_npm_installs_and_the_evidence_says_so() {
    let found = detected(&[("package.json", EXPRESS), ("server.js", "")]);
    assert_eq!(found.build.as_deref(), Some("npm install"));
    assert!(evidence(&found, "package.json").contains("there is no lock file"));
}

#[test]
fn a_build_script_is_run_by_the_manager_of_the_lock_file() {
    let manifest =
        r#"{"scripts":{"build":"tsc","start":"NODE_ENV=production node dist/main.js"},"dependencies":{"fastify":"5"}}"#;
    for (lock, build) in [
        ("package-lock.json", "npm ci && npm run build"),
        ("pnpm-lock.yaml", "pnpm install --frozen-lockfile && pnpm run build"),
        ("yarn.lock", "yarn install --frozen-lockfile && yarn run build"),
    ] {
        let found = detected(&[("package.json", manifest), (lock, "")]);
        assert_eq!(found.build.as_deref(), Some(build));
        // Assignments before a command cannot be given to exec.
        assert_eq!(found.command, shell("NODE_ENV=production node dist/main.js"));
    }
}

#[test]
fn yarn_without_node_modules_starts_by_itself() {
    let manifest = r#"{"packageManager":"yarn@4.5.0","scripts":{"start":"node server.js"},"dependencies":{"koa":"2"}}"#;
    let found = detected(&[
        ("package.json", manifest),
        ("yarn.lock", ""),
        (".yarnrc.yml", "enableTelemetry: false\n"),
    ]);
    assert_eq!(found.build.as_deref(), Some("yarn install --immutable"));
    assert_eq!(found.command, exec(&["yarn", "start"]));
}

#[test]
fn a_script_is_run_without_a_shell_where_it_needs_none() {
    let manifest = r#"{"scripts":{"start":"json-server --port 3000 db.json"},"dependencies":{"json-server":"0.17"}}"#;
    assert_eq!(
        detected(&[("package.json", manifest)]).command,
        exec(&["json-server", "--port", "3000", "db.json"])
    );
    let with_port = r#"{"scripts":{"start":"json-server --port ${PORT} db.json"}}"#;
    assert_eq!(
        detected(&[("package.json", with_port)]).command,
        shell("exec json-server --port ${PORT} db.json")
    );
    let list = r#"{"scripts":{"start":"node migrate.js && node server.js"}}"#;
    assert_eq!(
        detected(&[("package.json", list)]).command,
        shell("node migrate.js && node server.js")
    );
    let wrapped = r#"{"scripts":{"prestart":"node seed.js","start":"node server.js"}}"#;
    assert_eq!(detected(&[("package.json", wrapped)]).command, exec(&["npm", "start"]));
}

#[test]
fn main_and_usual_names_are_started_when_there_is_no_start_script() {
    let main = detected(&[("package.json", r#"{"main":"./lib/app"}"#), ("lib/app.js", "")]);
    assert_eq!(main.command, exec(&["node", "lib/app.js"]));
    assert_eq!(main.build, None);
    // A main that is not there does not hide the server that is.
    let usual = detected(&[
        ("package.json", r#"{"main":"missing.js"}"#),
        ("index.js", ""),
        ("server.js", ""),
    ]);
    assert_eq!(usual.command, exec(&["node", "server.js"]));
}

#[test]
fn next_is_told_where_to_listen_and_its_export_is_served() {
    let manifest = r#"{"scripts":{"dev":"next dev","build":"next build","start":"next start"},"dependencies":{"next":"15","react":"19"}}"#;
    let found = detected(&[
        ("package.json", manifest),
        ("package-lock.json", ""),
        ("next.config.mjs", "export default {}"),
    ]);
    assert_eq!(found.build.as_deref(), Some("npm ci && npm run build"));
    assert_eq!(
        found.command,
        shell("exec next start --hostname 127.0.0.1 --port \"$PORT\"")
    );
    let exported = detected(&[
        ("package.json", manifest),
        ("next.config.js", "module.exports = { output: 'export' }"),
    ]);
    assert_eq!(
        (exported.stack, exported.command),
        (Stack::Static, exec(&["seaworthy", "serve-static", "out"]))
    );
}

#[test]
fn a_vite_site_is_built_and_its_files_are_served() {
    let manifest = r#"{"scripts":{"dev":"vite","start":"vite","build":"vite build"},"devDependencies":{"vite":"^6"}}"#;
    let files = [
        ("package.json", manifest),
        ("package-lock.json", ""),
        ("index.html", "<div id=app>"),
        ("src/main.js", ""),
    ];
    let found = detected(&files);
    assert_eq!(found.stack, Stack::Static);
    assert_eq!(found.build.as_deref(), Some("npm ci && npm run build"));
    assert_eq!(found.command, exec(&["seaworthy", "serve-static", "dist"]));
    let config = (
        "vite.config.ts",
        "export default { build: { outDir: './public_html' } }",
    );
    let elsewhere = detected(&[files[0], files[1], files[2], config]);
    assert_eq!(elsewhere.command, exec(&["seaworthy", "serve-static", "public_html"]));
}

#[test]
fn a_library_is_not_started() {
    let found = detected(&[("package.json", r#"{"name":"left-pad","main":"gone.js"}"#)]);
    assert_eq!(found.command, None);
    let why = found.missing.unwrap();
    assert!(why.cause.contains("no start script"), "{why}");
    assert!(why.remedy().contains("seaworthy.toml"));
}

#[test]
fn a_broken_manifest_is_named_with_its_place() {
    let why = refused(&[("package.json", "{\n  \"name\": \"x\",\n}")]);
    assert_eq!(why.file, "package.json");
    assert!(why.cause.contains("line 3"), "{why}");
}
