use super::*;

const FASTAPI: &str = "from fastapi import FastAPI\n\napp = FastAPI(title=\"x\")\n\n@app.get(\"/health\")\ndef health():\n    return {}\n";
const FLASK: &str =
    "from flask import Flask\napp = Flask(__name__)\n\n@app.route('/')\ndef index():\n    return 'hi'\n";
const INSTALL: &str = "python3 -m venv .venv && .venv/bin/python -m pip install --no-input -r requirements.txt";

#[test]
fn fastapi_runs_under_the_uvicorn_it_asks_for() {
    let found = detected(&[
        (
            "requirements.txt",
            "fastapi==0.115.0\nuvicorn[standard]>=0.30 # server\n",
        ),
        ("main.py", FASTAPI),
    ]);
    assert_eq!(found.stack, Stack::Python);
    assert_eq!(found.build.as_deref(), Some(INSTALL));
    assert_eq!(
        found.command,
        shell("exec .venv/bin/python -m uvicorn main:app --host 127.0.0.1 --port \"$PORT\"")
    );
    assert_eq!(found.health_path.as_deref(), Some("/health"));
    assert_eq!(
        evidence(&found, "main.py"),
        "fastapi application app; health route /health"
    );
}

#[test]
fn a_missing_server_is_installed_and_said() {
    let found = detected(&[
        ("requirements.txt", "fastapi\n"),
        ("app/main.py", FASTAPI),
        ("app/__init__.py", ""),
    ]);
    assert_eq!(
        found.build,
        Some(format!(
            "{INSTALL} && .venv/bin/python -m pip install --no-input uvicorn"
        ))
    );
    assert_eq!(
        found.command,
        shell("exec .venv/bin/python -m uvicorn app.main:app --host 127.0.0.1 --port \"$PORT\"")
    );
    assert!(evidence(&found, "requirements.txt").contains("installed in addition"));
}

#[test]
fn flask_runs_under_gunicorn_or_waitress() {
    let gunicorn = detected(&[("requirements.txt", "Flask\ngunicorn\n"), ("app.py", FLASK)]);
    assert_eq!(gunicorn.build.as_deref(), Some(INSTALL));
    assert_eq!(
        gunicorn.command,
        shell("exec .venv/bin/python -m gunicorn --bind \"127.0.0.1:$PORT\" --threads 8 app:app")
    );
    let waitress = detected(&[("requirements.txt", "Flask\nwaitress\n"), ("app.py", FLASK)]);
    assert_eq!(
        waitress.command,
        shell("exec .venv/bin/python -m waitress --listen=\"127.0.0.1:$PORT\" app:app")
    );
    let factory = "def create_app(config=None):\n    app = Flask(__name__)\n    return app\n";
    let made = detected(&[("requirements.txt", "flask\ngunicorn\n"), ("web/__init__.py", factory)]);
    assert_eq!(
        made.command,
        shell("exec .venv/bin/python -m gunicorn --bind \"127.0.0.1:$PORT\" --threads 8 \"web:create_app()\"")
    );
}

#[test]
fn a_typed_application_in_src_is_found() {
    let app = "from fastapi import FastAPI\napi: FastAPI = FastAPI()\n";
    let found = detected(&[("requirements.txt", "fastapi\nuvicorn\n"), ("src/main.py", app)]);
    assert_eq!(
        found.command,
        shell(
            "export PYTHONPATH=\"$PWD/src\"; exec .venv/bin/python -m uvicorn main:api --host 127.0.0.1 --port \"$PORT\""
        )
    );
}

#[test]
fn django_runs_under_gunicorn() {
    let manage = "import os\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n";
    let urls = "urlpatterns = [path('healthz/', ok), path('health', ok)]\n";
    let found = detected(&[
        ("requirements.txt", "Django>=5\ngunicorn\n"),
        ("manage.py", manage),
        ("shop/wsgi.py", ""),
        ("shop/urls.py", urls),
        ("package.json", r#"{"scripts":{"start":"node x.js"}}"#),
    ]);
    assert_eq!(
        found.command,
        shell("exec .venv/bin/python -m gunicorn --bind \"127.0.0.1:$PORT\" --threads 8 shop.wsgi:application")
    );
    assert!(evidence(&found, "package.json").contains("node files too"));
    assert_eq!(found.health_path.as_deref(), Some("/health"));
}

#[test]
fn a_plain_program_gets_an_environment_that_pins_its_interpreter() {
    let found = detected(&[("main.py", "import http.server\n")]);
    assert_eq!(found.build.as_deref(), Some("python3 -m venv .venv --without-pip"));
    assert_eq!(found.command, exec(&[".venv/bin/python", "-u", "main.py"]));
    assert!(found.listens);
}

#[test]
fn pyproject_is_installed_as_a_project_only_with_a_build_system() {
    let plain = "[project]\nname = \"x\"\nversion = \"1\"\ndependencies = [\"fastapi>=0.100\", \"uvicorn ; python_version > '3.8'\"]\n";
    let found = detected(&[("pyproject.toml", plain), ("main.py", FASTAPI)]);
    assert_eq!(
        found.build.as_deref(),
        Some(
            "python3 -m venv .venv && .venv/bin/python -m pip install --no-input 'fastapi>=0.100' 'uvicorn ; python_version > '\\''3.8'\\'''"
        )
    );
    let packaged = format!("{plain}\n[build-system]\nrequires = [\"hatchling\"]\n");
    let found = detected(&[("pyproject.toml", &packaged), ("main.py", FASTAPI)]);
    assert_eq!(
        found.build.as_deref(),
        Some("python3 -m venv .venv && .venv/bin/python -m pip install --no-input .")
    );
}

#[test]
fn the_tool_that_wrote_the_lock_file_installs_it() {
    let project = "[tool.poetry.dependencies]\npython = \"^3.11\"\nFlask = \"^3\"\ngunicorn = \"*\"\n";
    let poetry = detected(&[("pyproject.toml", project), ("poetry.lock", ""), ("app.py", FLASK)]);
    assert!(poetry.build.unwrap().contains(".tools/bin/poetry install --only main"));
    assert!(matches!(poetry.command, Some(CommandLine::Shell(line)) if line.contains("gunicorn")));
    let uv = detected(&[
        ("pyproject.toml", "[project]\nname = \"x\"\n"),
        ("uv.lock", ""),
        ("main.py", ""),
    ]);
    assert!(uv.build.unwrap().contains("uv sync --frozen --no-dev"));
}

#[test]
fn packages_without_a_program_can_be_built_and_not_started() {
    let found = detected(&[("requirements.txt", "celery\n"), ("tasks.py", "")]);
    assert_eq!(found.build.as_deref(), Some(INSTALL));
    assert_eq!(found.command, None);
    assert_eq!(found.missing.unwrap().file, "requirements.txt");
}

#[test]
fn broken_toml_is_refused() {
    assert_eq!(
        refused(&[("pyproject.toml", "[project\nname=1"), ("main.py", "")]).file,
        "pyproject.toml"
    );
}
