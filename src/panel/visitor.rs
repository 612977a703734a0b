//! Being signed in is an argument of the handler: a `Visitor`, a `Staff`, an `Admin`, a `Customer` come only from here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts, Request, State},
    http::{Extensions, HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::Response,
};
use axum_extra::extract::CookieJar;
use jiff::{SignedDuration, tz::TimeZone};

use crate::{
    actions::{audit::asked_from, sign_in},
    auth::keys::hashed,
    desk::{
        id::PersonId,
        look::{Look, Theme},
        network::client_address,
        permission::{Rules, Scope, scope},
        person::{Person, PersonState, Role},
    },
    panel::{
        Panel,
        error::{self, PageError},
        neighbours::FormOf,
        page::{FLASH_COOKIE, Flash, read_flash},
        zone::seen_from,
    },
    store::{
        events::Place,
        people::{self, SignedIn},
    },
};

/// The last use of a session is noted at most so often.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Somebody signed in, whatever their role; read from their row at this request.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Who.
    pub person: Person,
    /// The hash of their session's id.
    pub session: String,
    /// Of their account when they signed in.
    epoch: i64,
    /// What the last step did, to be told on this page.
    pub(super) flash: Option<Flash>,
    /// The page of a ticket that their form was on.
    pub(super) form: Option<FormOf>,
    /// Where the history of the desk ended when they asked.
    pub(super) followed: Place,
    pub(super) look: Look,
    /// In which they read times; none: the desk's.
    pub(super) zone: Option<TimeZone>,
}

impl Visitor {
    /// `dark`, `light`, or none: as the system.
    #[must_use]
    pub fn theme(&self) -> Option<&'static str> {
        match self.look.theme {
            Theme::System => None,
            Theme::Dark | Theme::Light => Some(self.look.theme.as_str()),
        }
    }

    /// Which tickets their lists may show.
    #[must_use]
    pub fn scope(&self, rules: Rules) -> Scope {
        scope(&self.person, rules)
    }
}

/// A helper or admin.
#[derive(Clone, Debug)]
pub struct Staff(pub Visitor);

/// An admin.
#[derive(Clone, Debug)]
pub struct Admin(pub Visitor);

/// A customer.
#[derive(Clone, Debug)]
pub struct Customer(pub Visitor);

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// Finds out who asks, once a request: cookie, token, row. What is not certain is nobody.
pub(super) async fn identify(State(panel): State<Panel>, mut request: Request, next: Next) -> Response {
    let jar = CookieJar::from_headers(request.headers());
    let mut zone = None;
    match signed_in(&panel, &jar).await {
        Ok(Some(mut visitor)) => {
            visitor.form = FormOf::read(request.method(), request.headers(), &jar);
            zone.clone_from(&visitor.zone);
            request.extensions_mut().insert(visitor);
        }
        Ok(None) => {}
        Err(error) => return error::page(&panel, None, &error, &Response::default()),
    }
    let address = address_of(request.extensions(), request.headers(), &panel);
    asked_from(address, seen_from(zone, next.run(request))).await
}

async fn signed_in(panel: &Panel, jar: &CookieJar) -> Result<Option<Visitor>, PageError> {
    let now = panel.desk.clock.now();
    let Some(claims) = jar.get(panel.sessions.cookie_name()).and_then(|it| panel.sessions.open(it.value(), now)) else {
        return Ok(None);
    };
    let id = hashed(&claims.session);
    let Some(it) = standing(panel, &id, claims.person, claims.epoch).await? else { return Ok(None) };
    if now.duration_since(it.seen_at) > NOTED_EVERY.min(panel.desk.settings.sessions.idle / 4) {
        note_use(panel, &id);
    }
    let flash = jar.get(FLASH_COOKIE).and_then(|it| read_flash(panel, &id, it.value()));
    let zone = it.time_zone.and_then(|it| TimeZone::get(&it).ok());
    let followed = if it.person.role.is_staff() { it.newest } else { Place::default() };
    let SignedIn { person, look, epoch, .. } = it;
    Ok(Some(Visitor { person, session: id, epoch, flash, form: None, followed, look, zone }))
}

/// The person as their row says now, if the session is still theirs and neither is over.
async fn standing(panel: &Panel, session: &str, person: PersonId, epoch: i64) -> Result<Option<SignedIn>, PageError> {
    let now = panel.desk.clock.now();
    let found = people::signed_in(&mut *panel.desk.store.read().await?, session).await?;
    Ok(found.filter(|it| {
        let over = now.duration_since(it.seen_at) > panel.desk.settings.sessions.idle || now >= it.expires_at;
        !over && it.person.id == person && it.epoch == epoch && it.person.state == PersonState::Active
    }))
}

/// The same visitor, some time after their request: with the role that they have now. None: signed out, or no longer staff.
pub(super) async fn still_here(panel: &Panel, visitor: &Visitor) -> Result<Option<Visitor>, PageError> {
    let standing = standing(panel, &visitor.session, visitor.person.id, visitor.epoch).await?;
    Ok(standing.filter(|it| it.person.role.is_staff()).map(|it| Visitor { person: it.person, ..visitor.clone() }))
}

/// Beside the request: a page must not wait for a write.
fn note_use(panel: &Panel, id: &str) {
    let (desk, id) = (panel.desk.clone(), id.to_owned());
    tokio::spawn(async move {
        if let Err(error) = sign_in::note_use(&desk, &id).await {
            tracing::warn!("the last use of a session could not be noted: {error}");
        }
    });
}

/// What to answer where nobody is signed in: a page asks to sign in and leads back; a form leads back to the page it was on.
pub(super) fn ask_to_sign_in(method: &Method, path_and_query: &str, headers: &HeaderMap) -> PageError {
    if method == Method::GET {
        return PageError::SignIn { next: path_and_query.to_owned() };
    }
    let referer = headers.get(header::REFERER).and_then(|it| it.to_str().ok()).unwrap_or("/");
    let path = referer.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/");
    PageError::SignIn { next: path.to_owned() }
}

impl FromRequestParts<Panel> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &Panel) -> Result<Self, PageError> {
        let visitor = parts.extensions.get::<Self>().cloned();
        let here = parts.uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
        visitor.ok_or_else(|| ask_to_sign_in(&parts.method, here, &parts.headers))
    }
}

impl OptionalFromRequestParts<Panel> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &Panel) -> Result<Option<Self>, PageError> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// One of the roles, or 403.
macro_rules! only {
    ($extractor:ident, $($role:pat_param)|+, $why:literal) => {
        impl FromRequestParts<Panel> for $extractor {
            type Rejection = PageError;

            async fn from_request_parts(parts: &mut Parts, panel: &Panel) -> Result<Self, PageError> {
                let visitor = <Visitor as FromRequestParts<Panel>>::from_request_parts(parts, panel).await?;
                if matches!(visitor.person.role, $($role)|+) { Ok(Self(visitor)) } else { Err(PageError::Forbidden($why.to_owned())) }
            }
        }
    };
}

only!(Staff, Role::Admin | Role::Helper, "This page is for the people who answer. Your own requests are at the start.");
only!(Admin, Role::Admin, "This page is for admins. An admin can change what you may do.");
only!(Customer, Role::Customer, "This page is for customers. Tickets are in the queues.");

impl FromRequestParts<Panel> for ClientAddress {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, panel: &Panel) -> Result<Self, PageError> {
        Ok(Self(address_of(&parts.extensions, &parts.headers, panel)))
    }
}

fn address_of(extensions: &Extensions, headers: &HeaderMap, panel: &Panel) -> IpAddr {
    let socket = extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |it| it.0.ip());
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|it| it.to_str().ok());
    client_address(socket, forwarded, &panel.proxies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_nobody_leads_back_to_the_page_it_was_on() {
        let mut headers = HeaderMap::new();
        headers.insert(header::REFERER, "https://desk.test/tickets/7?x=1".parse().unwrap());
        let PageError::SignIn { next } = ask_to_sign_in(&Method::POST, "/tickets/7/messages", &headers) else { panic!() };
        assert_eq!(next, "/tickets/7?x=1");
    }
}
