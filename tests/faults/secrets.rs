//! A full run that logs everything it can: none of the secrets it used is in the log.

use std::time::Duration;

use maildesk::desk::oauth::{Flow, Provider};

use crate::{
    authorisation_server::{AuthorisationServer, CLIENT, SECRET},
    daemon::{MAILBOX_PASSWORD, SUPPORT, Setting, message},
    web::Web,
};

const ADAS: &str = "adas-quoh7Eeh0ahN";
const MISTYPED: &str = "mistyped-Oov4ieth";
const HALS: &str = "hals-ahF5eiPaiX9u";

/// What follows `start` in the log, up to white space; waited for.
async fn logged(setting: &Setting, start: &str) -> String {
    for _ in 0..600 {
        if let Some((_, rest)) = setting.log().split_once(start) {
            return rest.split_whitespace().next().unwrap_or_default().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the log never says {start}\n{}", setting.log());
}

/// One more mailbox, which an admin connects at an authorisation server; its mail servers take passwords alone.
fn with_a_token_mailbox(setting: &Setting, giver: &AuthorisationServer) {
    let path = setting.folder.path().join("maildesk.toml");
    let (imap, smtp, client) =
        (setting.world.imap_addr().port(), setting.world.smtp_addr().port(), giver.client(Provider::Other, Flow::Code));
    let more = format!(
        "\n[[mailbox]]\nname = \"tokens\"\naddress = \"tokens@desk.test\"\n\
         [mailbox.imap]\nhost = \"127.0.0.1\"\nport = {imap}\ntls = \"none\"\nuser = \"tokens@desk.test\"\n\
         [mailbox.smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\n\
         [mailbox.oauth]\nprovider = \"other\"\nflow = \"code\"\nclient_id = \"{CLIENT}\"\nclient_secret = \"{SECRET}\"\n\
         authorize_url = \"{}\"\ntoken_url = \"{}\"\nscope = \"{}\"\n",
        client.authorize_url.unwrap(),
        client.token_url,
        client.scope
    );
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &more).unwrap();
}

/// The mailbox is connected, and its refresh token is used up for the next; what no log may say of it.
async fn connect_and_renew(ada: &mut Web, giver: &AuthorisationServer, setting: &Setting) -> Vec<String> {
    ada.get("/mail").await;
    let page = ada.post("/mail/mailboxes/2/connect", &[]).await;
    let href = page.between("btn primary\" href=\"", "\"").unwrap_or_else(|| panic!("{}", page.text)).replace("&amp;", "&");
    let page = ada.get(&giver.agree(&href)).await;
    let field = |name: &str| page.between(&format!("name=\"{name}\" value=\""), "\"").unwrap();
    let (state, code) = (field("state"), field("code"));
    let done = ada.post("/mail/oauth/callback", &[("state", &state), ("code", &code)]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    logged(setting, "mailbox tokens: its access token was renewed").await;
    let mut secrets = giver.gave();
    // Code, verifier, and two of each token.
    assert!(secrets.len() >= 6 && secrets.contains(&code), "{secrets:?}");
    secrets.extend([state, SECRET.to_owned()]);
    secrets
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_full_run_is_in_its_log() {
    let setting = Setting::new().await;
    let giver = AuthorisationServer::start().await;
    // Renewed as soon as tokens ever are.
    giver.lasts(1);
    with_a_token_mailbox(&setting, &giver);
    let daemon = setting.daemon_that_logs("trace");
    let set_up = logged(&setting, "make the first one at http://127.0.0.1:8025").await;
    let panel = format!("http://{}", logged(&setting, "the panel listens on http://").await);

    let mut ada = Web::at(&panel);
    ada.get(&set_up).await;
    let made = ada.post(&set_up, &[("name", "Ada"), ("email", "ada@desk.test"), ("password", ADAS)]).await;
    assert_eq!(made.status, 303, "{}", made.text);
    ada.get("/users/new").await;
    let hal = [("name", "Hal"), ("email", "hal@home.test"), ("role", "helper"), ("start", "invite")];
    let invited = ada.post("/users", &hal).await;
    assert_eq!(invited.status, 303, "{}", invited.text);
    let link = setting.world.wait_for("hal@home.test", "INBOX", Duration::from_secs(30), |mails| !mails.is_empty()).await;
    let link = link.unwrap_or_else(|_| panic!("no invitation\n{}", setting.log()));
    let link = maildesk::mail::parse::read(&link[0].raw).text;
    let token = link.split("/invite/").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let mut hal = Web::at(&panel);
    hal.get(&format!("/invite/{token}")).await;
    let entered = hal.post(&format!("/invite/{token}"), &[("name", "Hal"), ("password", HALS)]).await;
    assert_eq!(entered.status, 303, "{}", entered.text);
    let mut stranger = Web::at(&panel);
    stranger.get("/login").await;
    assert_eq!(stranger.post("/login", &[("email", "ada@desk.test"), ("password", MISTYPED)]).await.status, 401);

    setting.world.deliver(SUPPORT, message(1).as_bytes());
    setting.wait_for("select count(*) from deliveries where state = 'sent' and address like 'c1@%'", 1).await;
    let of_tokens = connect_and_renew(&mut ada, &giver, &setting).await;
    assert!(daemon.end() < Duration::from_secs(15));

    let log = setting.log();
    assert!(log.contains("TRACE") && log.lines().count() > 100, "the log has nothing to hide\n{log}");
    let key = std::fs::read_to_string(setting.folder.path().join("data/secret.key")).unwrap();
    let plain = |password: &str| data_encoding::BASE64.encode(format!("\0{SUPPORT}\0{password}").as_bytes());
    let mut secrets = vec![ADAS.to_owned(), MISTYPED.to_owned(), HALS.to_owned(), MAILBOX_PASSWORD.to_owned(), token];
    secrets.extend([key.trim().to_owned(), plain(MAILBOX_PASSWORD), "The words of 1".to_owned()]);
    let said_to_servers: Vec<String> = of_tokens
        .iter()
        .map(|it| data_encoding::BASE64.encode(format!("user=tokens@desk.test\u{1}auth=Bearer {it}\u{1}\u{1}").as_bytes()))
        .collect();
    secrets.extend(of_tokens.into_iter().chain(said_to_servers));
    secrets.extend(ada.secrets().chain(hal.secrets()).map(str::to_owned));
    for secret in secrets {
        let line = log.lines().find(|it| it.contains(&secret));
        assert_eq!(line, None, "a secret is in the log: {secret}");
    }
}
