//! People: colleagues, and the customers of tickets in reach.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    bearer::Caller,
    body::{Asked, At},
    problem::Problem,
    views::PersonView,
};
use crate::{
    desk::{address::EmailAddress, id::PersonId, permission::Scope, person::Person},
    store::{Conn, people, queue},
};

/// Who.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct People {
    /// Their address, whatever its case.
    email: String,
}

/// The people who were found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct PeopleFound {
    items: Vec<PersonView>,
}

/// The person of an address: one, or nobody.
#[utoipa::path(get, path = "/people", tag = "People", operation_id = "findPerson", params(People), responses((status = 200, body = PeopleFound)))]
pub(super) async fn find(State(api): State<Api>, caller: Caller, Asked(asked): Asked<People>) -> Result<Json<PeopleFound>, Problem> {
    let email: EmailAddress = asked.email.parse().map_err(|why| Problem::invalid("email", why))?;
    let mut conn = api.desk.store.read().await?;
    let found = match people::by_email(&mut conn, &email).await? {
        Some(person) if may_know(&api, &caller, &mut conn, &person).await? => Some(PersonView::from(&person)),
        Some(_) | None => None,
    };
    Ok(Json(PeopleFound { items: found.into_iter().collect() }))
}

/// One person, by their id.
#[utoipa::path(get, path = "/people/{id}", tag = "People", operation_id = "getPerson", params(("id" = i64, Path, description = "As tickets and comments name them.")),
    responses((status = 200, body = PersonView)))]
pub(super) async fn show(State(api): State<Api>, caller: Caller, At(id): At<i64>) -> Result<Json<PersonView>, Problem> {
    let mut conn = api.desk.store.read().await?;
    match people::get(&mut conn, PersonId(id)).await? {
        Some(person) if may_know(&api, &caller, &mut conn, &person).await? => Ok(Json((&person).into())),
        Some(_) | None => Err(Problem::missing("person")),
    }
}

/// Colleagues know each other; customers are known by the tickets that one sees.
async fn may_know(api: &Api, caller: &Caller, conn: &mut Conn, person: &Person) -> Result<bool, Problem> {
    let scope = caller.scope(api);
    Ok(person.role.is_staff() || scope == Scope::All || queue::knows(conn, person.id, scope).await?)
}
