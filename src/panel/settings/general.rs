//! What the desk is called and how it works: each value that the configuration file leaves open.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;

use crate::{
    actions::{ActionError, Kind, settings as actions},
    desk::knob::{Form, Group, Knob},
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        settings::{self, Tab},
        visitor::{Admin, Visitor},
        words::Choice,
    },
};

const HERE: &str = "/settings/general";

#[derive(Serialize)]
struct Page {
    url: String,
    groups: Vec<Card>,
}

/// One form.
#[derive(Serialize)]
struct Card {
    key: &'static str,
    title: &'static str,
    about: &'static str,
    fields: Vec<Field>,
    /// Whether anything on it can be changed here.
    open: bool,
}

#[derive(Serialize)]
struct Field {
    key: &'static str,
    title: &'static str,
    hint: &'static str,
    value: String,
    /// As it is set now.
    was: String,
    /// None: a line of text.
    choices: Option<Vec<Choice>>,
    declared: bool,
    err: Option<String>,
}

/// What was typed and refused.
#[derive(Default)]
struct Refused<'f> {
    fields: Option<&'f Fields>,
    field: &'static str,
    why: String,
}

/// `GET /settings/general`.
pub(super) async fn show(State(panel): State<Panel>, Admin(visitor): Admin) -> Result<Response, PageError> {
    draw(&panel, &visitor, &Refused::default()).await
}

async fn draw(panel: &Panel, visitor: &Visitor, refused: &Refused<'_>) -> Result<Response, PageError> {
    let own = Page { url: panel.desk.url.to_string(), groups: Group::ALL.into_iter().map(|it| card(panel, it, refused)).collect() };
    let mut response = settings::show(panel, visitor, Tab::General, "settings-general.html", &own, None).await?;
    if refused.fields.is_some() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

fn card(panel: &Panel, group: Group, refused: &Refused<'_>) -> Card {
    let (title, about) = group.title();
    let typed = refused.fields.filter(|it| it.get("card") == group.as_str());
    let field = |knob: Knob| {
        let ((title, hint), key) = (knob.title(), knob.key());
        let declared = panel.desk.settings.is_declared(key);
        Field {
            key,
            title,
            hint: if declared { "Said in the configuration file, and changed there." } else { hint },
            value: typed.and_then(|it| it.all(key).next()).map_or_else(|| knob.get(&panel.desk.settings), str::to_owned),
            was: knob.get(&panel.desk.settings),
            choices: match knob.form() {
                Form::Line => None,
                Form::Words(words) => Some(words.iter().map(|(word, title)| Choice::new(*word, *title)).collect()),
            },
            declared,
            err: (typed.is_some() && refused.field == key).then(|| refused.why.clone()),
        }
    };
    let fields: Vec<Field> = Knob::ALL.into_iter().filter(|it| it.group() == group).map(field).collect();
    Card { key: group.as_str(), title, about, open: fields.iter().any(|it| !it.declared), fields }
}

/// `POST /settings/general`: one card.
pub(super) async fn change(State(panel): State<Panel>, Admin(visitor): Admin, fields: Fields) -> Result<Response, PageError> {
    let before = |it: Knob| format!("was-{}", it.key());
    let known: Vec<String> = Knob::ALL.into_iter().flat_map(|it| [it.key().to_owned(), before(it)]).chain(["card".to_owned()]).collect();
    fields.only(&known.iter().map(String::as_str).collect::<Vec<_>>())?;
    let Some(group) = Group::ALL.into_iter().find(|it| it.as_str() == fields.get("card")) else {
        return Err(PageError::Invalid("The form does not say what to save.".to_owned()));
    };
    let of_card = |it: &Knob| it.group() == group;
    let typed = |it: Knob| Some((it, fields.all(it.key()).next()?.to_owned()));
    // What was left as it stood on the page is not set: somebody else may have set it since.
    let touched = |(it, text): &(Knob, String)| fields.all(&before(*it)).next() != Some(text.as_str());
    let typed: Vec<(Knob, String)> = Knob::ALL.into_iter().filter(of_card).filter_map(typed).filter(touched).collect();
    match actions::choose(&panel.desk, &visitor.person, &typed).await {
        Ok(0) => Ok(page::go(&panel, &visitor, HERE, &Flash::done("Nothing was changed."))),
        Ok(_) => Ok(page::go(&panel, &visitor, HERE, &Flash::done("Saved. It counts from now on."))),
        Err(ActionError::Invalid { field, why }) => {
            draw(&panel, &visitor, &Refused { fields: Some(&fields), field, why: sentence(&why) }).await
        }
        Err(error) if error.kind() == Kind::Conflict => Ok(page::go(&panel, &visitor, HERE, &Flash::refused(sentence(&error)))),
        Err(error) => Err(error.into()),
    }
}
