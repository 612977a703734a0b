//! The help of the keyboard. It says the same on nearly every page, and is drawn once.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    panel::{Panel, assets, navigation::Navigation},
    templates::TemplateError,
};

/// What it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Keyboard {
    v: &'static str,
    /// `on`, or `off` where single keys do nothing.
    keys: &'static str,
    views: Vec<GoTo>,
}

/// A queue and the key that leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
struct GoTo {
    name: &'static str,
    go: &'static str,
}

impl Keyboard {
    pub fn of(keys: &'static str, navigation: &Navigation) -> Self {
        let views = navigation.keys().map(|(name, go)| GoTo { name, go }).collect();
        Self { v: &assets::VERSION, keys, views }
    }

    /// As HTML.
    pub fn draw(&self, panel: &Panel) -> Result<Arc<str>, TemplateError> {
        let templates = &panel.desk.templates;
        panel.pieces.keyboards.of(templates, self, |it| templates.render("parts/keys.html", it))
    }
}
