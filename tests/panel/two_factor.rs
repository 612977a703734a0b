//! Signing in with a code besides the password.

use axum::http::StatusCode;
use data_encoding::BASE32_NOPAD;
use jiff::SignedDuration;
use maildesk::{
    actions::sign_in::change_password,
    auth::{
        password::{NewPassword, Passwords},
        totp::{TotpSecret, step},
    },
    desk::person::Person,
};

use crate::{browser::Browser, test_desk::TestDesk};

const PASSWORD: &str = "four words of hal";

async fn with_a_password(desk: &TestDesk, who: &Person) {
    let hash = Passwords::default().hash(&NewPassword::parse(PASSWORD).unwrap()).await.unwrap();
    change_password(&desk.desk, who, &hash).await.unwrap();
}

/// The code that the app shows now.
fn code(desk: &TestDesk, app: &TotpSecret) -> String {
    app.code(step(desk.desk.clock.now()))
}

/// Turns it on: the app, and the recovery codes.
async fn turn_on(desk: &TestDesk, browser: &mut Browser) -> (TotpSecret, Vec<String>) {
    browser.get("/profile").await;
    let begun = browser.post("/profile/two-factor", &[("do", "begin"), ("old", PASSWORD), ("username", "")]).await;
    assert_eq!(begun.location(), "/profile/two-factor");
    let page = browser.get("/profile/two-factor").await.text();
    assert!(page.contains("<svg class=\"qr\""), "{page}");
    let key = page.split("<code id=\"key\">").nth(1).unwrap().split('<').next().unwrap().replace(' ', "");
    let app = TotpSecret::read(&BASE32_NOPAD.decode(key.as_bytes()).unwrap()).unwrap();
    let done = browser.post("/profile/two-factor", &[("do", "confirm"), ("code", &code(desk, &app))]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let codes: Vec<String> = done.text().split("<li><code>").skip(1).map(|it| it.split('<').next().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10);
    (app, codes)
}

/// The first step: where it leads.
async fn first_step(desk: &TestDesk, email: &str) -> Browser {
    let mut browser = Browser::new(desk);
    browser.get("/login").await;
    let page = browser.post("/login", &[("email", email), ("password", PASSWORD), ("next", "/tickets?view=mine"), ("keep", "yes")]).await;
    assert_eq!(page.location(), "/login/code");
    assert_eq!(browser.get("/tickets").await.status, StatusCode::SEE_OTHER, "the first step alone lets nobody in");
    browser.get("/login/code").await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_turns_it_on_and_is_asked_for_a_code_from_then_on() {
    let desk = TestDesk::new().await;
    with_a_password(&desk, &desk.hal).await;
    let (mut here, mut there) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.hal).await);
    let (app, _) = turn_on(&desk, &mut here).await;
    assert_eq!(here.get("/tickets").await.status, StatusCode::OK, "this browser goes on");
    assert_eq!(there.get("/tickets").await.status, StatusCode::SEE_OTHER, "the other does not");
    assert!(here.get("/profile").await.says("10 recovery codes are left"));
    desk.later(SignedDuration::from_mins(1));
    let mut browser = first_step(&desk, "hal@desk.test").await;
    let wrong = browser.post("/login/code", &[("code", "000000")]).await;
    assert!(wrong.status == StatusCode::UNAUTHORIZED && wrong.says("This code is not right"), "{}", wrong.text());
    let right = browser.post("/login/code", &[("code", &code(&desk, &app))]).await;
    assert_eq!(right.location(), "/tickets?view=mine");
    assert!(right.headers.get_all("set-cookie").iter().any(|it| it.to_str().unwrap().contains("Max-Age=1209600")), "{:?}", right.headers);
    assert_eq!(browser.get("/tickets").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_once_and_so_is_a_recovery_code() {
    let desk = TestDesk::new().await;
    with_a_password(&desk, &desk.hal).await;
    let (app, codes) = turn_on(&desk, &mut Browser::of(&desk, &desk.hal).await).await;
    let mut again = first_step(&desk, "hal@desk.test").await;
    let used = again.post("/login/code", &[("code", &code(&desk, &app))]).await;
    assert_eq!(used.status, StatusCode::UNAUTHORIZED, "the code that confirmed it was used");
    desk.later(SignedDuration::from_secs(30));
    // A clock that is behind shows the code of before, which was used; one ahead shows the next.
    let ahead = app.code(step(desk.desk.clock.now()) + 1);
    assert_eq!(again.post("/login/code", &[("code", &ahead)]).await.status, StatusCode::SEE_OTHER);
    let mut third = first_step(&desk, "hal@desk.test").await;
    assert_eq!(
        third.post("/login/code", &[("code", &code(&desk, &app))]).await.status,
        StatusCode::UNAUTHORIZED,
        "none before one that was used"
    );
    let typed = codes[3].to_uppercase().replace('-', " ");
    assert_eq!(third.post("/login/code", &[("code", &typed)]).await.status, StatusCode::SEE_OTHER);
    let mut fourth = first_step(&desk, "hal@desk.test").await;
    assert_eq!(fourth.post("/login/code", &[("code", &codes[3])]).await.status, StatusCode::UNAUTHORIZED);
    assert!(third.get("/profile").await.says("9 recovery codes are left"));
    assert!(Browser::of(&desk, &desk.ada).await.get("/settings/audit").await.says("used a recovery code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_not_guessed_and_the_first_step_does_not_last() {
    let desk = TestDesk::new().await;
    with_a_password(&desk, &desk.hal).await;
    let (app, _) = turn_on(&desk, &mut Browser::of(&desk, &desk.hal).await).await;
    desk.later(SignedDuration::from_mins(30));
    let mut browser = first_step(&desk, "hal@desk.test").await;
    for rubbish in ["", "000000", "äöü", "abcd-efgh-ijkl-mnop", "999999999999999999999999"] {
        assert_eq!(browser.post("/login/code", &[("code", rubbish)]).await.status, StatusCode::UNAUTHORIZED, "{rubbish}");
    }
    assert_eq!(browser.post("/login/code", &[("code", &code(&desk, &app))]).await.status, StatusCode::TOO_MANY_REQUESTS);
    desk.later(SignedDuration::from_mins(9));
    assert_eq!(browser.get("/login/code").await.status, StatusCode::OK);
    desk.later(SignedDuration::from_mins(2));
    assert_eq!(browser.get("/login/code").await.location(), "/login");
    assert_eq!(browser.post("/login/code", &[("code", &code(&desk, &app))]).await.location(), "/login");
    let mut other = first_step(&desk, "hal@desk.test").await;
    with_a_password(&desk, &desk.hal).await;
    assert_eq!(other.get("/login/code").await.location(), "/login", "a new password ends what was begun with the old");
    assert_eq!(Browser::new(&desk).get("/login/code").await.location(), "/login");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_set_up_and_turned_off_by_whoever_has_password_and_code() {
    let desk = TestDesk::new().await;
    with_a_password(&desk, &desk.hal).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/profile").await;
    hal.post("/profile/two-factor", &[("do", "begin"), ("old", "wrong"), ("username", "")]).await;
    assert!(hal.get("/profile").await.says("the current password is another one"));
    assert_eq!(hal.get("/profile/two-factor").await.location(), "/profile#two-factor", "nothing was begun");
    hal.get("/profile").await;
    hal.post("/profile/two-factor", &[("do", "begin"), ("old", PASSWORD), ("username", "")]).await;
    hal.get("/profile/two-factor").await;
    let wrong = hal.post("/profile/two-factor", &[("do", "confirm"), ("code", "123")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.says("not the code that the app shows now"));
    hal.post("/profile/two-factor", &[("do", "cancel"), ("code", "")]).await;
    assert_eq!(hal.get("/profile/two-factor").await.location(), "/profile#two-factor");
    let (app, codes) = turn_on(&desk, &mut hal).await;
    desk.later(SignedDuration::from_mins(1));
    hal.get("/profile").await;
    let now = code(&desk, &app);
    for (password, code, told) in
        [("wrong", now.as_str(), "current password is another"), (PASSWORD, "000000", "not the code that the app shows")]
    {
        hal.post("/profile/two-factor", &[("do", "off"), ("old", password), ("code", code), ("username", "")]).await;
        assert!(hal.get("/profile").await.says(told), "{told}");
    }
    let new = hal.post("/profile/two-factor", &[("do", "codes"), ("old", PASSWORD), ("code", &codes[0]), ("username", "")]).await;
    assert!(new.says("<li><code>") && !new.says(&codes[1]), "{}", new.text());
    hal.get("/profile").await;
    hal.post("/profile/two-factor", &[("do", "off"), ("old", PASSWORD), ("code", &now), ("username", "")]).await;
    assert!(hal.get("/profile").await.says("Two-factor sign-in is off"));
    let mut ann = Browser::of(&desk, &desk.ann).await;
    assert!(!ann.get("/profile").await.says("two-factor"), "customers have none");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_who_has_it_and_resets_it() {
    let desk = TestDesk::new().await;
    with_a_password(&desk, &desk.hal).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    turn_on(&desk, &mut hal).await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let path = format!("/users/{}", desk.hal.id);
    let page = ada.get(&path).await;
    assert!(page.says("Two-factor sign-in: on") && page.says("10 recovery codes left"), "{}", page.text());
    ada.post(&path, &[("do", "two-factor")]).await;
    assert!(ada.get(&path).await.says("Two-factor sign-in: off"));
    assert_eq!(hal.get("/tickets").await.status, StatusCode::SEE_OTHER, "they are signed out");
    let mut browser = Browser::new(&desk);
    browser.get("/login").await;
    assert_eq!(browser.post("/login", &[("email", "hal@desk.test"), ("password", PASSWORD)]).await.location(), "/tickets");
    ada.get(&path).await;
    ada.post(&path, &[("do", "two-factor")]).await;
    assert!(ada.get(&path).await.says("is off already"));
    let audit = ada.get("/settings/audit").await;
    assert!(audit.says("turned two-factor sign-in on") && audit.says("had two-factor sign-in reset"), "{}", audit.text());
    browser.get("/profile").await;
    assert_eq!(browser.post(&path, &[("do", "two-factor")]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_choose_a_password_does_not_go_round_it() {
    let desk = TestDesk::new().await;
    with_a_password(&desk, &desk.hal).await;
    turn_on(&desk, &mut Browser::of(&desk, &desk.hal).await).await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let path = format!("/users/{}", desk.hal.id);
    ada.get(&path).await;
    ada.post(&path, &[("do", "reset")]).await;
    let mail = desk.mail().await.remove(0).raw.replace("=\r\n", "");
    let token = mail.split("/invite/").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
    let mut browser = Browser::new(&desk);
    browser.get(&format!("/invite/{token}")).await;
    let form = [("name", "Hal Nine"), ("username", ""), ("password", "another four words")];
    assert_eq!(browser.post(&format!("/invite/{token}"), &form).await.location(), "/login/code");
    assert_eq!(browser.get("/tickets").await.status, StatusCode::SEE_OTHER);
}
