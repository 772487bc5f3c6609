//! `seaworthy serve-static DIR`: a small server of static files.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::server::{self, Body};
use crate::failure::Exit;
use crate::reporter;

/// Runs the server to its end.
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let (Some(directory), None) = (arguments.next(), arguments.next()) else {
        reporter::process_failed("usage: PORT=8080 seaworthy serve-static DIR");
        return Exit::Usage.into();
    };
    server::block_on(async move {
        // Links are followed once, here; below, every file must lie in what this path really is.
        let root = std::fs::canonicalize(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        if !root.is_dir() {
            return Err(format!("{}: this is not a directory", root.display()));
        }
        let (listener, address) = server::bind().await?;
        reporter::process_says(&format!("serving {} on {address}", root.display()));
        let root = Arc::new(root);
        server::serve(listener, move |request: Request<Incoming>, _| {
            let root = Arc::clone(&root);
            async move { respond(&root, request.method(), request.uri().path(), request.headers()) }
        })
        .await
    })
}

/// The answer to one request.
fn respond(root: &Path, method: &Method, path: &str, headers: &http::HeaderMap) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        let mut answer = server::text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD");
        answer
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    let Some(relative) = relative(path) else {
        return server::text(StatusCode::BAD_REQUEST, "this is not a path");
    };
    if is_private(&relative) {
        return server::text(StatusCode::NOT_FOUND, "not found");
    }
    let wanted = root.join(&relative);
    if wanted.is_dir() && !path.ends_with('/') {
        // Without the slash, relative links of the page would lead to its parent.
        return redirect(path);
    }
    let wanted = if wanted.is_dir() {
        wanted.join("index.html")
    } else {
        wanted
    };
    match std::fs::canonicalize(&wanted) {
        Ok(real) if real.starts_with(root) && real.is_file() => file(&real, method, headers),
        _ => server::text(StatusCode::NOT_FOUND, "not found"),
    }
}

/// Names that begin with a dot are for tools and may hold secrets (`.env`); `.well-known` is for the world (RFC 8615).
fn is_private(relative: &Path) -> bool {
    let names = relative.components().filter_map(|part| part.as_os_str().to_str());
    names
        .into_iter()
        .any(|name| (name.starts_with('.') && name != ".well-known") || name == "seaworthy.toml")
}

fn redirect(path: &str) -> Response<Body> {
    let mut answer = server::text(StatusCode::PERMANENT_REDIRECT, "see the directory");
    // `//host` would be another origin.
    let target = format!("/{}/", path.trim_matches('/'));
    match HeaderValue::from_str(&target) {
        Ok(target) => {
            answer.headers_mut().insert(header::LOCATION, target);
            answer
        }
        Err(_) => server::text(StatusCode::BAD_REQUEST, "this is not a path"),
    }
}

fn file(path: &Path, method: &Method, headers: &http::HeaderMap) -> Response<Body> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        let metadata = file.metadata()?;
        file.read_to_end(&mut bytes)?;
        Ok(metadata)
    });
    let metadata = match read {
        Ok(metadata) => metadata,
        Err(_) => return server::text(StatusCode::NOT_FOUND, "not found"),
    };
    let modified = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let tag = format!("\"{:x}-{:x}\"", modified.map_or(0, |time| time.as_nanos()), bytes.len());
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let length = bytes.len();
    let mut answer = match (unchanged, method == Method::HEAD) {
        (true, _) => server::answer(StatusCode::NOT_MODIFIED, content_type(path), ""),
        (false, true) => server::answer(StatusCode::OK, content_type(path), ""),
        (false, false) => server::answer(StatusCode::OK, content_type(path), bytes),
    };
    if !unchanged {
        answer
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
        .headers_mut()
        .insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// The path below the root; none when it is malformed or wants to leave.
fn relative(path: &str) -> Option<PathBuf> {
    let decoded = decode(path)?;
    let decoded = Path::new(decoded.trim_start_matches('/'));
    let plain = decoded
        .components()
        .all(|component| matches!(component, Component::Normal(_) | Component::CurDir));
    plain.then(|| decoded.to_owned())
}

fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let value = digit(rest.next())? * 16 + digit(rest.next())?;
                u8::try_from(value).ok()?
            }
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// By extension; what is not known is downloaded rather than guessed at.
fn content_type(path: &Path) -> &'static str {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "txt" | "md" => "text/plain; charset=utf-8",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::HeaderMap;
    use http_body_util::BodyExt;

    use super::*;

    fn site() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("site");
        std::fs::create_dir_all(root.join("sub dir")).unwrap();
        std::fs::write(root.join("index.html"), "<h1>hi</h1>").unwrap();
        std::fs::write(root.join("sub dir/page.css"), "a{}").unwrap();
        std::fs::write(dir.path().join("secret"), "no").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret"), root.join("link")).unwrap();
        let root = root.canonicalize().unwrap();
        (dir, root)
    }

    fn get(root: &Path, path: &str) -> Response<Body> {
        respond(root, &Method::GET, path, &HeaderMap::new())
    }

    async fn body(answer: Response<Body>) -> String {
        String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn files_are_served_with_their_type() {
        let (_dir, root) = site();
        let page = get(&root, "/");
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(body(page).await, "<h1>hi</h1>");
        let style = get(&root, "/sub%20dir/page.css");
        assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
        assert_eq!(get(&root, "/sub%20dir").headers()["location"], "/sub%20dir/");
        assert_eq!(
            get(&root, "/sub%20dir/").status(),
            StatusCode::NOT_FOUND,
            "there is no index in it"
        );
    }

    #[test]
    fn nothing_outside_is_reached() {
        let (_dir, root) = site();
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/sub%20dir/../../secret",
            "/link",
            "//secret",
            "/%2fetc/passwd",
        ] {
            assert!(!get(&root, path).status().is_success(), "{path}");
        }
        assert_eq!(get(&root, "/%zz").status(), StatusCode::BAD_REQUEST);
        assert_eq!(get(&root, "/a%00b").status(), StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn a_known_file_is_not_sent_again_and_a_head_has_no_body() {
        let (_dir, root) = site();
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, get(&root, "/").headers()["etag"].clone());
        assert_eq!(
            respond(&root, &Method::GET, "/", &headers).status(),
            StatusCode::NOT_MODIFIED
        );
        let head = respond(&root, &Method::HEAD, "/", &HeaderMap::new());
        assert_eq!(head.headers()["content-length"], "11");
        assert_eq!(body(head).await, "");
    }

    #[test]
    fn writing_is_not_for_this_server() {
        let (_dir, root) = site();
        let answer = respond(&root, &Method::POST, "/", &HeaderMap::new());
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers()["allow"], "GET, HEAD");
    }
}
