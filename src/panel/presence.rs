//! Who else has a ticket open, and who writes on it.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    actions::presence::say,
    desk::{id::TicketNumber, presence::Doing},
    panel::{
        Panel,
        error::PageError,
        form::Fields,
        url::Path,
        visitor::{Staff, Visitor},
    },
    store::{
        Conn,
        presence::{self, Present},
    },
};

/// What stands on the composer about others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Strip {
    /// `Tomasz is replying to this ticket`: name and what they do; those who write first.
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Line {
    names: String,
    does: &'static str,
    writes: bool,
}

/// What to tell `visitor` of the others on a ticket.
pub(super) async fn strip(panel: &Panel, visitor: &Visitor, conn: &mut Conn, number: TicketNumber) -> Result<Strip, PageError> {
    let others = presence::others_on(conn, &[number], visitor.person.id, panel.desk.clock.now()).await?;
    let lines = [Doing::Replies, Doing::Notes, Doing::Reads].into_iter().filter_map(|doing| line(&others, doing)).collect();
    Ok(Strip { lines })
}

fn line(others: &[Present], doing: Doing) -> Option<Line> {
    let names: Vec<&str> = others.iter().filter(|it| it.doing == doing).map(|it| it.name.as_str()).collect();
    let (one, many, writes) = match doing {
        Doing::Replies => ("is replying to this ticket", "are replying to this ticket", true),
        Doing::Notes => ("is writing a note", "are writing notes", true),
        Doing::Reads => ("has this ticket open", "have this ticket open", false),
    };
    let (last, before) = names.split_last()?;
    let listed = if before.is_empty() { (*last).to_owned() } else { format!("{} and {last}", before.join(", ")) };
    Some(Line { names: listed, does: if before.is_empty() { one } else { many }, writes })
}

/// `POST /tickets/{number}/typing`: what this page’s viewer does; a page says so now and then, and when it is closed.
pub(super) async fn typing(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["doing"])?;
    let doing = match fields.get("doing") {
        "gone" => None,
        word => Some(Doing::parse(word).ok_or_else(|| PageError::Invalid("There is no such thing to do on a ticket.".to_owned()))?),
    };
    say(&panel.desk, &visitor.person, TicketNumber(number), doing).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
