//! Every route about one ticket, asked with its real numbers by each who must not have it: it does not exist, and nothing of it changes.

use axum::http::{Method, StatusCode};
use maildesk::{
    actions::{NewFile, assign::assign, held, reply, spam, write_note::write_note},
    desk::{
        comment::CommentText,
        id::{CommentId, TicketNumber},
        person::{Person, Role},
        settings::{DeskSettings, Reach},
        ticket::Ticket,
    },
    panel::{routes, routes::Policy},
    store::conversation::{self, Audience, Said},
};

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

/// Ann's ticket, which Ada has: with a file, a note with a file, and a reply.
struct Case {
    desk: TestDesk,
    number: TicketNumber,
    note: Said,
    replied: Said,
}

async fn case() -> Case {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    assign(&desk.desk, &desk.ada, number, None, Some(desk.ada.id)).await.unwrap();
    let file = |text: &str| NewFile {
        name: "a.txt".to_owned(),
        content_type: "text/plain".to_owned(),
        content_id: None,
        bytes: text.as_bytes().to_vec(),
    };
    let text = |words: &str| CommentText::parse(words).unwrap();
    write_note(&desk.desk, &desk.ada, number, &text("They are late with paying."), &[file("secret")]).await.unwrap();
    let words = reply::Reply {
        text: text("Unplug it."),
        files: vec![file("public")],
        seen: Some(CommentId(i64::MAX)),
        then: None,
        composed: Default::default(),
    };
    reply::reply(&desk.desk, &desk.ada, number, &words).await.unwrap();
    let mut said = conversation::said(&mut desk.desk.store.read().await.unwrap(), number, Audience::Staff, 10).await.unwrap();
    let (replied, note) = (said.pop().unwrap(), said.pop().unwrap());
    Case { desk, number, note, replied }
}

impl Case {
    /// The path with real numbers, those of the note or those of the reply; none for a route about no ticket.
    fn path(&self, path: &str, of: &Said) -> Option<String> {
        let about = path.contains("{number}") || path.ends_with("attachments/{id}");
        let id = if path.contains("deliveries") {
            self.replied.deliveries[0].id.to_string()
        } else if path.contains("attachments") {
            of.files[0].id.to_string()
        } else {
            of.id.to_string()
        };
        about.then(|| path.replace("{number}", &self.number.to_string()).replace("{id}", &id))
    }

    /// A form that would change something if it were let in.
    fn form(&self, path: &str) -> Vec<(&'static str, String)> {
        let own = |fields: &[(&'static str, &str)]| fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        match path {
            "/tickets/{number}" => own(&[("version", "2"), ("status", "closed"), ("priority", "urgent")]),
            "/tickets/{number}/people" => own(&[("add", "eve@else.test")]),
            "/tickets/{number}/links" => own(&[("add", "1")]),
            "/tickets/{number}/messages" => own(&[("seen", "99"), ("kind", "reply"), ("body", "I am in.")]),
            "/tickets/{number}/deliveries/{id}" => own(&[("do", "cancel")]),
            "/tickets/{number}/draft" => own(&[("seen", "99"), ("kind", "reply"), ("body", "I am in.")]),
            "/tickets/{number}/typing" => own(&[("doing", "replies")]),
            "/my/{number}/messages" => own(&[("body", "I am in.")]),
            "/my/{number}" => own(&[("do", "close")]),
            "/tickets/{number}/spam" => own(&[("do", "mark"), ("version", "2")]),
            "/tickets/{number}/messages/{id}/undo" | "/tickets/{number}/messages/{id}/html" | "/tickets/{number}/unread" => Vec::new(),
            "/tickets/{number}/messages/{id}/move" => own(&[("version", "2"), ("to", "new")]),
            "/tickets/{number}/merge" => own(&[("version", "2"), ("number", "1")]),
            "/tickets/{number}/undo" => own(&[("version", "2"), ("correction", "1")]),
            other => panic!("{other} is new: say here what its form does"),
        }
    }

    async fn state(&self) -> (Ticket, Vec<(CommentId, bool)>, Vec<String>) {
        let mut conn = self.desk.desk.store.read().await.unwrap();
        let said = conversation::said(&mut conn, self.number, Audience::Staff, 100).await.unwrap();
        let copies = said.iter().flat_map(|it| &it.deliveries).map(|it| format!("{} {:?}", it.address, it.state)).collect();
        drop(conn);
        (self.desk.ticket(self.number).await, said.iter().map(|it| (it.id, it.withdrawn_at.is_some())).collect(), copies)
    }

    /// Asks every route about the ticket that this person's role admits.
    async fn is_nothing_to(&self, person: &Person) {
        let before = self.state().await;
        let mut browser = Browser::of(&self.desk, person).await;
        let mut asked = 0;
        for route in routes().list().iter().filter(|it| it.policy != Policy::Anyone && it.policy.admits(person.role)) {
            for of in [&self.note, &self.replied] {
                let Some(path) = self.path(route.path, of) else { continue };
                let answer = if route.method == Method::GET {
                    browser.get(&path).await
                } else {
                    browser.get("/profile").await;
                    let form = self.form(route.path);
                    browser.post(&path, &form.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>()).await
                };
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{} {path} as {}", route.method, person.name);
                asked += 1;
            }
        }
        assert!(asked >= 6, "{asked} requests");
        assert_eq!(self.state().await, before, "{} changed something", person.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_out_of_reach_is_nothing_to_a_helper() {
    let case = case().await;
    case.is_nothing_to(&case.desk.hal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_ticket_is_nothing_to_a_customer() {
    let case = case().await;
    let cleo = case.desk.add(Role::Customer, "Cleo", "cleo@else.test").await;
    case.is_nothing_to(&cleo).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_and_its_file_are_nothing_to_the_customer_whose_ticket_it_is() {
    let case = case().await;
    case.desk.later(jiff::SignedDuration::from_mins(1));
    let mut ann = Browser::of(&case.desk, &case.desk.ann).await;
    let file = |said: &Said| format!("/my/attachments/{}", said.files[0].id);
    assert_eq!(ann.get(&file(&case.note)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ann.get(&file(&case.replied)).await.bytes, b"public");
    let page = ann.get(&format!("/my/{}", case.number)).await;
    assert!(page.says("Unplug it.") && !page.says("late with paying"), "{}", page.text());
    for path in [format!("/attachments/{}", case.replied.files[0].id), format!("/tickets/{}", case.number)] {
        assert_eq!(ann.get(&path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn held_mail_on_a_ticket_out_of_reach_is_nothing_to_a_helper() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let spam = desk.write("Ann Lee <ann@home.test>", "Secretprinter", "It smokes.").await;
    let held = desk.receive(&mail("Bob <bob@home.test>", "Secretoffer", &["X-Spam-Flag: YES"], "Buy.")).await;
    let released = held::open(&desk.desk, &desk.ada, held.id).await.unwrap();
    for number in [spam.ticket.unwrap(), released] {
        assign(&desk.desk, &desk.ada, number, None, Some(desk.ada.id)).await.unwrap();
    }
    spam::mark(&desk.desk, &desk.ada, spam.ticket.unwrap(), None, spam::Sender::Stays).await.unwrap();
    let (mut hal, mut ada) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.ada).await);
    for id in [spam.id, held.id] {
        for path in [format!("/held/{id}"), format!("/held/{id}/source"), format!("/held/{id}/files/0")] {
            assert_eq!(hal.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
        for verb in ["open", "discard", "back", "hold-address", "never-domain"] {
            hal.get("/profile").await;
            assert_eq!(hal.post(&format!("/held/{id}"), &[("do", verb)]).await.status, StatusCode::NOT_FOUND, "{verb}");
        }
        assert_eq!(ada.get(&format!("/held/{id}")).await.status, StatusCode::OK);
    }
    for state in ["discarded", "released"] {
        let list = format!("/held?state={state}");
        assert!(!hal.get(&list).await.says("Secret"), "{state}");
        assert!(ada.get(&list).await.says("Secret"), "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_offers_the_names_of_those_whom_it_would_tell() {
    let settings = DeskSettings { helpers_see: Reach::Assigned, ..DeskSettings::default() };
    let desk = TestDesk::with(settings, |_| {}).await;
    desk.mail_does_not_matter();
    let zoe = desk.add(Role::Helper, "Zoe", "zoe@desk.test").await;
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    assign(&desk.desk, &desk.ada, number, None, Some(desk.hal.id)).await.unwrap();
    let page = Browser::of(&desk, &desk.hal).await.get(&format!("/tickets/{number}")).await;
    assert!(page.says("data-handle=\"ada\"") && !page.says("data-handle=\"zoe\""), "{}", page.text());
    assign(&desk.desk, &desk.ada, number, None, Some(zoe.id)).await.unwrap();
    let page = Browser::of(&desk, &desk.ada).await.get(&format!("/tickets/{number}")).await;
    assert!(page.says("data-handle=\"zoe\"") && !page.says("data-handle=\"hal\""), "{}", page.text());
}
