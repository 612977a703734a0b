//! `/metrics` in Prometheus' text form: what was counted since the start, and how it stands now.

use std::{
    fmt::Write as _,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{
    desk::{person::Role, settings::WayIn},
    panel::{Panel, readyz, visitor::Visitor},
    store::{StoreError, health, round_trips},
};

/// What is counted in this process. There is one: the macros of `metrics` speak to the process as a whole.
static COUNTED: LazyLock<Option<PrometheusHandle>> = LazyLock::new(|| {
    let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    let lag = [0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 86_400.0];
    let built = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_lag_seconds".to_owned()), &lag)
        .and_then(|it| it.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds));
    built.ok()?.install_recorder().ok()
});

/// Begins to count; what was counted before is lost. Called once, at the start.
pub fn begin() {
    LazyLock::force(&COUNTED);
    metrics::describe_counter!("maildesk_imap_total", "Looks at a watched folder, by what came of them");
    metrics::describe_counter!("maildesk_smtp_total", "Hand-overs of one recipient’s copy, by what came of them");
    metrics::describe_counter!("maildesk_decided_total", "Messages decided, by the decision");
    metrics::describe_histogram!("maildesk_intake_lag_seconds", "From when the server got a message to its row in the ledger");
    metrics::describe_histogram!("maildesk_request_seconds", "Answers of the panel, by route");
    metrics::describe_histogram!("maildesk_database_seconds", "What a round over the desk’s health waited for the database");
}

/// So often old samples are folded, that an unread recorder does not grow.
pub const UPKEEP: Duration = Duration::from_secs(5);

/// Folds old samples.
pub fn upkeep() {
    if let Some(counted) = &*COUNTED {
        counted.run_upkeep();
    }
}

/// `GET /metrics` of the panel: for who brings the `health_token`, and for admins.
pub(super) async fn show(State(panel): State<Panel>, visitor: Option<Visitor>, headers: HeaderMap) -> Response {
    let admin = visitor.is_some_and(|it| it.person.role == Role::Admin);
    if !admin && !readyz::is_a_monitor(&panel, &headers) {
        let words = "bring the health_token as Authorization: Bearer, sign in as an admin, or ask metrics_listen\n";
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], words).into_response();
    }
    answer(&panel).await
}

/// The pages of the port that is for monitors alone: everything is told to whoever reaches it.
pub fn router(panel: Panel) -> Router {
    let metrics = get(|State(panel): State<Panel>| async move { answer(&panel).await });
    let readyz = get(|State(panel): State<Panel>| async move { readyz::answer(&panel) });
    Router::new().route("/metrics", metrics).route("/readyz", readyz).with_state(panel)
}

async fn answer(panel: &Panel) -> Response {
    let mut text = COUNTED.as_ref().map(PrometheusHandle::render).unwrap_or_default();
    if let Err(error) = standing(panel, &mut text).await {
        tracing::warn!("what the database knows is left out of /metrics: {error}");
        text.push_str("maildesk_database_up 0\n");
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    (StatusCode::OK, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], text).into_response()
}

/// How it stands now: of the last round, and what the database says cheaply.
async fn standing(panel: &Panel, text: &mut String) -> Result<(), StoreError> {
    let desk = &panel.desk;
    let now = desk.clock.now();
    let mut gauges = Gauges(text);
    let troubles = desk.health.troubles(now);
    gauges.one("maildesk_ready", "Whether everything is well", u8::from(troubles.is_empty() && desk.health.get().is_some()));
    let named = troubles.iter().map(|it| (vec![("kind", it.trouble.kind.as_str()), ("about", it.trouble.about.as_str())], 1));
    gauges.many("maildesk_trouble", "What is not well", named);
    process(&mut gauges);
    let round: Arc<_> = match desk.health.get() {
        Some(round) => round,
        None => return Ok(()),
    };
    let named = |id| desk.mailboxes.get(id).map_or("", |it| it.name.as_str());
    let age = |at: Option<jiff::Timestamp>| at.map(|at| now.duration_since(at).as_secs());
    let boxes = || round.mailboxes.iter().map(|(id, facts)| (vec![("mailbox", named(*id))], facts));
    let checked = boxes().filter_map(|(labels, it)| Some((labels, age(it.checked_at)?)));
    gauges.many("maildesk_mailbox_checked_seconds_ago", "Since the server last answered what is new", checked);
    let mailed = boxes().filter_map(|(labels, it)| Some((labels, age(it.last_mail_at)?)));
    gauges.many("maildesk_mailbox_mail_seconds_ago", "Since the last message was taken in", mailed);
    let waiting = boxes().map(|(labels, it)| (labels, it.waiting));
    gauges.many("maildesk_mailbox_waiting", "Listed on the server and not yet in the ledger", waiting);
    let connected =
        boxes().filter(|(_, it)| it.way_in == WayIn::Folder).map(|(labels, it)| (labels, u8::from(it.connected_since.is_some())));
    gauges.many("maildesk_mailbox_connected", "Whether there is a session on the watched folder", connected);
    round_trips(panel, &mut gauges, now).await?;
    let began = Instant::now();
    let counted = health::counted(&mut *desk.store.read().await?).await?;
    gauges.one("maildesk_database_up", "Whether the database answers", 1);
    gauges.one("maildesk_database_answer_seconds", "What it needed for these figures", began.elapsed().as_secs_f64());
    let ledger = [("undecided", counted.undecided), ("held", counted.held)];
    gauges.many("maildesk_ledger_messages", "Messages of the ledger that wait", ledger.map(|(state, n)| (vec![("state", state)], n)));
    let outbox = || counted.outbox.iter().map(|it| vec![("mailbox", named(it.mailbox)), ("state", it.state.as_str())]);
    gauges.many("maildesk_outbox_copies", "Copies that have not left", outbox().zip(counted.outbox.iter().map(|it| it.n)));
    let oldest = counted.outbox.iter().map(|it| now.duration_since(it.oldest).as_secs());
    gauges.many("maildesk_outbox_oldest_seconds", "Age of the oldest of them", outbox().zip(oldest));
    let (open, idle) = desk.store.connections();
    gauges.one("maildesk_database_connections", "Connections to the database", open);
    gauges.one("maildesk_database_connections_idle", "Of them without work", idle);
    Ok(())
}

/// Of the mailboxes that write to themselves.
async fn round_trips(panel: &Panel, gauges: &mut Gauges<'_>, now: jiff::Timestamp) -> Result<(), StoreError> {
    let mut trips = Vec::new();
    let mut conn = panel.desk.store.read().await?;
    for (id, settings) in panel.desk.mailboxes.iter().filter(|(_, it)| it.probes().is_some()) {
        let trip = round_trips::last_trip(&mut conn, id).await?;
        trips.extend(trip.map(|it| (vec![("mailbox", settings.name.as_str())], it)));
    }
    let ago = trips.iter().map(|(labels, it)| (labels.clone(), now.duration_since(it.back_at).as_secs()));
    gauges.many("maildesk_round_trip_seconds_ago", "Since a message of the mailbox to itself last came back", ago);
    let took = trips.iter().map(|(labels, it)| (labels.clone(), it.took.as_secs_f64()));
    gauges.many("maildesk_round_trip_seconds", "How long it was under way", took);
    Ok(())
}

/// Of this process, where the system tells it (proc(5), `status`).
fn process(gauges: &mut Gauges<'_>) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let kibibytes = resident.and_then(|it| it.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    if let Some(kibibytes) = kibibytes {
        gauges.one("process_resident_memory_bytes", "Resident memory", kibibytes * 1024);
    }
}

/// Lines of the text form (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
struct Gauges<'a>(&'a mut String);

impl Gauges<'_> {
    fn one(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.many(name, help, [(Vec::new(), value)]);
    }

    fn many<'l>(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Vec<(&'l str, &'l str)>, impl std::fmt::Display)>) {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return;
        }
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge").ok();
        for (labels, value) in values {
            let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            writeln!(self.0, "{name}{labels} {value}").ok();
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_labels_escaped() {
        let mut text = String::new();
        Gauges(&mut text).many("a_b", "Help", [(vec![("x", "a\"b\\c\nd")], 1)]);
        Gauges(&mut text).many("none", "Nothing", Vec::<(Vec<(&str, &str)>, i64)>::new());
        assert_eq!(text, "# HELP a_b Help\n# TYPE a_b gauge\na_b{x=\"a\\\"b\\\\c\\nd\"} 1\n");
    }
}
