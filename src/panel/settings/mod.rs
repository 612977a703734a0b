//! Settings: one frame, and a tab for each thing that can be set.
//!
//! A new tab is a variant of [`Tab`] with its address and who may; its page is drawn by [`show`] from a template that extends
//! `settings.html` and fills the block `settings`.

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Serialize;

use crate::{
    desk::person::Person,
    panel::{
        Panel,
        error::PageError,
        page::{self, Flash, Place},
        routes::{Policy, Routes},
        visitor::{Staff, Visitor},
    },
};

mod api_tokens;
mod audit;
mod general;
mod hours;
mod mailboxes;
mod notices;
mod rules;
mod tags;

/// One tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// When the desk is at work, and what it promises.
    Hours,
    /// Texts that are written again and again: everybody’s, and one’s own.
    SavedReplies,
    /// What stands below replies.
    Signatures,
    /// The desk’s tags.
    Tags,
    /// What the desk is called and how it works.
    General,
    /// Mailboxes, those of the file among them.
    Mailboxes,
    /// Mail that the desk writes.
    Notices,
    /// What is done with mail by itself.
    Rules,
    /// What programs sign in to the API with: everybody’s for an admin, one’s own for a helper.
    Tokens,
    /// The block list, which has a page of its own.
    Senders,
    /// Backups, which are on the page of mail.
    Backups,
    /// Who changed what.
    Audit,
}

impl Tab {
    /// In the order of the frame.
    const ALL: [Self; 12] = [
        Self::General,
        Self::Mailboxes,
        Self::Notices,
        Self::Hours,
        Self::Rules,
        Self::SavedReplies,
        Self::Signatures,
        Self::Tags,
        Self::Senders,
        Self::Tokens,
        Self::Backups,
        Self::Audit,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Mailboxes => "Mailboxes",
            Self::Notices => "Notices",
            Self::Hours => "Hours and promises",
            Self::Rules => "Rules",
            Self::SavedReplies => "Saved replies",
            Self::Signatures => "Signatures",
            Self::Tags => "Tags",
            Self::Tokens => "API tokens",
            Self::Senders => "Senders",
            Self::Backups => "Backups",
            Self::Audit => "Audit log",
        }
    }

    fn address(self) -> &'static str {
        match self {
            Self::Hours => "/settings/hours",
            Self::SavedReplies => "/settings/canned",
            Self::Signatures => "/settings/signatures",
            Self::Tags => "/settings/tags",
            Self::Tokens => "/settings/tokens",
            Self::General => "/settings/general",
            Self::Mailboxes => "/settings/mailboxes",
            Self::Notices => "/settings/notices",
            Self::Rules => "/settings/rules",
            Self::Senders => "/senders",
            Self::Backups => "/mail#backup",
            Self::Audit => "/settings/audit",
        }
    }

    /// Who may open it.
    fn policy(self) -> Policy {
        match self {
            Self::SavedReplies | Self::Senders | Self::Tokens => Policy::Staff,
            Self::General
            | Self::Mailboxes
            | Self::Notices
            | Self::Hours
            | Self::Rules
            | Self::Signatures
            | Self::Tags
            | Self::Backups
            | Self::Audit => Policy::Admin,
        }
    }

    /// Whether it is a page within the frame.
    fn is_inside(self) -> bool {
        self.address().starts_with("/settings/")
    }
}

/// Every route of the settings.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/settings", Policy::Staff, start)
        .get("/settings/tags", Policy::Admin, tags::list)
        .post("/settings/tags", Policy::Admin, tags::add)
        .post("/settings/tags/{id}", Policy::Admin, tags::change)
        .get("/settings/tokens", Policy::Staff, api_tokens::list)
        .post("/settings/tokens", Policy::Staff, api_tokens::make)
        .post("/settings/tokens/{id}", Policy::Staff, api_tokens::revoke)
        .get("/settings/hours", Policy::Admin, hours::show)
        .post("/settings/hours", Policy::Admin, hours::save)
        .post("/settings/promises", Policy::Admin, hours::promise)
        .get("/settings/general", Policy::Admin, general::show)
        .post("/settings/general", Policy::Admin, general::change)
        .get("/settings/mailboxes", Policy::Admin, mailboxes::list)
        .get("/settings/mailboxes/new", Policy::Admin, mailboxes::new)
        .post("/settings/mailboxes/new", Policy::Admin, mailboxes::add)
        .get("/settings/mailboxes/{id}", Policy::Admin, mailboxes::edit)
        .post("/settings/mailboxes/{id}", Policy::Admin, mailboxes::change)
        .get("/settings/notices", Policy::Admin, notices::list)
        .post("/settings/notices", Policy::Admin, notices::switch)
        .get("/settings/notices/{kind}", Policy::Admin, notices::edit)
        .post("/settings/notices/{kind}", Policy::Admin, notices::save)
        .post("/settings/notices/{kind}/preview", Policy::Admin, notices::preview)
        .get("/settings/rules", Policy::Admin, rules::list)
        .post("/settings/rules", Policy::Admin, rules::step)
        .get("/settings/rules/new", Policy::Admin, rules::new)
        .post("/settings/rules/new", Policy::Admin, rules::add)
        .get("/settings/rules/{id}", Policy::Admin, rules::edit)
        .post("/settings/rules/{id}", Policy::Admin, rules::change)
        .get("/settings/audit", Policy::Admin, audit::show)
}

/// The first page of the settings that somebody may open; none: they have none.
pub(super) fn first(person: &Person) -> Option<&'static str> {
    Tab::ALL.into_iter().find(|it| it.is_inside() && it.policy().admits(person.role)).map(Tab::address)
}

/// `GET /settings`: the first tab that is theirs.
async fn start(Staff(visitor): Staff, State(_): State<Panel>) -> Result<Response, PageError> {
    let first = first(&visitor.person).ok_or_else(|| PageError::Forbidden("Settings are for admins.".to_owned()))?;
    Ok(Redirect::to(first).into_response())
}

#[derive(Serialize)]
struct Link {
    title: &'static str,
    href: &'static str,
    current: bool,
}

#[derive(Serialize)]
struct Framed<'a, T> {
    tab: &'static str,
    tabs: Vec<Link>,
    #[serde(flatten)]
    own: &'a T,
}

/// Draws a tab: the frame's values and `own`, which may not use the names `tab` and `tabs`.
///
/// # Errors
/// As [`page::show`].
pub(super) async fn show(
    panel: &Panel,
    visitor: &Visitor,
    tab: Tab,
    template: &str,
    own: &impl Serialize,
    flash: Option<&Flash>,
) -> Result<Response, PageError> {
    let role = visitor.person.role;
    let link = |it: Tab| Link { title: it.title(), href: it.address(), current: it == tab };
    let tabs = Tab::ALL.into_iter().filter(|it| it.policy().admits(role)).map(link).collect();
    let framed = Framed { tab: tab.title(), tabs, own };
    page::show_with(panel, visitor, Place::Settings, template, &framed, flash).await
}
