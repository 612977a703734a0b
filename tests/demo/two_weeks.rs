//! What the desk of the demo has to show before anybody has done anything.

use maildesk::desk::message::Kind;

use crate::{
    newcomer::{demo, inbox, panel},
    web::{Web, encoded},
};

#[tokio::test(flavor = "multi_thread")]
async fn every_page_has_something_true_to_show() {
    let demo = demo().await;
    let at = demo.announcement();
    let mut admin = panel(&at, "admin").await;
    for (view, words) in [
        ("unassigned", "All twelve stations offline"),
        ("unassigned", "Urgent"),
        ("open", "Wind shows 0 at our pier"),
        ("snoozed", "Roof station"),
        ("resolved", "Mot de passe"),
        ("closed", "Firmware update stuck"),
    ] {
        let page = admin.get(&format!("/tickets?view={view}")).await;
        assert!(page.says(words), "{view} does not show {words}: {}", page.text);
    }
    let held = admin.get("/held").await;
    for words in ["Sensor Weekly", "X-Spam-Flag", "Automatic reply", "verification code"] {
        assert!(held.says(words), "{words} is not held: {}", held.text);
    }
    let mail = admin.get("/mail").await;
    assert!(mail.says("450 4.2.2") && mail.says("2 of 2"), "{}", mail.text);
    assert!(admin.get("/analytics").await.says("Maya Lindqvist"));
    let battery = admin.get("/tickets?view=waiting").await;
    let row = battery.text.split("href=\"/tickets/").find(|it| it.contains("Battery drains")).unwrap().to_owned();
    let ticket = admin.get(&format!("/tickets/{}", row.split(['"', '?']).next().unwrap())).await;
    assert!(ticket.says("mailbox has been closed"), "a bounce is shown on its reply: {}", ticket.text);

    // A customer signs in, and sees their own.
    let mut customer = panel(&at, "customer").await;
    let own = customer.get("/my").await;
    assert!(own.says("which mast") && !own.says("twelve stations"), "{}", own.text);
    demo.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mailbox_page_writes_as_anybody_and_says_what_the_server_says() {
    let demo = demo().await;
    let at = demo.announcement();
    let (new, somebody) = ("bea@new-here.example", encoded("bea@new-here.example"));
    let mut web = Web::at(&at.mailbox);
    let choose = web.get("/").await;
    assert!(choose.says("Hannah Okonkwo-Bell") && choose.says("Maya Lindqvist") && !choose.says("<script"), "{}", choose.text);
    assert!(web.get(&format!("/mailbox?of={somebody}")).await.says("No mail yet"));
    let written = web.post("/send", &[("of", new), ("to", at.support), ("subject", "Grüße"), ("text", "Hallo.\n<b>x</b>")]).await;
    assert_eq!(written.status, 303, "{}", written.text);
    let got = demo.world().wait_for(new, "INBOX", crate::newcomer::PATIENCE, |it| !it.is_empty()).await.unwrap();
    let (_, receipt) = inbox(&demo, new).remove(0);
    assert_eq!(receipt.kind, Kind::AutoReply, "{}", got[0].text());
    let list = web.get(&format!("/mailbox?of={somebody}")).await;
    assert!(list.says("[#") && list.says("Grüße") && list.says("http-equiv=\"refresh\""), "{}", list.text);
    let own = web.get(&format!("/mail?of={somebody}&folder=sent&uid=1")).await;
    assert!(own.says("&lt;b&gt;x"), "what somebody wrote is text: {}", own.text);
    let refused = web.post("/send", &[("of", new), ("to", "nobody@skerry.example"), ("subject", "x"), ("text", "kept words")]).await;
    assert!(refused.says("550 5.1.1") && refused.says("kept words"), "{}", refused.text);
    assert_eq!(web.get("/mailbox?of=nonsense").await.status, 303);
    assert_eq!(web.get(&format!("/mail?of={somebody}&uid=99")).await.status, 404);
    demo.stop().await.unwrap();
}
