//! How the panel looks and answers to somebody, as they chose it.

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the system.
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

impl Theme {
    /// As stored and as forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// The word of [`Theme::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::System, Self::Dark, Self::Light].into_iter().find(|it| it.as_str() == word)
    }
}

/// How much is on a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Density {
    /// Rows of a thumb's height.
    Comfortable,
    /// A third more of them.
    Compact,
}

impl Density {
    /// As stored and as forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Comfortable => "comfortable",
            Self::Compact => "compact",
        }
    }

    /// The word of [`Density::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Comfortable, Self::Compact].into_iter().find(|it| it.as_str() == word)
    }
}

/// Whether single keys do something (WCAG 2.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// They do.
    On,
    /// They do nothing: for whoever uses speech input, or types by accident.
    Off,
}

impl Keys {
    /// As stored and as pages say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// The word of [`Keys::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::On, Self::Off].into_iter().find(|it| it.as_str() == word)
    }
}

/// All of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Light or dark.
    pub theme: Theme,
    /// How much is on a screen.
    pub density: Density,
    /// Whether single keys do something.
    pub keys: Keys,
}

impl Look {
    /// Of whoever has not chosen, or is not known yet.
    pub const PLAIN: Self = Self { theme: Theme::System, density: Density::Comfortable, keys: Keys::On };
}
