//! Tokens of the API: everybody's for an admin, one's own for a helper. A new one is shown once.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;

use crate::{
    actions::{
        ActionError, Kind,
        make_token::{Wish, make_token},
        revoke_token::revoke_token,
    },
    desk::{
        api_token::{Access, Closed, LONGEST_NAME, Lifetime, acting},
        id::ApiTokenId,
        permission::{Act, Verdict, may},
        person::Role,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        settings::{self, Tab},
        url::Path,
        visitor::{Staff, Visitor},
        words::{Choice, When},
    },
    store::api_tokens::{self, Listed},
};

#[derive(Serialize)]
struct TokensPage {
    rows: Vec<Row>,
    /// Whether they are everybody's.
    all: bool,
    made: Option<Made>,
    form: Form,
    roles: Vec<Choice>,
    accesses: Vec<Choice>,
    lifetimes: Vec<Choice>,
    longest: usize,
    /// Where programs find the API.
    api: String,
}

/// The one time that a token is shown.
#[derive(Serialize)]
struct Made {
    name: String,
    token: String,
}

/// What was typed, and what is wrong with it.
#[derive(Clone, Debug, Serialize)]
struct Form {
    name: String,
    role: String,
    access: String,
    lifetime: String,
    err: String,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    owner: String,
    start: String,
    may: String,
    created: When,
    used: Option<When>,
    from: String,
    expires: Option<When>,
    /// Why it opens nothing; empty: it does.
    closed: &'static str,
}

/// `GET /settings/tokens`.
pub(super) async fn list(State(panel): State<Panel>, Staff(visitor): Staff) -> Result<Response, PageError> {
    draw(&panel, &visitor, None, None).await
}

async fn draw(panel: &Panel, visitor: &Visitor, made: Option<Made>, typed: Option<Form>) -> Result<Response, PageError> {
    let (me, rules) = (&visitor.person, panel.desk.rules());
    let all = may(me, Act::Manage, rules) == Verdict::Allowed;
    let mut conn = panel.desk.store.read().await?;
    let listed = api_tokens::list(&mut conn, (!all).then_some(me.id)).await?;
    drop(conn);
    let allowed = [Role::Helper, Role::Admin].into_iter().filter(|it| may(me, Act::MakeToken(*it), rules) == Verdict::Allowed);
    let blank = Form {
        name: String::new(),
        role: Role::Helper.as_str().to_owned(),
        access: Access::Read.as_str().to_owned(),
        lifetime: Lifetime::Year.as_str().to_owned(),
        err: String::new(),
    };
    let own = TokensPage {
        rows: listed.into_iter().map(|it| row(panel, it)).collect(),
        all,
        made,
        form: typed.unwrap_or(blank),
        roles: allowed.map(|it| Choice::new(it.as_str(), what_a(it))).collect(),
        accesses: [Access::Read, Access::Write].map(|it| Choice::new(it.as_str(), it.title())).into(),
        lifetimes: Lifetime::ALL.map(|it| Choice::new(it.as_str(), it.title())).into(),
        longest: LONGEST_NAME,
        api: panel.desk.url.page("/api/v1"),
    };
    settings::show(panel, visitor, Tab::Tokens, "settings-tokens.html", &own, None).await
}

fn what_a(role: Role) -> &'static str {
    match role {
        Role::Admin => "What an admin may",
        Role::Helper => "What a helper may",
        Role::Customer => "What a customer may",
    }
}

fn row(panel: &Panel, it: Listed) -> Row {
    let now = panel.desk.clock.now();
    let when = |at| When::new(at, now, &panel.zone());
    let token = it.token;
    let acts = acting(token.standing, (it.role, it.state), now);
    // As it is now, not as it was when the token was made.
    let role = acts.unwrap_or(token.standing.role);
    Row {
        id: token.id.0,
        name: token.name,
        owner: it.owner,
        start: token.start,
        may: format!("{}, {}", role.title(), token.access.title().to_lowercase()),
        created: when(token.created_at),
        used: token.used_at.map(when),
        from: token.used_from.unwrap_or_default(),
        expires: token.standing.expires_at.map(when),
        closed: match acts {
            Ok(_) => "",
            Err(Closed::Revoked) => "revoked",
            Err(Closed::Expired) => "expired",
            Err(Closed::OwnerDisabled) => "its owner is disabled",
            Err(Closed::OwnerLeft) => "its owner is a customer",
        },
    }
}

/// `POST /settings/tokens`: a new one, on the only page that shows it.
pub(super) async fn make(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["name", "role", "access", "lifetime"])?;
    let choose = |what: &str| PageError::Invalid(format!("There is no such {what}; choose one of the list."));
    let wish = Wish {
        name: fields.get("name").to_owned(),
        role: Role::parse(fields.get("role")).ok_or_else(|| choose("role"))?,
        access: Access::parse(fields.get("access")).ok_or_else(|| choose("access"))?,
        lifetime: Lifetime::parse(fields.get("lifetime")).ok_or_else(|| choose("time"))?,
    };
    let why = match make_token(&panel.desk, &visitor.person, &wish).await {
        Ok(made) => return draw(&panel, &visitor, Some(Made { name: wish.name, token: made.token }), None).await,
        Err(ActionError::Invalid { why, .. }) => why,
        Err(error) if error.kind() == Kind::Conflict => error.to_string(),
        Err(error) => return Err(error.into()),
    };
    let form = Form {
        name: wish.name,
        role: wish.role.as_str().to_owned(),
        access: wish.access.as_str().to_owned(),
        lifetime: wish.lifetime.as_str().to_owned(),
        err: sentence(&why),
    };
    let mut response = draw(&panel, &visitor, None, Some(form)).await?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// `POST /settings/tokens/{id}`: it opens nothing any more.
pub(super) async fn revoke(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do"])?;
    if fields.get("do") != "revoke" {
        return Err(PageError::Invalid("The form does not say what is to be done; reload the page.".to_owned()));
    }
    let flash = match revoke_token(&panel.desk, &visitor.person, ApiTokenId(id)).await {
        Ok(name) => Flash::done(format!("Revoked: “{name}”. Whatever uses it is refused from now on.")),
        Err(error) if error.kind() == Kind::Conflict => Flash::refused(sentence(&error)),
        Err(error) => return Err(error.into()),
    };
    Ok(page::go(&panel, &visitor, "/settings/tokens", &flash))
}
