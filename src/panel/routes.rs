//! A list of routes that names for each who may, and keeps everybody else out before its handler runs.

use std::time::Instant;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    handler::Handler,
    http::{Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};

use crate::{
    desk::person::Role,
    panel::{
        LARGEST_UPLOAD, Panel,
        error::PageError,
        visitor::{Visitor, ask_to_sign_in},
    },
};

/// Who may ask a route. What they may see and do there, `desk/permission.rs` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Everybody, signed in or not.
    Anyone,
    /// Everybody who is signed in.
    SignedIn,
    /// Helpers and admins.
    Staff,
    /// Admins.
    Admin,
    /// Customers.
    Customer,
}

impl Policy {
    /// Whether somebody of this role may ask.
    #[must_use]
    pub fn admits(self, role: Role) -> bool {
        match self {
            Self::Anyone | Self::SignedIn => true,
            Self::Staff => role.is_staff(),
            Self::Admin => role == Role::Admin,
            Self::Customer => role == Role::Customer,
        }
    }
}

/// What the script alone asks for, and no person: nobody follows it to a page where they sign in.
const FOR_THE_SCRIPT: [&str; 4] = ["/events", "/customers", "/tickets/{number}/typing", "/tickets/{number}/saved/{id}"];

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: Method,
    /// As axum writes it: `/tickets/{number}`.
    pub path: &'static str,
    /// Who may.
    pub policy: Policy,
}

/// The list, and the router that it makes.
#[derive(Default)]
pub struct Routes {
    list: Vec<Route>,
    add: Vec<Add>,
}

/// Puts one line into a router.
type Add = Box<dyn FnOnce(Router<Panel>, &Panel) -> Router<Panel> + Send>;

impl Routes {
    /// A page.
    #[must_use]
    pub fn get<T: 'static>(self, path: &'static str, policy: Policy, handler: impl Handler<T, Panel>) -> Self {
        self.route(Method::GET, path, policy, handler, None)
    }

    /// A form.
    #[must_use]
    pub fn post<T: 'static>(self, path: &'static str, policy: Policy, handler: impl Handler<T, Panel>) -> Self {
        self.route(Method::POST, path, policy, handler, None)
    }

    /// A form with files.
    #[must_use]
    pub fn post_files<T: 'static>(self, path: &'static str, policy: Policy, handler: impl Handler<T, Panel>) -> Self {
        self.route(Method::POST, path, policy, handler, Some(LARGEST_UPLOAD))
    }

    fn route<T: 'static>(
        mut self,
        method: Method,
        path: &'static str,
        policy: Policy,
        handler: impl Handler<T, Panel>,
        largest: Option<usize>,
    ) -> Self {
        let filter = if method == Method::GET { MethodFilter::GET } else { MethodFilter::POST };
        self.list.push(Route { method, path, policy });
        self.add.push(Box::new(move |router, panel| {
            let mut route = on(filter, handler).route_layer(middleware::from_fn_with_state((panel.clone(), policy, path), keep));
            if let Some(largest) = largest {
                route = route.route_layer(DefaultBodyLimit::max(largest));
            }
            router.route(path, route)
        }));
        self
    }

    /// The lines, for whoever wants to ask them all.
    #[must_use]
    pub fn list(&self) -> &[Route] {
        &self.list
    }

    pub(super) fn router(self, panel: &Panel) -> Router<Panel> {
        self.add.into_iter().fold(Router::new(), |router, add| add(router, panel))
    }
}

/// Lets in whom the policy admits.
async fn keep(State((_, policy, path)): State<(Panel, Policy, &'static str)>, request: Request, next: Next) -> Result<Response, PageError> {
    let began = Instant::now();
    let answer = admit(policy, path, request, next).await;
    metrics::histogram!("maildesk_request_seconds", "route" => path).record(began.elapsed().as_secs_f64());
    answer
}

async fn admit(policy: Policy, path: &str, request: Request, next: Next) -> Result<Response, PageError> {
    let role = request.extensions().get::<Visitor>().map(|it| it.person.role);
    match role {
        Some(role) if policy.admits(role) => Ok(next.run(request).await),
        Some(_) => Err(PageError::Forbidden(format!("This page is for {}.", for_whom(policy)))),
        None if policy == Policy::Anyone => Ok(next.run(request).await),
        None if FOR_THE_SCRIPT.contains(&path) => Ok(signed_out()),
        None => {
            let here = request.uri().path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
            Err(ask_to_sign_in(request.method(), here, request.headers()))
        }
    }
}

/// 401, in words that stand alone (RFC 9110 §15.5.2). The scheme that it must name is none that a browser asks a password for.
fn signed_out() -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Cookie")], "You are signed out. Sign in again.\n").into_response()
}

fn for_whom(policy: Policy) -> &'static str {
    match policy {
        Policy::Anyone | Policy::SignedIn => "everybody",
        Policy::Staff => "the people who answer; your own requests are at the start",
        Policy::Admin => "admins; an admin can change what you may do",
        Policy::Customer => "customers; tickets are in the queues",
    }
}
