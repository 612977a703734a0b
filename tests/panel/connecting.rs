//! A mailbox that signs in with OAuth 2.0: an admin connects it in the panel, and its token is kept good from then on.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    desk::{
        oauth::{AccessToken, CurrentToken, Flow, OAuthClient, Provider, TokenState, judge},
        settings::DeskSettings,
    },
    store::oauth,
    workers::tokens::{Keeper, step},
};

use crate::{
    authorisation_server::{AuthorisationServer, SECRET},
    browser::{Browser, Page},
    test_desk::TestDesk,
};

/// A desk whose mailbox signs in with tokens, and whoever gives them.
struct Scene {
    desk: TestDesk,
    server: AuthorisationServer,
    client: OAuthClient,
}

impl Scene {
    async fn new(provider: Provider, flow: Flow) -> Self {
        let server = AuthorisationServer::start().await;
        let client = server.client(provider, flow);
        let desk = TestDesk::with(DeskSettings::default(), |it| it.oauth = Some(client.clone())).await;
        Self { desk, server, client }
    }

    /// Ada presses Connect; the address that she is sent to.
    async fn begin(&self, ada: &mut Browser) -> String {
        ada.get("/mail").await;
        let page = ada.post(&format!("/mail/mailboxes/{}/connect", self.desk.mailbox), &[]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        let text = page.text();
        let href = text.split("btn primary\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        href.replace("&amp;", "&")
    }

    /// And she comes back and presses the button there.
    async fn finish(&self, ada: &mut Browser, back: &str) -> Page {
        let page = ada.get(back).await;
        assert!(page.says("has agreed"), "{}", page.text());
        let (state, code) = (page.field("state"), page.field("code"));
        ada.post("/mail/oauth/callback", &[("state", &state), ("code", &code)]).await
    }

    async fn connect(&self) {
        let mut ada = Browser::of(&self.desk, &self.desk.ada).await;
        let back = self.server.agree(&self.begin(&mut ada).await);
        assert_eq!(self.finish(&mut ada, &back).await.location(), "/mail");
    }

    fn keeper(&self, owner: &str) -> (Keeper, CurrentToken) {
        let current = CurrentToken::default();
        (Keeper::new(self.desk.mailbox, "support", &self.client, &current, owner), current)
    }

    async fn step(&self, keeper: &mut Keeper) -> SignedDuration {
        step(&self.desk.desk, keeper).await.unwrap()
    }

    async fn kept(&self) -> Option<oauth::Kept> {
        oauth::kept(&mut self.desk.desk.store.read().await.unwrap(), self.desk.mailbox).await.unwrap()
    }

    async fn state(&self) -> TokenState {
        judge(&self.client, self.kept().await.map(|it| it.facts).as_ref())
    }
}

fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_connects_a_mailbox_and_its_sessions_have_a_token() {
    let scene = Scene::new(Provider::Other, Flow::Code).await;
    let (mut keeper, current) = scene.keeper("one");
    scene.step(&mut keeper).await;
    assert!(current.get().unwrap_err().contains("press Connect on the page Mail"));
    let mut ada = Browser::of(&scene.desk, &scene.desk.ada).await;
    let page = ada.get("/mail").await;
    assert!(page.says("Not connected") && page.says("Connect with the authorisation server"), "{}", page.text());
    let back = scene.server.agree(&scene.begin(&mut ada).await);
    let page = ada.get(&back).await;
    assert!(page.says("has agreed") && scene.kept().await.is_none(), "coming back changes nothing by itself");
    let done = scene.finish(&mut ada, &back).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/mail"));
    scene.step(&mut keeper).await;
    assert!(scene.server.takes(current.get().unwrap().expose()));
    let page = ada.get("/mail").await;
    assert!(
        page.says("support@desk.test is connected") && page.says("Connected as support@desk.test; token good until"),
        "{}",
        page.text()
    );
    let kept = scene.kept().await.unwrap();
    let sealed = format!("{:?}", kept).to_lowercase() + &String::from_utf8_lossy(&kept.access_token.unwrap());
    assert!(!sealed.contains("s3cret"), "only sealed tokens are kept");
    let mut hal = Browser::of(&scene.desk, &scene.desk.hal).await;
    let page = hal.get("/mail").await;
    assert!(page.says("token good until") && !page.says("Connect again"), "a helper sees it and has no button");
    let refused = hal.post(&format!("/mail/mailboxes/{}/connect", scene.desk.mailbox), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_begin_in_this_session_lately_is_not_taken() {
    let scene = Scene::new(Provider::Other, Flow::Code).await;
    let mut ada = Browser::of(&scene.desk, &scene.desk.ada).await;
    let mut elsewhere = Browser::of(&scene.desk, &scene.desk.ada).await;
    let back = scene.server.agree(&scene.begin(&mut ada).await);
    let refused = elsewhere.get(&back).await;
    assert!(refused.says("did not begin in this browser session"), "{}", refused.text());
    let page = ada.get(&back).await;
    let fields = [("state", page.field("state")), ("code", page.field("code"))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    elsewhere.get("/mail").await;
    assert!(elsewhere.post("/mail/oauth/callback", &fields).await.says("did not begin in this browser session"));
    let done = ada.post("/mail/oauth/callback", &fields).await;
    assert_eq!(done.location(), "/mail");
    assert!(ada.post("/mail/oauth/callback", &fields).await.says("was used already"), "once");
    let back = scene.server.agree(&scene.begin(&mut ada).await);
    scene.desk.later(minutes(31));
    assert!(ada.get(&back).await.says("took longer than half an hour"));
    assert!(ada.get("/mail/oauth/callback?state=made-up&code=x").await.says("press Connect"));
    assert!(ada.get("/mail/oauth/callback").await.says("press Connect"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_at_the_authorisation_server_is_said_in_plain_words_and_changes_nothing() {
    let scene = Scene::new(Provider::Google, Flow::Code).await;
    let mut ada = Browser::of(&scene.desk, &scene.desk.ada).await;
    let back = scene.server.agree(&scene.begin(&mut ada).await);
    let denied = back.replace("code=", "error=access_denied&error_description=The+user+said+no&x=");
    let page = ada.get(&denied).await;
    assert!(page.says("Consent was refused") && page.says("(access_denied The user said no)"), "{}", page.text());
    scene.server.signs_in_as("ada@home.test");
    let page = scene.finish(&mut ada, &back).await;
    assert!(page.says("you agreed as ada@home.test, and the mailbox signs in as support@desk.test"), "{}", page.text());
    scene.server.signs_in_as("support@desk.test");
    scene.server.gives_no_refresh_token();
    let back = scene.server.agree(&scene.begin(&mut ada).await);
    let page = scene.finish(&mut ada, &back).await;
    assert!(page.says("Google gave no refresh token") && page.says("myaccount.google.com"), "{}", page.text());
    scene.server.answers(Some((401, r#"{"error":"invalid_client"}"#)));
    let back = scene.server.agree(&scene.begin(&mut ada).await);
    let page = scene.finish(&mut ada, &back).await;
    assert!(page.says("client_secret is wrong or has ended"), "{}", page.text());
    assert!(scene.kept().await.is_none() && !page.says(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_account_is_taken_for_a_shared_mailbox_with_a_word() {
    let scene = Scene::new(Provider::Microsoft, Flow::Code).await;
    scene.server.signs_in_as("ada@desk.test");
    scene.connect().await;
    let mut ada = Browser::of(&scene.desk, &scene.desk.ada).await;
    assert!(ada.get("/mail").await.says("Connected as ada@desk.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_at_half_of_its_life_and_its_refresh_token_with_it() {
    let scene = Scene::new(Provider::Other, Flow::Code).await;
    scene.connect().await;
    let (mut keeper, current) = scene.keeper("one");
    scene.step(&mut keeper).await;
    let first = current.get().unwrap();
    scene.desk.later(minutes(29));
    scene.step(&mut keeper).await;
    assert_eq!((scene.server.renewals(), current.get().unwrap().expose()), (0, first.expose()));
    for round in 1..=3 {
        scene.desk.later(minutes(31));
        scene.step(&mut keeper).await;
        assert_eq!(scene.server.renewals(), round, "the refresh token of the last round is the one that counts");
    }
    assert!(current.get().unwrap().expose() != first.expose() && scene.server.takes(current.get().unwrap().expose()));
    assert!(matches!(scene.state().await, TokenState::Well { until } if until == scene.desk.desk.clock.now() + minutes(60)));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_instances_use_a_refresh_token_once() {
    let scene = Scene::new(Provider::Other, Flow::Code).await;
    scene.connect().await;
    let ((mut one, with_one), (mut two, with_two)) = (scene.keeper("one"), scene.keeper("two"));
    for round in 1..=3 {
        scene.desk.later(minutes(31));
        tokio::join!(scene.step(&mut one), scene.step(&mut two));
        tokio::join!(scene.step(&mut one), scene.step(&mut two));
        assert_eq!(scene.server.renewals(), round);
        assert_eq!(with_one.get().unwrap().expose(), with_two.get().unwrap().expose());
        assert!(scene.server.takes(with_one.get().unwrap().expose()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_that_fails_is_an_alarm_while_the_token_is_still_good_and_heals_by_itself() {
    let scene = Scene::new(Provider::Other, Flow::Code).await;
    scene.connect().await;
    let (mut keeper, current) = scene.keeper("one");
    scene.server.answers(Some((503, "<html>")));
    scene.desk.later(minutes(31));
    let mut ada = Browser::of(&scene.desk, &scene.desk.ada).await;
    for _ in 0..8 {
        scene.step(&mut keeper).await;
        scene.desk.later(minutes(1));
    }
    let now = scene.desk.desk.clock.now();
    let state = scene.state().await;
    assert!(state.needs_attention(now), "{state:?}");
    let told = state.trouble(now).unwrap();
    assert!(told.contains("is in trouble (HTTP 503); it is tried again; the access token it has is good for another 21m"), "{told}");
    assert!(current.get().is_ok(), "mail goes on");
    assert!(ada.get("/mail").await.says("No new token for 8 minutes"), "{}", ada.get("/mail").await.text());
    scene.desk.later(minutes(25));
    scene.step(&mut keeper).await;
    assert!(scene.state().await.trouble(scene.desk.desk.clock.now()).unwrap().contains("ran out 4m ago"));
    scene.server.answers(None);
    scene.desk.later(minutes(5));
    scene.step(&mut keeper).await;
    assert!(!scene.state().await.needs_attention(scene.desk.desk.clock.now()) && current.get().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_was_withdrawn_asks_for_a_person_and_is_not_asked_for_again() {
    let scene = Scene::new(Provider::Other, Flow::Code).await;
    scene.connect().await;
    let (mut keeper, current) = scene.keeper("one");
    scene.step(&mut keeper).await;
    scene.server.withdraw();
    scene.desk.later(minutes(31));
    scene.step(&mut keeper).await;
    let now = scene.desk.desk.clock.now();
    let state = scene.state().await;
    assert!(state.needs_attention(now), "at once: {state:?}");
    assert!(state.trouble(now).unwrap().contains("connect the mailbox again on the page Mail of the panel (invalid_grant"));
    scene.desk.later(minutes(31));
    scene.step(&mut keeper).await;
    assert!(current.get().unwrap_err().contains("connect the mailbox again"), "{:?}", current.get());
    scene.connect().await;
    scene.step(&mut keeper).await;
    assert!(scene.server.takes(current.get().unwrap().expose()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_a_mail_server_refuses_is_renewed_once_and_then_ever_more_slowly() {
    let scene = Scene::new(Provider::Other, Flow::Code).await;
    scene.connect().await;
    let (mut keeper, current) = scene.keeper("one");
    let mut renewed = Vec::new();
    for minute in 0..20 {
        let before = scene.server.renewals();
        scene.step(&mut keeper).await;
        if let Ok(token) = current.get() {
            current.refuse(&token, "no");
        }
        scene.step(&mut keeper).await;
        if scene.server.renewals() > before {
            renewed.push(minute);
        }
        scene.desk.later(minutes(1));
    }
    assert_eq!(renewed, [0, 1, 3, 7, 15], "minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_signs_in_as_itself() {
    let scene = Scene::new(Provider::Other, Flow::ClientCredentials).await;
    let (mut keeper, current) = scene.keeper("one");
    scene.step(&mut keeper).await;
    assert!(scene.server.takes(current.get().unwrap().expose()));
    let mut ada = Browser::of(&scene.desk, &scene.desk.ada).await;
    let page = ada.get("/mail").await;
    assert!(page.says("Signed in as the application") && !page.says("Connect again"), "{}", page.text());
    let missing = ada.post(&format!("/mail/mailboxes/{}/connect", scene.desk.mailbox), &[]).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    scene.desk.later(minutes(31));
    scene.server.answers(Some((401, r#"{"error":"invalid_client","error_description":"The secret has expired."}"#)));
    scene.step(&mut keeper).await;
    let told = scene.state().await.trouble(scene.desk.desk.clock.now()).unwrap();
    assert!(told.contains("make a new secret, write it as client_secret, and restart (invalid_client: The secret has expired.)"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_were_kept_under_another_key_ask_to_be_given_anew() {
    let mut scene = Scene::new(Provider::Other, Flow::Code).await;
    scene.connect().await;
    scene.desk.desk.keys = maildesk::auth::keys::Keys::from_root(&[8; 32]);
    let (mut keeper, current) = scene.keeper("one");
    scene.step(&mut keeper).await;
    assert!(current.get().is_err());
    scene.desk.later(minutes(31));
    scene.step(&mut keeper).await;
    let told = scene.state().await.trouble(scene.desk.desk.clock.now()).unwrap();
    assert!(told.contains("under another secret_key") && told.contains("connect the mailbox again"), "{told}");
    current.put(AccessToken::parse("x".to_owned()).unwrap());
}
