//! The description of the API, generated from its types.

use seaworthy_api as api;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Seaworthy",
        description = "The daemon's API on its Unix socket.",
        license(name = "Apache-2.0")
    ),
    components(schemas(
        api::ReleaseRequest,
        api::Commit,
        api::Queue,
        api::RollbackRequest,
        api::RestartRequest,
        api::ScaleRequest,
        api::RunRequest,
        api::AnswerRequest,
        api::LogsQuery,
        api::Release,
        api::Reason,
        api::Step,
        api::Hold,
        api::Approval,
        api::Steering,
        api::Evidence,
        api::Event,
        api::Happened,
        api::Measurement,
        api::Plan,
        api::PlannedStep,
        api::ServiceChange,
        api::Finding,
        api::AppStatus,
        api::ReleaseStatus,
        api::ServiceStatus,
        api::InstanceStatus,
        api::EdgeStatus,
        api::DaemonStatus,
        api::LogLine,
        api::RunEvent,
        api::ApiError,
        api::Done,
    )),
    paths(
        paths::daemon,
        paths::shutdown,
        paths::apps,
        paths::status,
        paths::submit,
        paths::list,
        paths::rollback,
        paths::restart,
        paths::scale,
        paths::run,
        paths::down,
        paths::destroy,
        paths::logs,
        paths::show,
        paths::evidence,
        paths::events,
        paths::abort,
        paths::answer,
        paths::approve,
        paths::promote,
        paths::pause,
        paths::resume,
    )
)]
struct Description;

/// The OpenAPI document.
pub fn openapi() -> serde_json::Value {
    serde_json::to_value(Description::openapi()).unwrap_or_default()
}

/// One entry per path: what it takes and answers. The handlers are in the neighbouring modules, by the same names.
#[expect(dead_code, reason = "the macro reads the signatures, nobody calls the functions")]
mod paths {
    use seaworthy_api as api;

    #[utoipa::path(get, path = "/v1/daemon", responses((status = 200, body = api::DaemonStatus)))]
    fn daemon() {}

    #[utoipa::path(post, path = "/v1/shutdown", responses((status = 200, body = api::Done)))]
    fn shutdown() {}

    #[utoipa::path(get, path = "/v1/apps", responses((status = 200, body = Vec<api::AppStatus>)))]
    fn apps() {}

    #[utoipa::path(
        get, path = "/v1/apps/{app}/{environment}", params(("app", description = "the application"), ("environment", description = "the environment")),
        responses((status = 200, body = api::AppStatus), (status = 404, body = api::ApiError))
    )]
    fn status() {}

    #[utoipa::path(
        post, path = "/v1/apps/{app}/{environment}/releases", params(("app", description = "the application"), ("environment", description = "the environment"), ("dry_run" = Option<bool>, Query, description = "answer with the plan alone")),
        request_body = api::ReleaseRequest,
        responses((status = 202, body = api::Release), (status = 200, body = api::Plan), (status = 422, body = api::ApiError))
    )]
    fn submit() {}

    #[utoipa::path(
        get, path = "/v1/apps/{app}/{environment}/releases", params(("app", description = "the application"), ("environment", description = "the environment")),
        responses((status = 200, body = Vec<api::Release>))
    )]
    fn list() {}

    #[utoipa::path(
        post, path = "/v1/apps/{app}/{environment}/rollback", params(("app", description = "the application"), ("environment", description = "the environment")),
        request_body = api::RollbackRequest, responses((status = 202, body = api::Release), (status = 409, body = api::ApiError))
    )]
    fn rollback() {}

    #[utoipa::path(
        post, path = "/v1/apps/{app}/{environment}/restart", params(("app", description = "the application"), ("environment", description = "the environment")),
        request_body = api::RestartRequest, responses((status = 202, body = api::Release))
    )]
    fn restart() {}

    #[utoipa::path(
        post, path = "/v1/apps/{app}/{environment}/scale", params(("app", description = "the application"), ("environment", description = "the environment")),
        request_body = api::ScaleRequest, responses((status = 202, body = api::Release))
    )]
    fn scale() {}

    #[utoipa::path(
        post, path = "/v1/apps/{app}/{environment}/run", params(("app", description = "the application"), ("environment", description = "the environment")),
        request_body = api::RunRequest, responses((status = 200, description = "one document per line", body = api::RunEvent, content_type = "application/x-ndjson"))
    )]
    fn run() {}

    #[utoipa::path(
        post, path = "/v1/apps/{app}/{environment}/down", params(("app", description = "the application"), ("environment", description = "the environment")),
        responses((status = 200, body = api::Done))
    )]
    fn down() {}

    #[utoipa::path(
        post, path = "/v1/apps/{app}/{environment}/destroy", params(("app", description = "the application"), ("environment", description = "the environment")),
        responses((status = 200, body = api::Done))
    )]
    fn destroy() {}

    #[utoipa::path(
        get, path = "/v1/apps/{app}/{environment}/logs", params(("app", description = "the application"), ("environment", description = "the environment"), ("service" = Option<String>, Query), ("since_ms" = Option<u64>, Query), ("grep" = Option<String>, Query), ("last" = Option<u32>, Query), ("follow" = Option<bool>, Query)),
        responses((status = 200, description = "one document per line", body = api::LogLine, content_type = "application/x-ndjson"))
    )]
    fn logs() {}

    #[utoipa::path(
        get, path = "/v1/releases/{id}", params(("id", description = "the release")),
        responses((status = 200, body = api::Release), (status = 404, body = api::ApiError))
    )]
    fn show() {}

    #[utoipa::path(
        get, path = "/v1/releases/{id}/evidence", params(("id", description = "the release")),
        responses((status = 200, body = api::Evidence), (status = 404, body = api::ApiError), (status = 409, body = api::ApiError))
    )]
    fn evidence() {}

    #[utoipa::path(
        get, path = "/v1/releases/{id}/events", params(("id", description = "the release"), ("after" = Option<u64>, Query, description = "the last sequence number that was seen")),
        responses((status = 200, description = "one document per line, until the release has ended", body = api::Event, content_type = "application/x-ndjson"))
    )]
    fn events() {}

    #[utoipa::path(
        post, path = "/v1/releases/{id}/abort", params(("id", description = "the release")),
        responses((status = 200, body = api::Release), (status = 409, body = api::ApiError))
    )]
    fn abort() {}

    #[utoipa::path(
        post, path = "/v1/releases/{id}/answer", params(("id", description = "the release")),
        request_body = api::AnswerRequest, responses((status = 200, body = api::Release), (status = 409, body = api::ApiError))
    )]
    fn answer() {}

    #[utoipa::path(
        post, path = "/v1/releases/{id}/approve", params(("id", description = "the release")),
        responses((status = 200, body = api::Release), (status = 409, body = api::ApiError))
    )]
    fn approve() {}

    #[utoipa::path(
        post, path = "/v1/releases/{id}/promote", params(("id", description = "the release")),
        responses((status = 200, body = api::Release), (status = 409, body = api::ApiError))
    )]
    fn promote() {}

    #[utoipa::path(
        post, path = "/v1/releases/{id}/pause", params(("id", description = "the release")),
        responses((status = 200, body = api::Release), (status = 409, body = api::ApiError))
    )]
    fn pause() {}

    #[utoipa::path(
        post, path = "/v1/releases/{id}/resume", params(("id", description = "the release")),
        responses((status = 200, body = api::Release), (status = 409, body = api::ApiError))
    )]
    fn resume() {}
}
