//! Who asks: the person of the token in the `Authorization` header (RFC 6750 §2.1), as their row and the token's say now.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::PoisonError,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use jiff::SignedDuration;

use crate::{
    actions::{audit::asked_from, use_token},
    api::{Api, problem::Problem},
    auth::{throttle::Try, token::hash_of},
    desk::{
        api_token::{Access, Closed, acting},
        id::ApiTokenId,
        network::client_address,
        permission::{Scope, scope},
        person::Person,
    },
    store::{
        api_tokens::{self, ApiToken},
        people,
    },
};

/// The last use of a token is noted at most so often.
const NOTED_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// Whoever made the token, with what both may do; and the token.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub person: Person,
    pub token: ApiToken,
}

impl Caller {
    /// Which tickets their lists may show.
    pub fn scope(&self, api: &Api) -> Scope {
        scope(&self.person, api.desk.rules())
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::unauthorized(None))
    }
}

/// Runs a handler for somebody whose token is good and enough.
pub(super) async fn admit(api: &Api, needs: Access, mut request: Request, next: Next) -> Response {
    let address = address_of(&request, api);
    let caller = match identify(api, request.headers(), address).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    if let Try::Wait { seconds } = api.throttle.request(caller.token.id) {
        return Problem::wait(seconds, "This token asks too often.").into_response();
    }
    if caller.token.access < needs {
        return Problem::scope(&caller.token.name).into_response();
    }
    if is_to_be_noted(api, &caller.token) {
        note_use(api, caller.token.id, address);
    }
    request.extensions_mut().insert(caller);
    asked_from(address, next.run(request)).await
}

async fn identify(api: &Api, headers: &HeaderMap, address: IpAddr) -> Result<Caller, Problem> {
    let Some(brought) = brought(headers)? else { return Err(Problem::unauthorized(None)) };
    let why = match hash_of(brought) {
        Some(hash) => match open(api, &hash).await? {
            Ok(caller) => return Ok(caller),
            Err(why) => why,
        },
        None => "This is no token of this desk: it begins with mdk_ and is 56 characters long.",
    };
    match api.throttle.attempt_token(address) {
        Try::Go { .. } => Err(Problem::unauthorized(Some(why))),
        Try::Wait { seconds } => Err(Problem::wait(seconds, "Too many wrong tokens came from your address.")),
    }
}

/// The token that a request brings; none: it brings none.
fn brought(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(Problem::unauthorized(Some("There is more than one Authorization header; send one.")));
    }
    let (scheme, token) = line.to_str().ok().and_then(|it| it.split_once(' ')).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(Some(token.trim()))
    } else {
        Err(Problem::unauthorized(Some("The Authorization header says something else than “Bearer” and a token.")))
    }
}

/// Whoever acts with the token of this hash, or why nobody does.
async fn open(api: &Api, hash: &str) -> Result<Result<Caller, &'static str>, Problem> {
    let mut conn = api.desk.store.read().await?;
    let Some(token) = api_tokens::by_hash(&mut conn, hash).await? else { return Ok(Err("There is no such token.")) };
    let Some(owner) = people::get(&mut conn, token.person).await? else { return Ok(Err("There is no such token.")) };
    Ok(match acting(token.standing, (owner.role, owner.state), api.desk.clock.now()) {
        Ok(role) => Ok(Caller { person: Person { role, ..owner }, token }),
        Err(Closed::Revoked) => Err("This token was revoked; make a new one under Settings, API tokens."),
        Err(Closed::Expired) => Err("This token has expired; make a new one under Settings, API tokens."),
        Err(Closed::OwnerDisabled | Closed::OwnerLeft) => Err("Whoever made this token may not use it any more."),
    })
}

/// Once more, when the whole of a request is there, which a slow program sends for a minute: what was revoked meanwhile does nothing.
pub(super) async fn still(api: &Api, proof: Option<&HeaderValue>, before: &Caller) -> Result<(), Problem> {
    let hash = proof.and_then(|it| it.to_str().ok()?.split_once(' ')).and_then(|(_, token)| hash_of(token.trim()));
    let now = match hash {
        Some(hash) => open(api, &hash).await?,
        None => Err("There is no such token."),
    };
    let rights = |it: &Caller| (it.person.role, it.token.access);
    match now {
        Ok(now) if rights(&now) == rights(before) => Ok(()),
        Ok(_) => Err(Problem::unauthorized(Some("What this token may do was changed while you sent the request; send it again."))),
        Err(why) => Err(Problem::unauthorized(Some(why))),
    }
}

fn address_of(request: &Request, api: &Api) -> IpAddr {
    let socket = request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |it| it.0.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").iter().filter_map(|it| it.to_str().ok());
    client_address(socket, forwarded, &api.proxies)
}

/// Whether the use of a token was not noted for a while, here or elsewhere; of many requests at once, the first notes it.
fn is_to_be_noted(api: &Api, token: &ApiToken) -> bool {
    let now = api.desk.clock.now();
    let mut noted = api.noted.lock().unwrap_or_else(PoisonError::into_inner);
    let last = noted.get(&token.id).copied().max(token.used_at);
    let due = last.is_none_or(|at| now.duration_since(at).abs() >= NOTED_EVERY);
    if due {
        noted.insert(token.id, now);
    }
    due
}

/// Beside the request: an answer must not wait for a write.
fn note_use(api: &Api, token: ApiTokenId, from: IpAddr) {
    let desk = api.desk.clone();
    tokio::spawn(async move {
        if let Err(error) = use_token::note_use(&desk, token, from).await {
            tracing::warn!("the last use of a token could not be noted: {error}");
        }
    });
}
