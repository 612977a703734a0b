//! A full run that logs everything it can: none of the secrets it used is in the log.

use std::time::Duration;

use crate::{
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

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_full_run_is_in_its_log() {
    let setting = Setting::new().await;
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
    assert!(daemon.end() < Duration::from_secs(15));

    let log = setting.log();
    assert!(log.contains("TRACE") && log.lines().count() > 100, "the log has nothing to hide\n{log}");
    let key = std::fs::read_to_string(setting.folder.path().join("data/secret.key")).unwrap();
    let plain = |password: &str| data_encoding::BASE64.encode(format!("\0{SUPPORT}\0{password}").as_bytes());
    let mut secrets = vec![ADAS.to_owned(), MISTYPED.to_owned(), HALS.to_owned(), MAILBOX_PASSWORD.to_owned(), token];
    secrets.extend([key.trim().to_owned(), plain(MAILBOX_PASSWORD), "The words of 1".to_owned()]);
    secrets.extend(ada.secrets().chain(hal.secrets()).map(str::to_owned));
    for secret in secrets {
        let line = log.lines().find(|it| it.contains(&secret));
        assert_eq!(line, None, "a secret is in the log: {secret}");
    }
}
