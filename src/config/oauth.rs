//! `[mailbox.oauth]`: the application that asks for access tokens, in place of passwords.

use jiff::civil::Date;

use super::{
    section::{Noted, Refusal, Section, unreadable},
    source::Value,
    value::{parsed, text, word},
};
use crate::desk::oauth::{ClientAuthentication, Flow, OAuthClient, Preset, Provider, WebAddress};

/// What the section says, and what its provider is known for.
pub(super) struct Read {
    /// As whom nobody signs in yet: `imap.user` says that.
    pub client: OAuthClient,
    pub preset: Option<Preset>,
}

const SEE: &str = "see the page on Google and Microsoft 365 in deploy/README.md";

/// None: there is no such section, or nothing in it.
pub(super) fn read(mut oauth: Section<'_>) -> Result<Option<Read>, Noted> {
    // Every key is asked for, whatever is missing: all faults are told at once.
    let provider = oauth.optional("provider", word(Provider::WORDS));
    let flow = oauth.optional("flow", word(Flow::WORDS));
    let tenant = oauth.optional("tenant", tenant);
    let client_id = oauth.optional("client_id", visible);
    let client_secret = oauth.secret("client_secret");
    let client_secret_expires = oauth.optional("client_secret_expires", day);
    let client_authentication = oauth.or("client_authentication", ClientAuthentication::Post, word(ClientAuthentication::WORDS));
    let authorize_url = oauth.optional("authorize_url", parsed::<WebAddress>);
    let token_url = oauth.optional("token_url", parsed::<WebAddress>);
    let scope = oauth.optional("scope", visible);
    let ca_file = oauth.path("ca_file");
    if let Some(why) = ca_file.as_ref().and_then(|it| std::fs::File::open(it).err().map(|why| unreadable(it, &why))) {
        oauth.at_odds(&format!("ca_file {why}"));
    }
    let client_secret = client_secret?;
    if provider.is_none() && client_id.is_none() && client_secret.is_none() && token_url.is_none() {
        oauth.finish();
        return Ok(None);
    }
    let Some(provider) = provider else {
        return Err(oauth.missing("provider", "write \"google\", \"microsoft\" or \"other\""));
    };
    let flow = flow.unwrap_or(Flow::Code);
    fits(&mut oauth, provider, flow, tenant.as_deref(), client_secret.is_some())?;
    let client_id = client_id.ok_or_else(|| oauth.missing("client_id", &format!("register an application; {SEE}")))?;
    let preset = provider.preset(flow, tenant.as_deref().unwrap_or_default());
    let known = |url: fn(&Preset) -> &str| preset.as_ref().and_then(|it| url(it).parse().ok());
    let authorize_url =
        match flow {
            Flow::Code => Some(authorize_url.or_else(|| known(|it| &it.authorize_url)).ok_or_else(|| {
                oauth.missing("authorize_url", "write where a person agrees: https://login.example.com/oauth2/authorize")
            })?),
            Flow::ClientCredentials => None,
        };
    let token_url = token_url
        .or_else(|| known(|it| &it.token_url))
        .ok_or_else(|| oauth.missing("token_url", "write where tokens are given: https://login.example.com/oauth2/token"))?;
    let scope = scope
        .or_else(|| preset.as_ref().map(|it| it.scope.to_owned()))
        .ok_or_else(|| oauth.missing("scope", "write what lets a token read and send mail, and offline_access where it is called so"))?;
    oauth.finish();
    let user = String::new();
    let client = OAuthClient {
        provider,
        flow,
        client_id,
        client_secret,
        client_secret_expires,
        client_authentication,
        authorize_url,
        token_url,
        scope,
        user,
        ca_file,
    };
    Ok(Some(Read { client, preset }))
}

/// What of a section goes with its provider.
fn fits(oauth: &mut Section<'_>, provider: Provider, flow: Flow, tenant: Option<&str>, secret: bool) -> Result<(), Noted> {
    match (provider, tenant) {
        (Provider::Microsoft, None) => {
            return Err(oauth.missing("tenant", "write the id of your directory or its domain; \"consumers\" for Outlook.com"));
        }
        (Provider::Google | Provider::Other, Some(_)) => return Err(oauth.at_odds("tenant is Microsoft’s; leave it out")),
        (Provider::Microsoft, Some(_)) | (Provider::Google | Provider::Other, None) => (),
    }
    match (provider, flow, secret) {
        (Provider::Google, Flow::ClientCredentials, _) => {
            Err(oauth.at_odds("flow = \"client_credentials\" is not to be had at Google for mail; leave flow out and connect in the panel"))
        }
        (Provider::Other, Flow::Code, false) => Ok(()),
        (_, _, false) => {
            let mend =
                format!("write it there, name a file that holds it in client_secret_file, or set {}", oauth.variable("client_secret"));
            Err(oauth.missing("client_secret", &mend))
        }
        (_, _, true) => Ok(()),
    }
}

fn tenant(value: &Value) -> Result<String, Refusal> {
    let tenant = text(value)?;
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if tenant.chars().all(good) { Ok(tenant) } else { Err("is neither an id nor a domain".to_owned()) }
}

fn visible(value: &Value) -> Result<String, Refusal> {
    let text = text(value)?.trim().to_owned();
    if text.chars().all(|c| c.is_ascii_graphic() || c == ' ') { Ok(text) } else { Err("holds letters outside ASCII".to_owned()) }
}

fn day(value: &Value) -> Result<Date, Refusal> {
    text(value)?.trim().parse().map_err(|_| "is not a day such as \"2027-06-30\"".to_owned())
}
