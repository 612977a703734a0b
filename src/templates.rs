//! One environment for the templates of pages and mail: `templates/`, in the binary.
//!
//! A debug build reads them from the source folder at each rendering, so that a changed template shows on reload.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use minijinja::{
    Environment, HtmlEscape, State, UndefinedBehavior,
    value::{Serde, Value},
};

use crate::desk::{id::MailboxId, mail_kind::MailKind};

pub mod own;
use own::{OwnMail, Part, Wrong};

/// A template is missing or wrong, or lacks a value: a fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("template {name}: {why}")]
pub struct TemplateError {
    /// Which.
    pub name: String,
    /// Where and why.
    pub why: Box<dyn std::error::Error + Send + Sync>,
}

/// Every template there is.
#[derive(Debug)]
pub struct Templates {
    embedded: Environment<'static>,
    own: RwLock<Arc<OwnMails>>,
}

/// Mail in the desk's own words: of one mailbox, or (none) of all that have none of their own.
pub type OwnMails = HashMap<(&'static str, Option<MailboxId>), OwnMail>;

impl Default for Templates {
    fn default() -> Self {
        Self::new()
    }
}

impl Templates {
    /// Reads those in the binary.
    #[must_use]
    pub fn new() -> Self {
        let mut embedded = environment();
        minijinja_embed::load_templates!(embedded);
        Self { embedded, own: RwLock::default() }
    }

    /// From now on these are sent in the place of what is shipped.
    pub fn set_own(&self, own: OwnMails) {
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(own);
    }

    /// What is sent in the place of what is shipped, of exactly this mailbox or of all.
    #[must_use]
    pub fn own_mail(&self, kind: MailKind, mailbox: Option<MailboxId>) -> Option<OwnMail> {
        self.owns().get(&(kind.as_str(), mailbox)).cloned()
    }

    /// What a mailbox sends in the place of what is shipped, and whose that is.
    #[must_use]
    pub fn sent_by(&self, kind: &'static str, mailbox: MailboxId) -> Option<(Option<MailboxId>, OwnMail)> {
        let own = self.owns();
        [Some(mailbox), None].into_iter().find_map(|it| Some((it, own.get(&(kind, it))?.clone())))
    }

    fn owns(&self) -> Arc<OwnMails> {
        self.own.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A mail as it is shipped.
    #[must_use]
    pub fn shipped_mail(&self, kind: MailKind) -> OwnMail {
        let source = |part: Part| self.source(&format!("mail/{}/{}", kind.as_str(), part.file())).unwrap_or_default();
        OwnMail { subject: source(Part::Subject).trim().to_owned(), text: source(Part::Text), html: source(Part::Html) }
    }

    fn source(&self, name: &str) -> Option<String> {
        let source = |of: &Environment<'_>| of.get_template(name).ok().map(|it| it.source().to_owned());
        changed().map_or_else(|| source(&self.embedded), |it| source(&it))
    }

    /// Fills in one part of a mail in somebody's own words, with bounds on work and on what comes out.
    ///
    /// # Errors
    /// Why it cannot be used, in words.
    pub fn render_own(&self, own: &OwnMail, part: Part, values: &impl serde::Serialize) -> Result<String, Wrong> {
        let shipped: HashMap<String, String> = self.shared_parts();
        own::render(own, part, &Value::from(Serde(values)), move |name| shipped.get(name).cloned())
    }

    /// The parts that mail is made of: `mail/_mail.html` and the like.
    fn shared_parts(&self) -> HashMap<String, String> {
        let names = self.embedded.templates().map(|(name, _)| name.to_owned());
        let parts = names.filter(|it| it.starts_with("mail/") && it.rsplit('/').next().is_some_and(|it| it.starts_with('_')));
        parts.filter_map(|it| Some((it.clone(), self.source(&it)?))).collect()
    }

    /// Whether a template may be another at the next rendering.
    #[must_use]
    pub fn may_change(&self) -> bool {
        source_folder().is_some()
    }

    /// Fills in `name`, such as `login.html` or `mail/receipt/body.txt`, with the fields of `values`. What goes into an
    /// `.html` is escaped.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn render(&self, name: &str, values: &impl serde::Serialize) -> Result<String, TemplateError> {
        let values = Value::from(Serde(values));
        let rendered = match changed() {
            Some(source) => source.get_template(name).and_then(|it| it.render(values)),
            None => self.embedded.get_template(name).and_then(|it| it.render(values)),
        };
        rendered.map_err(|error| TemplateError { name: name.to_owned(), why: explained(error) })
    }
}

/// Those of the source folder, in a debug build that still has it.
fn changed() -> Option<Environment<'static>> {
    let folder = source_folder()?;
    let mut environment = environment();
    environment.set_loader(minijinja::path_loader(folder));
    Some(environment)
}

fn source_folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    (cfg!(debug_assertions) && folder.is_dir()).then_some(folder)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.add_function("draw_icon", draw_icon);
    environment
}

/// `icon` of `parts/macros.html`. A page has a hundred of them, and a macro is ten times the work.
fn draw_icon(state: &State<'_, '_>, name: &str, class: Option<&str>) -> Value {
    let class = class.filter(|it| !it.is_empty()).map(|it| format!(" {it}")).unwrap_or_default();
    let version = state.lookup("v").unwrap_or_default();
    let escaped = |it: &str| HtmlEscape(it).to_string();
    Value::from_safe_string(format!(
        "<svg class=\"i{}\" aria-hidden=\"true\"><use href=\"/assets/icons.svg?v={}#i-{}\"/></svg>",
        escaped(&class),
        escaped(version.as_str().unwrap_or_default()),
        escaped(name),
    ))
}

/// minijinja tells the line of an included template only through the chain of causes.
fn explained(error: minijinja::Error) -> Box<dyn std::error::Error + Send + Sync> {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(because) = cause {
        text.push_str("; because ");
        text.push_str(&because.to_string());
        cause = because.source();
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_can_be_read() {
        let names: Vec<String> = Templates::new().embedded.templates().map(|(name, _)| name.to_owned()).collect();
        for name in names {
            Templates::new().embedded.get_template(&name).unwrap();
        }
    }

    #[test]
    fn what_goes_into_a_page_is_escaped_and_a_text_is_not() {
        let mut environment = environment();
        environment.add_template("a.html", "{{ x }}").unwrap();
        environment.add_template("a.txt", "{{ x }}").unwrap();
        let values = || Value::from(Serde(serde_json::json!({"x": "<b>&"})));
        assert_eq!(environment.get_template("a.html").unwrap().render(values()).unwrap(), "&lt;b&gt;&amp;");
        assert_eq!(environment.get_template("a.txt").unwrap().render(values()).unwrap(), "<b>&");
    }
}
