//! The description of the API (OpenAPI 3.1), made from the handlers and their types.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, Ref, ResponseBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{PREFIX, attachments, change, comments, figures, list, me, open, people, problem, tickets, words, write};

const ABOUT: &str = "Tickets, replies and figures of this desk, as JSON.

Each request brings a token: `Authorization: Bearer mdk_…`. Tokens are made under Settings, API tokens; each acts for whoever made it, \
and does what both of them may. Times are RFC 3339 in UTC. What goes wrong is told as a problem document (RFC 9457), which names the \
field and the mend. A token may ask 300 times at once and ten times a second; then the answer is 429 with `Retry-After`.

Lists come in pages: send the `next` of one as `cursor` for the next. A `POST` with an `Idempotency-Key` may be sent again within a day: \
it is done once. A reply is sent as from the panel: to everybody who takes part, after the desk’s undo window.";

#[derive(OpenApi)]
#[openapi(
    info(title = "maildesk", version = "1", description = ABOUT, license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    paths(
        show, me::me, me::desk, list::list, open::open, tickets::show, change::change, comments::list, comments::show, write::take_back,
        write::reply, write::note, attachments::get, people::find, people::show, figures::show
    ),
    components(schemas(problem::Document, words::View, words::Range, list::SortBy)),
    modifiers(&Everywhere)
)]
struct Description;

/// What holds for every operation: its token, and the problems that it may answer with.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let refused =
            ResponseBuilder::new().description("A problem: `code` says which.").content("application/problem+json", problem).build();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("Made under Settings, API tokens.")).build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        for (path, item) in &mut api.paths.paths {
            let all: [&mut Option<Operation>; 4] = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
            for operation in all.into_iter().flatten() {
                operation.responses.responses.insert("default".to_owned(), refused.clone().into());
                if path != "/openapi.json" {
                    operation.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
                }
            }
        }
        api.servers = Some(vec![utoipa::openapi::Server::new(PREFIX)]);
    }
}

static JSON: LazyLock<String> = LazyLock::new(|| serde_json::to_string(&description()).unwrap_or_default());

/// The whole of it.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "Desk", operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = String)))]
pub(super) async fn show() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], JSON.as_str()).into_response()
}
