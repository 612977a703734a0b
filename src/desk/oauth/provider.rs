//! The providers that maildesk knows by heart: where they are asked, for what, and where their mail servers are.

use crate::desk::mailbox::Tls;

/// Who keeps the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Gmail and Google Workspace.
    Google,
    /// Microsoft 365 and Outlook.com.
    Microsoft,
    /// Any other authorisation server: everything is written down.
    Other,
}

/// How an access token is come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Somebody who has the mailbox agrees once, in the browser (RFC 6749 §4.1, with RFC 7636).
    Code,
    /// The application signs in as itself (RFC 6749 §4.4).
    ClientCredentials,
}

/// A mail server as a provider runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub host: &'static str,
    /// Its port.
    pub port: u16,
    /// How its connections are protected.
    pub tls: Tls,
}

/// What holds for a provider where the configuration says no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Where a person agrees.
    pub authorize_url: String,
    /// Where tokens are given.
    pub token_url: String,
    /// What is asked for; words between spaces.
    pub scope: &'static str,
    /// Where mail is taken from.
    pub imap: Place,
    /// Where mail is given to.
    pub smtp: Place,
}

impl Provider {
    /// As the configuration writes them.
    pub const WORDS: &[(&str, Self)] = &[("google", Self::Google), ("microsoft", Self::Microsoft), ("other", Self::Other)];

    /// As people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Microsoft => "Microsoft",
            Self::Other => "the authorisation server",
        }
    }

    /// What is known of it; `tenant` is Microsoft's: `common`, a domain or an id.
    ///
    /// Google: developers.google.com, “OAuth 2.0 for Web Server Applications” and “IMAP, POP, and SMTP”. Microsoft:
    /// learn.microsoft.com, “Authenticate an IMAP, POP or SMTP connection using OAuth”. `openid` and `email` tell whose mailbox it is.
    #[must_use]
    pub fn preset(self, flow: Flow, tenant: &str) -> Option<Preset> {
        let (implicit, starttls) = (Tls::Implicit, Tls::StartTls);
        match self {
            Self::Google => Some(Preset {
                authorize_url: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
                token_url: "https://oauth2.googleapis.com/token".to_owned(),
                scope: "https://mail.google.com/ openid email",
                imap: Place { host: "imap.gmail.com", port: 993, tls: implicit },
                smtp: Place { host: "smtp.gmail.com", port: 465, tls: implicit },
            }),
            Self::Microsoft => Some(Preset {
                authorize_url: format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize"),
                token_url: format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"),
                scope: match flow {
                    Flow::Code => {
                        "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access openid email profile"
                    }
                    Flow::ClientCredentials => "https://outlook.office365.com/.default",
                },
                imap: Place { host: "outlook.office365.com", port: 993, tls: implicit },
                smtp: Place { host: "smtp.office365.com", port: 587, tls: starttls },
            }),
            Self::Other => None,
        }
    }

    /// What else is said when a person is asked: without it, Google gives no refresh token to somebody who has agreed before, and both
    /// would go on with whichever account the browser is signed in to.
    #[must_use]
    pub fn asks_with(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Google => &[("access_type", "offline"), ("prompt", "consent select_account")],
            Self::Microsoft => &[("prompt", "select_account")],
            Self::Other => &[],
        }
    }
}

impl Flow {
    /// As the configuration writes them.
    pub const WORDS: &[(&str, Self)] = &[("code", Self::Code), ("client_credentials", Self::ClientCredentials)];
}
