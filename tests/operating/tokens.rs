//! A mailbox that signs in with OAuth 2.0: what `maildesk check` says of it, and the daemon from its first token to the mail that
//! waited for one.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use jiff::{ToSpan, Zoned};
use maildesk::desk::oauth::{Flow, OAuthClient, Provider};

use crate::{
    authorisation_server::{AuthorisationServer, CLIENT, SECRET},
    dovecot::{Dovecot, access_token},
    scripted::{Line, Scripted},
    shell::{ANY, NOBODY, Said, Shell},
    user::user,
    web::Web,
};

const SUPPORT: &str = "support@desk.test";

/// After healing, work resumes so soon without anybody's doing.
const HEALED_WITHIN: Duration = Duration::from_secs(60);

/// A configuration whose mailbox asks `server` for its tokens.
fn configuration(listen: &str, imap: u16, smtp: u16, client: &OAuthClient, more: &str) -> String {
    let (flow, url) = match client.flow {
        Flow::Code => ("code", format!("authorize_url = \"{}\"\n", client.authorize_url.as_ref().unwrap())),
        Flow::ClientCredentials => ("client_credentials", String::new()),
    };
    format!(
        "listen = \"{listen}\"\npublic_url = \"http://{NOBODY}\"\ndata_dir = \"data\"\n[desk]\nalarm_free = \"1MiB\"\n\
         [[mailbox]]\nname = \"support\"\naddress = \"{SUPPORT}\"\ntake_existing = \"all\"\n\
         first_connection = \"take\"\n\
         [mailbox.imap]\nhost = \"127.0.0.1\"\ntls = \"none\"\nport = {imap}\nuser = \"{SUPPORT}\"\n\
         [mailbox.smtp]\nhost = \"127.0.0.1\"\ntls = \"none\"\nport = {smtp}\n\
         [mailbox.oauth]\nprovider = \"other\"\nflow = \"{flow}\"\nclient_id = \"{CLIENT}\"\nclient_secret = \"{SECRET}\"\n{url}\
         token_url = \"{}\"\nscope = \"{}\"\n{more}",
        client.token_url, client.scope
    )
}

/// A server for outgoing mail that takes the tokens of an authorisation server, each message on a connection of its own.
struct Post {
    server: Scripted,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Post {
    async fn that_trusts(giver: &Arc<AuthorisationServer>) -> Self {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let (giver, kept) = (giver.clone(), taken.clone());
        let server = Scripted::play(move |line| one_message(line, giver.clone(), kept.clone())).await;
        Self { server, taken }
    }

    /// To whom messages went.
    fn told(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    fn port(&self) -> u16 {
        self.server.addr.port()
    }
}

async fn one_message(mut line: Line, giver: Arc<AuthorisationServer>, taken: Arc<Mutex<Vec<String>>>) {
    line.say("220 post ESMTP\r\n").await;
    let mut command = line.hear().await;
    while command.starts_with("EHLO") {
        line.say("250-post\r\n250-SIZE 10000000\r\n250 AUTH XOAUTH2\r\n").await;
        command = line.hear().await;
    }
    let Some(response) = command.strip_prefix("AUTH XOAUTH2 ") else { return };
    let said = String::from_utf8(BASE64.decode(response.as_bytes()).unwrap()).unwrap();
    let token = said.split("auth=Bearer ").nth(1).unwrap().split('\u{1}').next().unwrap();
    if !giver.takes(token) {
        line.say("334 eyJzdGF0dXMiOiI0MDAifQ==\r\n").await;
        line.hear().await;
        return line.say("535 5.7.8 the token is not good\r\n").await;
    }
    line.say("235 2.7.0 in\r\n").await;
    loop {
        let command = line.hear().await;
        match command.split([' ', ':']).next().unwrap_or_default() {
            "RCPT" => {
                let to = command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                line.say("250 ok\r\n").await;
                line.hear_until("DATA").await;
                line.say("354 go\r\n").await;
                line.hear_until(".").await;
                taken.lock().unwrap().push(to);
                return line.say("250 2.0.0 kept\r\n").await;
            }
            "" => return,
            _ => line.say("250 ok\r\n").await,
        }
    }
}

/// Who gives tokens that a Dovecot takes, for so many seconds each.
async fn giver(seconds: u64) -> Arc<AuthorisationServer> {
    let giver = AuthorisationServer::start().await;
    giver.makes_tokens(seconds, |seconds, number| access_token(SUPPORT, i64::try_from(seconds).unwrap(), number));
    Arc::new(giver)
}

/// A mailbox of a real Dovecot and of a post that trust one giver of tokens, and the daemon that reads it.
struct Scene {
    dovecot: Dovecot,
    giver: Arc<AuthorisationServer>,
    post: Post,
    shell: Shell,
    panel: String,
    daemon: Option<Child>,
}

impl Scene {
    async fn new(seconds: u64, flow: Flow, more: &str) -> Self {
        let giver = giver(seconds).await;
        let (dovecot, post) = (Dovecot::start(&[]), Post::that_trusts(&giver).await);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let client = giver.client(Provider::Other, flow);
        let written = configuration(&format!("127.0.0.1:{port}"), dovecot.imap_port, post.port(), &client, more);
        let panel = format!("http://127.0.0.1:{port}");
        let written = written.replace(&format!("http://{NOBODY}"), &panel);
        Self { dovecot, giver, post, shell: Shell::with(&written), panel, daemon: None }
    }

    fn serve(&mut self) {
        self.serve_that_logs("info");
    }

    fn serve_that_logs(&mut self, level: &str) {
        let log = fs::File::create(self.shell.path("log")).unwrap();
        let mut maildesk = Command::new(env!("CARGO_BIN_EXE_maildesk"));
        maildesk.args(["serve", "--config"]).arg(self.shell.path("maildesk.toml")).env("MAILDESK_LOG_LEVEL", level);
        self.daemon = Some(maildesk.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.shell.path("log")).unwrap_or_default()
    }

    fn write(&self, from: &str) {
        let mail = format!("From: {from}\r\nTo: {SUPPORT}\r\nSubject: hello\r\nMessage-ID: <{from}>\r\n\r\nwords\r\n");
        self.dovecot.deliver(SUPPORT, mail.as_bytes());
    }

    /// Nothing that opens a door is in the log, neither as it is nor as it is said to a mail server.
    fn log_keeps_secrets(&self) {
        let log = self.log();
        assert!(log.contains("TRACE"), "the log has nothing to hide\n{log}");
        for secret in self.giver.gave().into_iter().chain([SECRET.to_owned()]) {
            let said = BASE64.encode(format!("user={SUPPORT}\u{1}auth=Bearer {secret}\u{1}\u{1}").as_bytes());
            assert_eq!(log.lines().find(|it| it.contains(&secret) || it.contains(&said)), None, "{secret}");
        }
    }

    /// Waits until this one has a receipt; how long that took.
    async fn answered(&self, customer: &str, within: Duration) -> Duration {
        let began = Instant::now();
        while !self.post.told().iter().any(|it| it == customer) {
            assert!(began.elapsed() < within, "{customer} has no receipt after {within:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        began.elapsed()
    }

    /// Asks `maildesk healthz --ready` until its answer is what is waited for.
    async fn ready_says(&self, enough: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let said = tokio::task::block_in_place(|| self.shell.run_words(&["healthz", "--ready"])).text;
            if enough(&said) {
                return said;
            }
            assert!(began.elapsed() < HEALED_WITHIN, "{said}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn check(&self) -> Said {
        tokio::task::block_in_place(|| self.shell.run("check"))
    }

    fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().ok();
            daemon.wait().ok();
        }
    }

    /// Ada, signed in at the panel of the daemon.
    async fn ada(&self) -> Web {
        self.ready_says(|said| !said.contains("nothing answers") && !said.contains("Connection refused")).await;
        let words = ["add", "--role", "admin", "--name", "Ada", "--email", "ada@desk.test", "--password"];
        tokio::task::block_in_place(|| user(&self.shell, &words, "adas-quoh7Eeh0ahN\n"));
        let mut ada = Web::at(&self.panel);
        ada.sign_in("ada@desk.test", "adas-quoh7Eeh0ahN").await;
        ada
    }

    /// Ada connects the mailbox at the authorisation server and comes back.
    async fn connect(&self, ada: &mut Web) {
        ada.get("/mail").await;
        let page = ada.post("/mail/mailboxes/1/connect", &[]).await;
        let href = page.between("btn primary\" href=\"", "\"").unwrap_or_else(|| panic!("{}", page.text)).replace("&amp;", "&");
        let page = ada.get(&self.giver.agree(&href)).await;
        let field = |name: &str| page.between(&format!("name=\"{name}\" value=\""), "\"").unwrap();
        let (state, code) = (field("state"), field("code"));
        let done = ada.post("/mail/oauth/callback", &[("state", &state), ("code", &code)]).await;
        assert_eq!((done.status, done.location.as_str()), (303, "/mail"), "{}", done.text);
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An authorisation server refuses from the start: everybody says so and the mend, and once it is mended the mail that waited is
/// answered by itself.
async fn refused_and_mended(status: u16, error: &str, mend: &str) {
    let mut scene = Scene::new(3600, Flow::ClientCredentials, "").await;
    scene.giver.answers(Some((status, &format!(r#"{{"error":"{error}"}}"#))));
    scene.write("ann@home.test");
    scene.serve();
    let told = scene.ready_says(|said| said.lines().any(|it| it.starts_with("token: ") && it.contains(mend))).await;
    assert!(told.contains(SUPPORT) && told.contains(error), "{told}");
    let checked = scene.check();
    let line = checked.line("FAIL  mailbox \"support\" sign-in: ");
    assert!(line.contains(error) && line.contains(mend) && checked.code == Some(1), "{line}");
    assert!(!told.contains(SECRET) && !checked.text.contains(SECRET));
    scene.giver.answers(None);
    scene.answered("ann@home.test", HEALED_WITHIN).await;
    scene.ready_says(|said| said.contains("everything is well")).await;
    scene.check().line("ok    mailbox \"support\" sign-in: its access token is good until ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_refused_is_told_everywhere_and_works_by_itself_once_it_is_let_in() {
    refused_and_mended(401, "invalid_client", "make a new secret, write it as client_secret, and restart").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_refused_is_told_everywhere_and_works_by_itself_once_it_is_taken() {
    refused_and_mended(400, "invalid_grant", "see token_url, flow and client_authentication").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorisation_server_in_trouble_is_told_everywhere_and_asked_again_until_it_is_well() {
    refused_and_mended(503, "", "is in trouble (HTTP 503); it is tried again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_it_ends_and_at_once_when_the_post_refuses_it() {
    let mut scene = Scene::new(50, Flow::ClientCredentials, "").await;
    scene.serve_that_logs("trace");
    scene.write("ann@home.test");
    scene.answered("ann@home.test", HEALED_WITHIN).await;
    assert_eq!(scene.giver.renewals(), 1);
    let unread = |scene: &Scene| scene.log().matches("mailbox support cannot be read").count();
    let at_first = unread(&scene);
    // The post refuses the token of the first message, while Dovecot goes on with its session.
    scene.giver.withdraw();
    scene.write("bob@home.test");
    let took = scene.answered("bob@home.test", HEALED_WITHIN).await;
    assert!(took < Duration::from_secs(10), "whoever renews it looks at once: {took:?}\n{}", scene.log());
    assert_eq!(scene.giver.renewals(), 2);
    let began = Instant::now();
    while scene.giver.renewals() < 3 {
        assert!(began.elapsed() < Duration::from_secs(49), "not before it ended\n{}", scene.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    scene.write("cid@home.test");
    scene.answered("cid@home.test", HEALED_WITHIN).await;
    assert_eq!(unread(&scene), at_first, "no session was without a token\n{}", scene.log());
    scene.log_keeps_secrets();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_an_admin_connected_works_at_once_and_an_expired_token_is_named_by_check_readyz_and_the_panel() {
    let mut scene = Scene::new(5, Flow::Code, "").await;
    scene.write("ann@home.test");
    scene.serve();
    let mut ada = scene.ada().await;
    let told = scene.ready_says(|said| said.contains("token: ")).await;
    assert!(told.contains("it is not connected yet; press Connect on the page Mail"), "{told}");
    scene.connect(&mut ada).await;
    let took = scene.answered("ann@home.test", HEALED_WITHIN).await;
    assert!(took < Duration::from_secs(10), "both ways wake when a token comes: {took:?}\n{}", scene.log());

    // The daemon stands still until the token is over, and then the consent is too.
    scene.stop();
    let began = Instant::now();
    let over = loop {
        let said = scene.check().text;
        if said.contains("FAIL  mailbox \"support\" sign-in: ") {
            break said;
        }
        assert!(began.elapsed() < HEALED_WITHIN, "{said}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    assert!(over.contains("its access token ran out 1m ago and nobody renewed it; is the daemon running?"), "{over}");
    scene.giver.withdraw();
    scene.serve();
    let mend = "connect the mailbox again on the page Mail of the panel (invalid_grant: as the test wants it)";
    scene.ready_says(|said| said.lines().any(|it| it.starts_with("token: ") && it.contains(mend))).await;
    let checked = scene.check();
    assert!(checked.line("FAIL  mailbox \"support\" sign-in: ").contains(mend), "{}", checked.text);
    assert!(checked.line("FAIL  mailbox \"support\" imap: ").contains("nobody can sign in"), "{}", checked.text);
    let page = ada.get("/mail").await;
    assert!(page.says(mend) && page.says("Connect again with the authorisation server"), "{}", page.text);

    scene.giver.makes_tokens(3600, |seconds, number| access_token(SUPPORT, i64::try_from(seconds).unwrap(), number));
    scene.write("bob@home.test");
    scene.connect(&mut ada).await;
    scene.answered("bob@home.test", Duration::from_secs(20)).await;
    scene.ready_says(|said| said.contains("everything is well")).await;
}

/// `maildesk check` of a mailbox whose mail servers are away, and what it says of the sign-in.
async fn checked(client: &OAuthClient, more: &str, begins: &str) -> String {
    let shell = Shell::with(&configuration(ANY, 1, 1, client, more));
    let said = shell.run_beside("check").await;
    let line = said.line(&format!("{begins}  mailbox \"support\" sign-in: ")).to_owned();
    assert!(!said.text.contains(SECRET) && !said.text.contains("wrong-s3cret"), "{}", said.text);
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_what_stands_between_a_mailbox_and_its_token_and_the_mend() {
    let giver = giver(3600).await;
    let by_code = giver.client(Provider::Other, Flow::Code);
    let line = checked(&by_code, "", "FAIL").await;
    assert!(line.ends_with("it is not connected yet; press Connect on the page Mail of the panel"), "{line}");

    let by_itself = giver.client(Provider::Other, Flow::ClientCredentials);
    let line = checked(&by_itself, "", "ok  ").await;
    assert!(line.ends_with("127.0.0.1 gives the application an access token"), "{line}");
    giver.answers(Some((401, r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}"#)));
    let line = checked(&by_itself, "", "FAIL").await;
    assert!(line.contains("client_secret is wrong or has ended; make a new secret, write it as client_secret, and restart"), "{line}");
    assert!(line.ends_with("(invalid_client: AADSTS7000215: Invalid client secret provided.)"), "{line}");

    let nowhere = OAuthClient { token_url: format!("http://{NOBODY}/token").parse().unwrap(), ..by_itself };
    let line = checked(&nowhere, "", "FAIL").await;
    assert!(line.contains("cannot reach 127.0.0.1:1: Connection refused") && line.contains("firewall"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tells_of_a_client_secret_that_ends_soon() {
    let giver = giver(3600).await;
    let client = giver.client(Provider::Other, Flow::ClientCredentials);
    let last = |days: i64| Zoned::now().date() + days.days();
    let ends = |days| format!("client_secret_expires = \"{}\"\n", last(days));
    let line = checked(&client, &ends(14), "warn").await;
    assert!(line.contains("the client secret ends in 14 days, on ") && line.contains(&last(14).to_string()), "{line}");
    assert!(line.contains("make a new one, write it as client_secret with its last day as client_secret_expires, and restart"), "{line}");
    assert!(checked(&client, &ends(-2), "warn").await.contains("the client secret ended on "));
    assert!(checked(&client, &ends(200), "ok  ").await.contains("gives the application an access token"));
}
