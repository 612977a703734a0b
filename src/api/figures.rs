//! Every figure of the page of figures, from the same counting.

use axum::{Json, extract::State};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    bearer::Caller,
    body::Asked,
    list::{mailbox, tag},
    problem::Problem,
    views::{MailboxRef, PersonRef},
    words::{Priority, Range, Step, minutes},
};
use crate::{
    desk::{
        analytics::{AGES, Answers, DayFigures, Figures, LENGTHS, StepFigures, Sums, Took},
        id::PersonId,
        period::Period,
        permission::{Sight, sight},
        tag::Tag,
    },
    store::{
        analytics::{self, Counted, Helper, Picked},
        tags,
    },
};

/// Of which period, and of which tickets.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// `30d` where nothing is said. It ends today; the period before has as many days.
    range: Option<Range>,
    /// Of this mailbox, by its short name or its address.
    mailbox: Option<String>,
    /// That this helper has now, by their id. For admins.
    helper: Option<i64>,
    /// With this tag, by its name.
    tag: Option<String>,
    /// Of this priority.
    priority: Option<Priority>,
}

/// Figures of a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Figures)]
pub(super) struct FiguresView {
    /// Its first day, in the desk’s time zone.
    from: Date,
    /// Its last day: today.
    to: Date,
    /// When they were counted: on a desk of many tickets up to a second ago for each 5,000 of them.
    counted_at: Timestamp,
    /// Over the period. For a helper: what they did themselves.
    all: SumsView,
    /// Over as many days just before.
    before: SumsView,
    /// Of everybody; null for a helper.
    everybody: Option<Everybody>,
    /// What each of the staff did; for a helper, they alone.
    helpers: Vec<OfHelper>,
}

/// What is told of everybody’s work alone.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Everybody {
    /// Open or in progress when the period began.
    open_before: i64,
    /// Day by day, oldest first.
    days: Vec<DayView>,
    /// What medians step by step are taken over.
    step: Step,
    /// Step by step, oldest first.
    steps: Vec<StepView>,
    /// What customers wrote, by weekday from Monday and hour of the desk’s clock.
    busiest: Vec<Vec<i64>>,
    /// How many resolutions took so much business time.
    lengths: Vec<Length>,
    mailboxes: Vec<OfMailbox>,
    priorities: Vec<OfPriority>,
    tags: Vec<OfTag>,
}

/// Counts and times.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Sums)]
struct SumsView {
    opened: i64,
    resolved: i64,
    reopened: i64,
    /// Replies that were not taken back.
    replies: i64,
    /// Tickets given to somebody, each once for each of them.
    assigned: i64,
    /// Open or in progress now.
    open_now: i64,
    /// Replies on the tickets whose resolution counts, up to it.
    replies_to_resolution: i64,
    /// The same for each of them; null: nothing was resolved.
    replies_per_resolution: Option<f64>,
    first_reply: TookView,
    resolution: TookView,
    satisfaction: Satisfaction,
}

/// How long it took; minutes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Took)]
struct TookView {
    tickets: usize,
    /// Half took no longer; in business hours.
    median_business_minutes: Option<f64>,
    /// Nine in ten took no longer; in business hours.
    ninety_business_minutes: Option<f64>,
    median_minutes: Option<f64>,
    ninety_minutes: Option<f64>,
    /// So many took no more business time than is promised.
    within_target: i64,
    /// Of so many for which something is promised.
    with_target: i64,
}

/// What customers said.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Satisfaction {
    good: i64,
    okay: i64,
    bad: i64,
}

/// One day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DayFigures)]
struct DayView {
    date: Date,
    opened: i64,
    reopened: i64,
    resolved: i64,
    /// Open at its end; for today: now.
    open: i64,
    in_progress: i64,
    /// Open or in progress at its end, by how long ago they were opened.
    ages: Vec<Age>,
}

/// How many are that old.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Age {
    #[schema(example = "1–3 days")]
    age: &'static str,
    tickets: i64,
}

/// A day, week or month.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StepFigures)]
struct StepView {
    /// Its first day within the period.
    first: Date,
    first_reply: TookView,
    resolution: TookView,
}

/// How many took so long.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Length {
    #[schema(example = "1–4 h")]
    business_time: &'static str,
    tickets: i64,
}

/// What one of the staff did.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct OfHelper {
    helper: PersonRef,
    all: SumsView,
    before: SumsView,
}

/// On the tickets of one mailbox.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct OfMailbox {
    /// Null: one that is gone.
    mailbox: Option<MailboxRef>,
    all: SumsView,
}

/// On the tickets of one priority.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct OfPriority {
    priority: Priority,
    all: SumsView,
}

/// On the tickets with one tag.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct OfTag {
    tag: String,
    all: SumsView,
}

/// Figures: everybody’s for an admin, one’s own for a helper. What each means, the page of figures says.
#[utoipa::path(get, path = "/figures", tag = "Figures", operation_id = "figures", params(Which), responses((status = 200, body = FiguresView)))]
pub(super) async fn show(State(api): State<Api>, caller: Caller, Asked(asked): Asked<Which>) -> Result<Json<FiguresView>, Problem> {
    let nobodys = || Problem::forbidden("Figures are for helpers and admins.");
    let sight = sight(&caller.person, api.desk.rules()).ok_or_else(nobodys)?;
    if sight == Sight::Own && asked.helper.is_some_and(|it| it != caller.person.id.0) {
        return Err(Problem::forbidden("The figures of others are for admins; leave helper out to have your own."));
    }
    let (now, zone) = (api.desk.clock.now(), &api.desk.settings.time_zone);
    let mut conn = api.desk.store.read().await?;
    let (helpers, all_tags) = (analytics::helpers(&mut conn).await?, tags::all(&mut conn).await?);
    if let Some(id) = asked.helper
        && helpers.iter().all(|it| it.id.0 != id)
    {
        return Err(Problem::invalid("helper", "there is no such helper; /api/v1/desk lists them"));
    }
    let picked = Picked {
        mailbox: asked.mailbox.as_deref().map(|it| mailbox(&api, it)).transpose()?,
        priority: asked.priority.map(Into::into),
        tag: match &asked.tag {
            Some(name) => Some(tag(&mut conn, name).await?),
            None => None,
        },
        // A helper's own figures are of what they did, whoever has the tickets now.
        helper: asked.helper.filter(|_| sight == Sight::Everybody).map(PersonId),
    };
    let period: Period = asked.range.unwrap_or_default().into();
    let staff = helpers.iter().map(|it| it.id).collect();
    let frame = analytics::frame(&mut conn, period, staff, now, zone).await?;
    let (from, to) = (frame.days.first().map(|it| it.date).unwrap_or_default(), frame.days.last().map(|it| it.date).unwrap_or_default());
    drop(conn);
    let Counted { figures, at } = api.desk.store.figures(frame, picked).await?;
    let figures = if sight == Sight::Own { figures.of_one(caller.person.id) } else { figures };
    Ok(Json(FiguresView {
        from,
        to,
        counted_at: at,
        all: (&figures.all).into(),
        before: (&figures.before).into(),
        everybody: (sight == Sight::Everybody).then(|| everybody(&api, &figures, &all_tags, period)),
        helpers: of_helpers(&figures, &helpers),
    }))
}

fn of_helpers(figures: &Figures, helpers: &[Helper]) -> Vec<OfHelper> {
    let one = |(id, all, before): &(PersonId, Sums, Sums)| {
        let it = helpers.iter().find(|it| it.id == *id)?;
        let helper = PersonRef { id: id.0, name: it.name.clone(), email: it.email.clone() };
        Some(OfHelper { helper, all: all.into(), before: before.into() })
    };
    figures.helpers.iter().filter_map(one).collect()
}

fn everybody(api: &Api, figures: &Figures, tags: &[Tag], period: Period) -> Everybody {
    let name = |id| tags.iter().find(|it| it.id == id).map(|it| it.name.clone());
    let tag = |(id, all): &(_, Sums)| Some(OfTag { tag: name(*id)?, all: all.into() });
    Everybody {
        open_before: figures.backlog_before,
        days: figures.days.iter().map(Into::into).collect(),
        step: period.step().into(),
        steps: figures.steps.iter().map(Into::into).collect(),
        busiest: figures.busiest.iter().map(|it| it.to_vec()).collect(),
        lengths: LENGTHS.iter().zip(figures.lengths).map(|((name, _), n)| Length { business_time: name, tickets: n }).collect(),
        mailboxes: figures
            .mailboxes
            .iter()
            .map(|(id, all)| OfMailbox { mailbox: MailboxRef::of(&api.desk, *id), all: all.into() })
            .collect(),
        priorities: figures.priorities.iter().map(|(it, all)| OfPriority { priority: (*it).into(), all: all.into() }).collect(),
        tags: figures.tags.iter().filter_map(tag).collect(),
    }
}

impl From<&Sums> for SumsView {
    fn from(it: &Sums) -> Self {
        let Answers { good, okay, bad } = it.answers;
        Self {
            opened: it.opened,
            resolved: it.resolved,
            reopened: it.reopened,
            replies: it.replies,
            assigned: it.assigned,
            open_now: it.open_now,
            replies_to_resolution: it.replies_to_resolution,
            replies_per_resolution: it.replies_per_resolution(),
            first_reply: (&it.first_reply).into(),
            resolution: (&it.resolution).into(),
            satisfaction: Satisfaction { good, okay, bad },
        }
    }
}

impl From<&Took> for TookView {
    fn from(it: &Took) -> Self {
        Self {
            tickets: it.wall.count,
            median_business_minutes: minutes(it.business.median),
            ninety_business_minutes: minutes(it.business.ninety),
            median_minutes: minutes(it.wall.median),
            ninety_minutes: minutes(it.wall.ninety),
            within_target: it.within.kept,
            with_target: it.within.of,
        }
    }
}

impl From<&DayFigures> for DayView {
    fn from(it: &DayFigures) -> Self {
        let DayFigures { date, opened, reopened, resolved, open, in_progress, ages } = *it;
        let ages = AGES.iter().zip(ages).map(|((age, _), tickets)| Age { age, tickets }).collect();
        Self { date, opened, reopened, resolved, open, in_progress, ages }
    }
}

impl From<&StepFigures> for StepView {
    fn from(it: &StepFigures) -> Self {
        Self { first: it.first, first_reply: (&it.first_reply).into(), resolution: (&it.resolution).into() }
    }
}
