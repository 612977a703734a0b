//! Rules about mail: the list, and the form of one.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;

use crate::{
    actions::{
        ActionError, Kind,
        rules::{self as actions, Step, TRIED_ON},
    },
    desk::{
        id::RuleId,
        rule::{After, Condition, Deed, Field, How, MOST_LINES, Need, Rule, When},
        ticket::Priority,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        settings::{self, Tab},
        url::Path,
        visitor::{Admin, Visitor},
        words::Choice,
    },
    store::{
        people,
        rules::{self, RuleRow, Switch},
    },
};

const HERE: &str = "/settings/rules";

#[derive(Serialize)]
struct ListPage {
    rules: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    when: &'static str,
    conditions: String,
    deeds: String,
    stop: bool,
    on: bool,
    first: bool,
    last: bool,
}

#[derive(Serialize)]
struct FormPage {
    /// None: a new one.
    id: Option<i64>,
    name: String,
    when: &'static str,
    need: &'static str,
    after: &'static str,
    conditions: Vec<Line>,
    assign: String,
    priority: String,
    tags: String,
    stop: &'static str,
    whens: Vec<Choice>,
    needs: Vec<Choice>,
    afters: Vec<Choice>,
    fields: Vec<Choice>,
    hows: Vec<Choice>,
    helpers: Vec<Choice>,
    priorities: Vec<Choice>,
    err_field: &'static str,
    err: Option<String>,
    tried: Option<String>,
    examples: Vec<String>,
}

#[derive(Default, Serialize)]
struct Line {
    field: &'static str,
    header: String,
    how: &'static str,
    text: String,
}

/// `GET /settings/rules`.
pub(super) async fn list(State(panel): State<Panel>, Admin(visitor): Admin) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let all = rules::all(&mut conn).await?;
    let mut rows = Vec::with_capacity(all.len());
    for (at, row) in all.iter().enumerate() {
        let mut deeds = Vec::new();
        for deed in &row.rule.deeds {
            deeds.push(match deed {
                Deed::Assign(_) => {
                    let to = match deed.assignee() {
                        Some(to) => people::get(&mut conn, to).await?,
                        None => None,
                    };
                    format!("assign to {}", to.map_or_else(|| "somebody who is gone".to_owned(), |it| it.name))
                }
                Deed::Priority(word) => format!("priority {}", deed.priority().map_or_else(|| word.clone(), |it| it.title().to_owned())),
                Deed::Tag(name) => format!("tag {name}"),
                Deed::Hold => "hold it".to_owned(),
                Deed::Discard => "discard it".to_owned(),
            });
        }
        rows.push(Row {
            id: row.id.0,
            name: row.name.clone(),
            when: row.rule.when.title(),
            conditions: row.rule.in_words(),
            deeds: deeds.join(", "),
            stop: row.rule.after == After::Stop,
            on: row.on == Switch::On,
            first: at == 0,
            last: at + 1 == all.len(),
        });
    }
    drop(conn);
    settings::show(&panel, &visitor, Tab::Rules, "settings-rules.html", &ListPage { rules: rows }, None).await
}

/// `POST /settings/rules`: one rule as a whole.
pub(super) async fn step(State(panel): State<Panel>, Admin(visitor): Admin, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["do", "id"])?;
    let (step, told) = match fields.get("do") {
        "on" => (Step::SwitchOn, "It is asked from now on."),
        "off" => (Step::SwitchOff, "It is not asked any more. What it did stays."),
        "up" => (Step::Up, "Moved up."),
        "down" => (Step::Down, "Moved down."),
        "delete" => (Step::Delete, "Deleted. What it did stays."),
        _ => return Err(PageError::Invalid("The form does not say what to do.".to_owned())),
    };
    actions::step(&panel.desk, &visitor.person, RuleId(fields.number("id")?), step).await?;
    Ok(page::go(&panel, &visitor, HERE, &Flash::done(told)))
}

/// What is told besides the form itself.
#[derive(Default)]
struct Told {
    err: Option<(&'static str, String)>,
    tried: Option<actions::Tried>,
}

/// `GET /settings/rules/new`.
pub(super) async fn new(State(panel): State<Panel>, Admin(visitor): Admin) -> Result<Response, PageError> {
    let empty = Rule { when: When::New, need: Need::All, conditions: Vec::new(), deeds: Vec::new(), after: After::GoOn };
    draw(&panel, &visitor, None, "", &empty, Told::default()).await
}

/// `GET /settings/rules/{id}`.
pub(super) async fn edit(State(panel): State<Panel>, Admin(visitor): Admin, Path(id): Path<i64>) -> Result<Response, PageError> {
    let row: Option<RuleRow> = rules::all(&mut *panel.desk.store.read().await?).await?.into_iter().find(|it| it.id.0 == id);
    let row = row.ok_or(PageError::Missing)?;
    draw(&panel, &visitor, Some(row.id), &row.name, &row.rule, Told::default()).await
}

/// `POST /settings/rules/new`.
pub(super) async fn add(State(panel): State<Panel>, Admin(visitor): Admin, fields: Fields) -> Result<Response, PageError> {
    save(&panel, &visitor, None, &fields).await
}

/// `POST /settings/rules/{id}`.
pub(super) async fn change(
    State(panel): State<Panel>,
    Admin(visitor): Admin,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    save(&panel, &visitor, Some(RuleId(id)), &fields).await
}

async fn save(panel: &Panel, visitor: &Visitor, id: Option<RuleId>, fields: &Fields) -> Result<Response, PageError> {
    fields.only(&["do", "name", "when", "need", "after", "field", "header", "how", "text", "assign", "priority", "tags", "stop"])?;
    let (name, rule) = (fields.get("name"), typed(fields)?);
    let done = match fields.get("do") {
        "try" => match rule.check(if name.is_empty() { "tried" } else { name }) {
            Ok(()) => {
                let tried = actions::try_on_existing(&panel.desk, &visitor.person, &rule).await?;
                return draw(panel, visitor, id, name, &rule, Told { tried: Some(tried), err: None }).await;
            }
            Err((field, why)) => Err(ActionError::Invalid { field, why }),
        },
        "save" => actions::save(&panel.desk, &visitor.person, id, name, &rule).await,
        _ => return Err(PageError::Invalid("The form does not say what to do.".to_owned())),
    };
    match done {
        Ok(_) => Ok(page::go(panel, visitor, HERE, &Flash::done("Saved. It is asked of mail that arrives from now on."))),
        Err(ActionError::Invalid { field, why }) => {
            draw(panel, visitor, id, name, &rule, Told { err: Some((field, sentence(&why))), tried: None }).await
        }
        Err(error) if error.kind() == Kind::Conflict => Ok(page::go(panel, visitor, HERE, &Flash::refused(sentence(&error)))),
        Err(error) => Err(error.into()),
    }
}

/// The rule of a form; lines without a text are none.
fn typed(fields: &Fields) -> Result<Rule, PageError> {
    let odd = || PageError::Invalid("The form is not one of this page.".to_owned());
    let lines = fields.all("field").zip(fields.all("header")).zip(fields.all("how")).zip(fields.all("text"));
    let mut conditions = Vec::new();
    for (((field, header), how), text) in lines.take(MOST_LINES + 1).filter(|(_, text)| !text.is_empty()) {
        let (field, how) = (Field::parse(field).ok_or_else(odd)?, How::parse(how).ok_or_else(odd)?);
        let header = if field == Field::Header { header.trim_end_matches(':').to_owned() } else { String::new() };
        conditions.push(Condition { field, header, how, text: text.to_owned() });
    }
    let mut deeds = Vec::new();
    if let Some(to) = fields.given("assign") {
        deeds.push(Deed::Assign(to.parse().map_err(|_| odd())?));
    }
    if let Some(to) = fields.given("priority") {
        deeds.push(Deed::Priority(to.to_owned()));
    }
    let tags = fields.get("tags").split(',').map(str::trim).filter(|it| !it.is_empty());
    deeds.extend(tags.take(MOST_LINES).map(|it| Deed::Tag(it.to_owned())));
    match fields.get("stop") {
        "hold" => deeds.push(Deed::Hold),
        "discard" => deeds.push(Deed::Discard),
        _ => {}
    }
    Ok(Rule {
        when: When::parse(fields.get("when")).ok_or_else(odd)?,
        need: Need::parse(fields.get("need")).ok_or_else(odd)?,
        after: After::parse(fields.get("after")).ok_or_else(odd)?,
        conditions,
        deeds,
    })
}

async fn draw(panel: &Panel, visitor: &Visitor, id: Option<RuleId>, name: &str, rule: &Rule, told: Told) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let staff = people::active_staff(&mut conn).await?;
    // Whoever is away is still whom the rule names, until somebody chooses another.
    let gone = match rule.deeds.iter().find_map(Deed::assignee).filter(|to| staff.iter().all(|it| it.id != *to)) {
        Some(to) => people::get(&mut conn, to).await?.map(|it| Choice::new(it.id.to_string(), format!("{} (disabled)", it.name))),
        None => None,
    };
    drop(conn);
    let line = |it: &Condition| Line { field: it.field.as_str(), header: it.header.clone(), how: it.how.as_str(), text: it.text.clone() };
    let mut conditions: Vec<Line> = rule.conditions.iter().map(line).collect();
    let room = (conditions.len() + 2).clamp(3, MOST_LINES.max(conditions.len()));
    conditions.resize_with(room, || Line { field: "subject", how: "contains", ..Line::default() });
    let (err_field, err) = told.err.map_or(("", None), |(field, why)| (field, Some(why)));
    let own = FormPage {
        id: id.map(|it| it.0),
        name: name.to_owned(),
        when: rule.when.as_str(),
        need: rule.need.as_str(),
        after: rule.after.as_str(),
        conditions,
        assign: rule.deeds.iter().find_map(Deed::assignee).map_or_else(String::new, |it| it.to_string()),
        priority: rule.deeds.iter().find_map(Deed::priority).map_or_else(String::new, |it| it.as_str().to_owned()),
        tags: rule
            .deeds
            .iter()
            .filter_map(|it| if let Deed::Tag(name) = it { Some(name.as_str()) } else { None })
            .collect::<Vec<_>>()
            .join(", "),
        stop: rule
            .deeds
            .iter()
            .find_map(|it| match it {
                Deed::Hold => Some("hold"),
                Deed::Discard => Some("discard"),
                Deed::Assign(_) | Deed::Priority(_) | Deed::Tag(_) => None,
            })
            .unwrap_or_default(),
        whens: choices(When::ALL),
        needs: choices(Need::ALL),
        afters: choices(After::ALL),
        fields: choices(Field::ALL),
        hows: choices(How::ALL),
        helpers: staff.iter().map(|it| Choice::new(it.id.to_string(), it.name.clone())).chain(gone).collect(),
        priorities: Priority::ALL.into_iter().map(|it| Choice::new(it.as_str(), it.title())).collect(),
        err_field,
        tried: told
            .tried
            .as_ref()
            .map(|it| format!("It would have held for {} of the last {} messages ({TRIED_ON} at most are tried).", it.held_for, it.of)),
        examples: told.tried.map(|it| it.examples).unwrap_or_default(),
        err,
    };
    let refused = own.err.is_some();
    let mut response = settings::show(panel, visitor, Tab::Rules, "settings-rule.html", &own, None).await?;
    if refused {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

fn choices<T>(all: &[(T, &'static str, &'static str)]) -> Vec<Choice> {
    all.iter().map(|(_, word, title)| Choice::new(*word, *title)).collect()
}
