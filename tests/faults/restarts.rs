//! Daemon, IMAP server and SMTP server restarted in any order: nobody is needed. SIGTERM ends in time.

use std::time::Duration;

use crate::daemon::{SUPPORT, Setting, customer, message};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_restarted_in_any_order_work_goes_on() {
    let setting = Setting::new().await;
    let mut n: usize = 0;
    let mut next = |world: &maildesk::demo::world::World| {
        world.deliver(SUPPORT, message(n).as_bytes());
        n += 1;
        i64::try_from(n).unwrap()
    };
    let daemon = setting.daemon();
    let so_far = next(&setting.world);
    setting.wait_for("select count(*) from deliveries where state = 'sent'", so_far).await;

    setting.world.stop_imap().await;
    setting.world.start_imap().await.unwrap();
    let so_far = next(&setting.world);
    setting.wait_for("select count(*) from deliveries where state = 'sent'", so_far).await;

    setting.world.stop_smtp().await;
    let so_far = next(&setting.world);
    setting.wait_for("select count(*) from tickets", so_far).await;
    // The server is the fault and not the mail: it waits as it is, and what ails the server is known.
    setting.wait_for("select count(*) from sending where words is not null", 1).await;
    setting.wait_for("select count(*) from deliveries where state = 'waiting' and attempts = 0", 1).await;
    setting.world.start_smtp().await.unwrap();

    let took = daemon.end();
    assert!(took < Duration::from_secs(15), "SIGTERM took {took:?}");
    let so_far = next(&setting.world);
    let daemon = setting.daemon();
    setting.wait_for("select count(*) from tickets", so_far).await;
    setting.wait_for("select count(*) from deliveries where state = 'sent'", so_far).await;
    for customer in (0..so_far).map(|it| customer(usize::try_from(it).unwrap())) {
        assert_eq!(setting.world.messages(&customer, "INBOX").len(), 1, "{customer}");
    }
    assert!(daemon.end() < Duration::from_secs(15));
}
