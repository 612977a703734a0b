//! A list of routes that names for each what a token needs, and asks for it before the handler runs.

use std::time::Instant;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    handler::Handler,
    http::{Method, header},
    middleware::{self, Next},
    response::Response,
    routing::{MethodFilter, on},
};

use crate::{
    api::{Api, LARGEST, LARGEST_WITH_FILES, PREFIX, bearer},
    desk::api_token::Access,
};

/// What a route asks of whoever brings a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Not even one.
    Nothing,
    /// One that reads.
    Read,
    /// One that writes.
    Write,
}

impl Needs {
    /// The access that a token must have; none: no token is asked for.
    #[must_use]
    pub fn access(self) -> Option<Access> {
        match self {
            Self::Nothing => None,
            Self::Read => Some(Access::Read),
            Self::Write => Some(Access::Write),
        }
    }
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: Method,
    /// Behind [`PREFIX`], as axum and OpenAPI write it: `/tickets/{number}`.
    pub path: &'static str,
    /// What it asks for.
    pub needs: Needs,
}

/// The list, and the router that it makes.
#[derive(Default)]
pub struct Routes {
    list: Vec<Route>,
    add: Vec<Add>,
}

/// Puts one line into a router.
type Add = Box<dyn FnOnce(Router<Api>, &Api) -> Router<Api> + Send>;

impl Routes {
    /// Something to read.
    #[must_use]
    pub fn get<T: 'static>(self, path: &'static str, needs: Needs, handler: impl Handler<T, Api>) -> Self {
        self.route((Method::GET, MethodFilter::GET), path, needs, handler, None)
    }

    /// Something to make, with files.
    #[must_use]
    pub fn post_files<T: 'static>(self, path: &'static str, needs: Needs, handler: impl Handler<T, Api>) -> Self {
        self.route((Method::POST, MethodFilter::POST), path, needs, handler, Some(LARGEST_WITH_FILES))
    }

    /// Something to change.
    #[must_use]
    pub fn patch<T: 'static>(self, path: &'static str, needs: Needs, handler: impl Handler<T, Api>) -> Self {
        self.route((Method::PATCH, MethodFilter::PATCH), path, needs, handler, None)
    }

    /// Something to take back.
    #[must_use]
    pub fn delete<T: 'static>(self, path: &'static str, needs: Needs, handler: impl Handler<T, Api>) -> Self {
        self.route((Method::DELETE, MethodFilter::DELETE), path, needs, handler, None)
    }

    fn route<T: 'static>(
        mut self,
        (method, filter): (Method, MethodFilter),
        path: &'static str,
        needs: Needs,
        handler: impl Handler<T, Api>,
        largest: Option<usize>,
    ) -> Self {
        self.list.push(Route { method, path, needs });
        self.add.push(Box::new(move |router, api| {
            let mut route = on(filter, handler).route_layer(middleware::from_fn_with_state((api.clone(), needs, path, largest), keep));
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

    pub(super) fn router(self, api: &Api) -> Router<Api> {
        self.add.into_iter().fold(Router::new(), |router, add| add(router, api))
    }
}

/// Lets in whose token is enough.
async fn keep(
    State((api, needs, path, largest)): State<(Api, Needs, &'static str, Option<usize>)>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
    let is_large = largest.is_some() && length.is_none_or(|it| it > LARGEST);
    let _room = if is_large { api.room.acquire().await.ok() } else { None };
    let answer = match needs.access() {
        None => next.run(request).await,
        Some(access) => bearer::admit(&api, access, request, next).await,
    };
    metrics::histogram!("maildesk_request_seconds", "route" => format!("{PREFIX}{path}")).record(began.elapsed().as_secs_f64());
    answer
}
