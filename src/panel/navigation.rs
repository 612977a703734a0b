//! What every page of staff has at its side: the queues with their counts, saved views, and the rest.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    desk::{id::PersonId, permission::Scope, person::Role},
    panel::{Panel, heartbeat, kept::Kept, not_sent, settings, visitor::Visitor},
    store::{
        Conn, Result,
        not_sent::Counts as NotSent,
        queue_counts::{self, Counts},
        saved_views::{self, SavedView},
    },
};

/// Which entry of the navigation a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A queue.
    Unassigned,
    /// A queue.
    Mine,
    /// A queue.
    Open,
    /// A queue.
    Waiting,
    /// A queue.
    Resolved,
    /// A queue.
    Closed,
    /// A queue.
    Snoozed,
    /// Held mail.
    Held,
    /// What was not sent.
    NotSent,
    /// The block list.
    Senders,
    /// Figures.
    Analytics,
    /// Users.
    Users,
    /// Mailboxes and the outbox.
    Mailboxes,
    /// Settings.
    Settings,
    /// None of them.
    Elsewhere,
}

#[derive(Serialize)]
pub(super) struct Entry {
    key: Place,
    name: &'static str,
    href: &'static str,
    icon: &'static str,
    go: &'static str,
    n: i64,
    /// Whether there are more than were counted.
    more: bool,
    /// What needs attention, in words; empty: nothing.
    hot: String,
}

/// A saved view, with what it counts.
#[derive(Serialize)]
pub(super) struct SavedEntry {
    id: i64,
    key: String,
    name: String,
    href: String,
    icon: &'static str,
    /// How many tickets a list holds. A search is not counted: it would be made anew for each page.
    n: i64,
    hot: &'static str,
}

/// What every page of staff has at its side.
#[derive(Default, Serialize)]
pub(super) struct Navigation {
    pub views: Vec<Entry>,
    pub saved: Vec<SavedEntry>,
    manage: Vec<Entry>,
}

/// The saved views that somebody has.
#[derive(Debug)]
pub(super) struct OwnViews {
    pub saved: Vec<SavedView>,
    /// How many tickets each holds that is a list, in their order.
    lists: Vec<i64>,
}

impl OwnViews {
    async fn read(conn: &mut Conn, me: PersonId, scope: Scope) -> Result<Self> {
        let saved = saved_views::seen_by(conn, me).await?;
        let lists: Vec<_> = saved
            .iter()
            .filter_map(|it| match Kept::read(&it.query) {
                Kept::List(asked) => Some((asked.view(me).0, asked.filter(me))),
                Kept::Search { .. } => None,
            })
            .collect();
        let lists = queue_counts::of_lists(conn, &lists, scope).await?;
        Ok(Self { saved, lists })
    }
}

/// What the navigation counts.
pub(super) struct Counted {
    /// Of each queue.
    pub counts: Counts,
    /// Of whoever looks.
    pub own: Arc<OwnViews>,
    held: i64,
    unsent: NotSent,
}

impl Navigation {
    /// The queues that a key leads to: what each is called, and its key behind `g`.
    pub fn keys(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.views.iter().filter(|it| !it.go.is_empty()).map(|it| (it.name, it.go))
    }
}

impl Counted {
    /// [`Counted::read`] of the database as it is now, over a connection of its own.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn now(panel: &Panel, visitor: &Visitor) -> Result<Self> {
        let version = panel.desk.store.version().await?;
        Self::read(panel, visitor, &version, &mut *panel.desk.store.read().await?).await
    }

    /// Counts what a visitor of the staff is shown, of the database as of this version or later.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn read(panel: &Panel, visitor: &Visitor, version: &str, conn: &mut Conn) -> Result<Self> {
        let (me, scope, known) = (visitor.person.id, visitor.scope(panel.desk.rules()), &panel.known);
        let tallies = known.tallies.of(version, (), queue_counts::tallies(conn)).await?;
        let own = known.own_views.of(version, (me, scope), OwnViews::read(conn, me, scope)).await?;
        let held = known.held.of(version, (), queue_counts::held_count(conn)).await?;
        let unsent = not_sent::counts(panel, visitor, version, conn).await?;
        Ok(Self { counts: Counts::of(&tallies, scope, me), own, held: *held, unsent })
    }

    /// The navigation, as it is shown.
    pub fn navigation(&self, panel: &Panel, visitor: &Visitor) -> Navigation {
        let mut counted = self.own.lists.iter();
        let saved = self.own.saved.iter().map(|view| {
            let kept = Kept::read(&view.query);
            let (icon, n) = match kept {
                Kept::List(_) => ("list-filter", counted.next().copied().unwrap_or_default()),
                Kept::Search { .. } => ("search", 0),
            };
            let (key, name) = (format!("saved-{}", view.id), view.name.clone());
            SavedEntry { id: view.id.0, key, href: kept.address(), name, icon, n, hot: "" }
        });
        Navigation { views: self.views(), saved: saved.collect(), manage: manage(panel, visitor) }
    }

    fn views(&self) -> Vec<Entry> {
        let Self { counts, held, unsent, .. } = self;
        let mut views = vec![
            entry(Place::Unassigned, "Unassigned", "/tickets?view=unassigned", "inbox", "u", counts.unassigned),
            entry(Place::Mine, "Mine", "/tickets?view=mine", "user-round", "m", counts.mine),
            entry(Place::Open, "All open", "/tickets?view=open", "layers", "o", counts.open),
            entry(Place::Waiting, "Waiting on customer", "/tickets?view=waiting", "hourglass", "w", counts.waiting),
            entry(Place::Resolved, "Resolved", "/tickets?view=resolved", "circle-check", "r", counts.resolved),
            entry(Place::Closed, "Closed", "/tickets?view=closed", "archive", "c", counts.closed),
            entry(Place::Snoozed, "Snoozed", "/tickets?view=snoozed", "alarm-clock", "s", counts.snoozed),
            Entry {
                hot: "yes".to_owned(),
                more: *held >= queue_counts::MOST_HELD,
                ..entry(Place::Held, "Held mail", "/held", "shield-alert", "h", *held)
            },
        ];
        if unsent.all > 0 {
            let hot = if unsent.people { "yes".to_owned() } else { String::new() };
            let not_sent = entry(Place::NotSent, "Not sent", "/not-sent", "triangle-alert", "n", unsent.all);
            views.push(Entry { hot, more: unsent.more, ..not_sent });
        }
        views
    }
}

fn entry(key: Place, name: &'static str, href: &'static str, icon: &'static str, go: &'static str, n: i64) -> Entry {
    Entry { key, name, href, icon, go, n, more: false, hot: String::new() }
}

/// What is below the queues.
fn manage(panel: &Panel, visitor: &Visitor) -> Vec<Entry> {
    let me = &visitor.person;
    let mail = Entry {
        hot: heartbeat::of(panel, me).map_or_else(String::new, |it| it.hot),
        ..entry(Place::Mailboxes, "Mail", "/mail", "mail", "", 0)
    };
    let figures = |name| entry(Place::Analytics, name, "/analytics", "chart-column", "", 0);
    let senders = entry(Place::Senders, "Senders", "/senders", "ban", "", 0);
    let mut manage = match me.role {
        Role::Admin => vec![figures("Analytics"), entry(Place::Users, "Users", "/users", "users", "", 0)],
        Role::Helper | Role::Customer => vec![figures("Your figures")],
    };
    manage.extend([senders, mail]);
    manage.extend(settings::first(me).map(|_| entry(Place::Settings, "Settings", "/settings", "settings-2", "", 0)));
    manage
}
