//! An authorisation server (RFC 6749, 7636) that checks everything it is sent, and takes each refresh token once.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{Form, Router, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use data_encoding::BASE64URL_NOPAD;
use maildesk::desk::oauth::{ClientAuthentication, Flow, OAuthClient, Provider};
use tokio::{net::TcpListener, task::JoinHandle};

pub const CLIENT: &str = "desk";
pub const SECRET: &str = "s3cret-of-the-application";

/// A running one; ends when it is dropped.
pub struct AuthorisationServer {
    pub addr: SocketAddr,
    books: Arc<Mutex<Books>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Books {
    made: usize,
    given: Vec<String>,
    /// Code to challenge and redirect address.
    codes: BTreeMap<String, (String, String)>,
    refresh_tokens: BTreeSet<String>,
    used: BTreeSet<String>,
    access_tokens: BTreeSet<String>,
    renewals: usize,
    account: String,
    seconds: u64,
    gives_refresh_tokens: bool,
    refusal: Option<(u16, String)>,
    /// What makes an access token of its life in seconds and its number.
    made_by: Option<TokenMaker>,
}

type TokenMaker = Box<dyn Fn(u64, usize) -> String + Send>;

impl AuthorisationServer {
    pub async fn start() -> Self {
        let books = Books { account: "support@desk.test".to_owned(), seconds: 3600, gives_refresh_tokens: true, ..Books::default() };
        let books = Arc::new(Mutex::new(books));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let router = Router::new().route("/token", post(token)).with_state(books.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { addr, books, task }
    }

    /// The application as it is registered here, for a mailbox.
    pub fn client(&self, provider: Provider, flow: Flow) -> OAuthClient {
        OAuthClient {
            provider,
            flow,
            client_id: CLIENT.to_owned(),
            client_secret: Some(SECRET.into()),
            client_secret_expires: None,
            client_authentication: ClientAuthentication::Post,
            authorize_url: (flow == Flow::Code).then(|| format!("http://{}/authorize", self.addr).parse().unwrap()),
            token_url: format!("http://{}/token", self.addr).parse().unwrap(),
            scope: "mail offline_access".to_owned(),
            user: "support@desk.test".to_owned(),
            ca_file: None,
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// A person goes to this address and agrees; where their browser is sent back to: path and query.
    pub fn agree(&self, address: &str) -> String {
        let query = address.strip_prefix(&format!("http://{}/authorize?", self.addr)).expect("the address is that of this server");
        let fields: BTreeMap<String, String> =
            query.split('&').map(|it| it.split_once('=').unwrap()).map(|(k, v)| (k.to_owned(), plain(v))).collect();
        assert_eq!((fields["response_type"].as_str(), fields["client_id"].as_str()), ("code", CLIENT));
        assert_eq!((fields["scope"].as_str(), fields["code_challenge_method"].as_str()), ("mail offline_access", "S256"));
        assert!(fields["state"].len() >= 43 && fields["code_challenge"].len() == 43, "{fields:?}");
        let mut books = self.books();
        let code = books.make("code");
        books.codes.insert(code.clone(), (fields["code_challenge"].clone(), fields["redirect_uri"].clone()));
        let back = fields["redirect_uri"].split_once("://").unwrap().1;
        format!("{}?code={code}&state={}", &back[back.find('/').unwrap()..], fields["state"])
    }

    /// Whether a mail server would take this access token.
    pub fn takes(&self, token: &str) -> bool {
        self.books().access_tokens.contains(token)
    }

    /// How many tokens were given for a refresh token, or to the application itself.
    pub fn renewals(&self) -> usize {
        self.books().renewals
    }

    /// From now on, everybody who agrees is this one.
    pub fn signs_in_as(&self, account: &str) {
        self.books().account = account.to_owned();
    }

    pub fn gives_no_refresh_token(&self) {
        self.books().gives_refresh_tokens = false;
    }

    /// Answers so from now on; none: as it should.
    pub fn answers(&self, with: Option<(u16, &str)>) {
        self.books().refusal = with.map(|(status, body)| (status, body.to_owned()));
    }

    /// From now on, access tokens are good for so many seconds.
    pub fn lasts(&self, seconds: u64) {
        self.books().seconds = seconds;
    }

    /// From now on, access tokens are made so, of their life in seconds and a number, and are good for so long.
    pub fn makes_tokens(&self, seconds: u64, by: impl Fn(u64, usize) -> String + Send + 'static) {
        let mut books = self.books();
        books.seconds = seconds;
        books.made_by = Some(Box::new(by));
    }

    /// Every code, token and refresh token that was given, and every verifier that came: what no log may say.
    pub fn gave(&self) -> Vec<String> {
        self.books().given.clone()
    }

    /// The person takes their consent back.
    pub fn withdraw(&self) {
        let mut books = self.books();
        books.refresh_tokens.clear();
        books.access_tokens.clear();
    }
}

impl Drop for AuthorisationServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Books {
    fn make(&mut self, what: &str) -> String {
        self.made += 1;
        let made = match &self.made_by {
            Some(by) if what == "access" => by(self.seconds, self.made),
            Some(_) | None => format!("{what}-s3cret-{}", self.made),
        };
        self.given.push(made.clone());
        made
    }

    fn answer(&mut self, fields: &BTreeMap<String, String>) -> Result<String, (u16, &'static str)> {
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        if (field("client_id"), field("client_secret")) != (CLIENT, SECRET) {
            return Err((401, "invalid_client"));
        }
        if !field("code_verifier").is_empty() {
            self.given.push(field("code_verifier").to_owned());
        }
        match field("grant_type") {
            "authorization_code" => {
                let (challenge, redirect) = self.codes.remove(field("code")).ok_or((400, "invalid_grant"))?;
                let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, field("code_verifier").as_bytes());
                if BASE64URL_NOPAD.encode(digest.as_ref()) != challenge || field("redirect_uri") != redirect {
                    return Err((400, "invalid_grant"));
                }
            }
            "refresh_token" => {
                let token = field("refresh_token").to_owned();
                if self.used.contains(&token) {
                    // Somebody has a copy: nobody is believed any more (RFC 9700 §4.14.2).
                    self.refresh_tokens.clear();
                }
                if !self.refresh_tokens.remove(&token) {
                    return Err((400, "invalid_grant"));
                }
                self.used.insert(token);
                self.renewals += 1;
            }
            "client_credentials" if field("scope") == "mail offline_access" => {
                self.renewals += 1;
                let access = self.make("access");
                self.access_tokens = BTreeSet::from([access.clone()]);
                return Ok(format!(r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":{}}}"#, self.seconds));
            }
            _ => return Err((400, "unsupported_grant_type")),
        }
        let access = self.make("access");
        self.access_tokens.insert(access.clone());
        let refresh = if self.gives_refresh_tokens { self.make("refresh") } else { String::new() };
        self.refresh_tokens.insert(refresh.clone());
        let id = BASE64URL_NOPAD.encode(format!(r#"{{"aud":"{CLIENT}","email":"{}"}}"#, self.account).as_bytes());
        Ok(format!(
            r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":{},"refresh_token":"{refresh}","id_token":"h.{id}.s"}}"#,
            self.seconds
        ))
    }
}

async fn token(State(books): State<Arc<Mutex<Books>>>, Form(fields): Form<BTreeMap<String, String>>) -> impl IntoResponse {
    // Slow enough for two who ask at once to meet.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let mut books = books.lock().unwrap();
    let (status, body) = match books.refusal.clone() {
        Some(refusal) => refusal,
        None => match books.answer(&fields) {
            Ok(body) => (200, body),
            Err((status, error)) => (status, format!(r#"{{"error":"{error}","error_description":"as the test wants it"}}"#)),
        },
    };
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body)
}

/// A value of a query as it was before it was encoded.
fn plain(encoded: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).unwrap()
}
