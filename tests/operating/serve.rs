//! The daemon where it cannot start.

use std::net::TcpListener;

use crate::shell::Shell;

#[test]
fn an_address_that_is_taken_is_named_in_a_line_without_colours_where_no_terminal_is() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _other = TcpListener::bind(taken).unwrap();
    let shell = Shell::with(&format!("public_url = \"http://localhost:{}\"\nlisten = \"{taken}\"\ndata_dir = \"data\"", taken.port()));
    let said = shell.run("serve");
    assert_eq!(said.code, Some(1));
    assert!(said.text.contains(&format!("listen: {taken} cannot be had; `maildesk check` says why")), "{}", said.text);
    assert!(!said.text.contains('\u{1b}'), "{:?}", said.text);
}
