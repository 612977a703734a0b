use crate::shell::{NOBODY, Shell, web_server};

#[test]
fn a_daemon_that_is_well_ends_with_0() {
    let daemon = web_server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let said = Shell::with(&format!("public_url = \"https://desk.test\"\nlisten = \"{daemon}\"")).run("healthz");
    assert_eq!((said.text.as_str(), said.code), ("ok\n", Some(0)));
}

#[test]
fn a_daemon_that_is_unwell_says_so_and_ends_with_1() {
    let daemon = web_server("HTTP/1.1 503 Service Unavailable\r\n\r\nmailbox \"sales\": not checked for 12 min");
    let listen = format!("0.0.0.0:{}", daemon.port());
    let said = Shell::with(&format!("public_url = \"https://desk.test\"\nlisten = \"{listen}\"")).run("healthz");
    assert_eq!((said.text.as_str(), said.code), ("mailbox \"sales\": not checked for 12 min\n", Some(1)));
}

#[test]
fn no_daemon_ends_with_1() {
    let said = Shell::with(&format!("public_url = \"https://desk.test\"\nlisten = \"{NOBODY}\"")).run("healthz");
    assert_eq!(said.code, Some(1));
    assert!(said.text.starts_with(&format!("maildesk does not answer on {NOBODY}: ")), "{}", said.text);
}
