//! OAuth 2.0 (RFC 6749) in place of a password: whom a mailbox asks for tokens, the token it signs in with, and how that stands.

mod client;
mod current;
mod provider;
mod state;
mod web_address;

pub use self::{
    client::{ClientAuthentication, OAuthClient, form},
    current::{AccessToken, CurrentToken},
    provider::{Flow, Place, Preset, Provider},
    state::{Remedy, TokenFacts, TokenState, judge, secret_trouble},
    web_address::{NotAWebAddress, WebAddress},
};
