//! Where an authorisation server answers: an address that tokens and secrets may be sent to.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::desk::public_url::{PublicUrl, Scheme};

/// `https://login.example.com/oauth/token`: over TLS, or within this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebAddress {
    origin: PublicUrl,
    /// Path and query; begins with a slash.
    path: String,
}

/// Why a text is no such address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAWebAddress(&'static str);

impl WebAddress {
    /// Whether it is asked without TLS, which is for this machine alone.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.origin.scheme()
    }

    /// Name or address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.origin.host().trim_matches(['[', ']'])
    }

    /// As given, or the scheme's own.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.origin.port()
    }

    /// What a request calls the host: with its port, unless that is the scheme's own.
    #[must_use]
    pub fn authority(&self) -> String {
        let origin = self.origin.to_string();
        origin.split_once("://").map_or(origin.clone(), |(_, it)| it.to_owned())
    }

    /// Path and query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same with more in its query, which is form-encoded already.
    #[must_use]
    pub fn with_query(&self, query: &str) -> String {
        let joint = if self.path.contains('?') { '&' } else { '?' };
        format!("{self}{joint}{query}")
    }
}

impl FromStr for WebAddress {
    type Err = NotAWebAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let begins = text.find("://").map_or(0, |it| it + 3);
        let ends = text[begins..].find(['/', '?']).map_or(text.len(), |it| begins + it);
        let (origin, path) = text.split_at(ends);
        if !path.chars().all(|c| c.is_ascii_graphic() && c != '#') {
            return Err(NotAWebAddress("has a space, a # or letters outside ASCII; write those as %20, or leave them out"));
        }
        let origin = PublicUrl::parse(origin).map_err(|_| NotAWebAddress("is no address such as https://login.example.com/oauth/token"))?;
        let here = origin.host() == "localhost" || origin.host().trim_matches(['[', ']']).parse().is_ok_and(|it: IpAddr| it.is_loopback());
        if origin.scheme() == Scheme::Http && !here {
            return Err(NotAWebAddress("would send tokens readable over the network; write https://…"));
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { origin, path })
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_a_port_and_a_path() {
        for (text, authority, host, port, path) in [
            ("https://login.test/oauth/token", "login.test", "login.test", 443, "/oauth/token"),
            ("https://login.test:8443/token?p=1", "login.test:8443", "login.test", 8443, "/token?p=1"),
            ("https://login.test", "login.test", "login.test", 443, "/"),
            ("https://login.test?p=1", "login.test", "login.test", 443, "/?p=1"),
            ("http://[::1]:9000/t", "[::1]:9000", "::1", 9000, "/t"),
        ] {
            let address: WebAddress = text.parse().unwrap();
            assert_eq!((address.authority().as_str(), address.host(), address.port(), address.path()), (authority, host, port, path));
        }
        let asked: WebAddress = "https://login.test/a?p=1".parse().unwrap();
        assert_eq!(asked.with_query("b=2"), "https://login.test/a?p=1&b=2");
    }

    #[test]
    fn what_would_send_a_secret_in_the_open_is_refused() {
        for (text, why) in [
            ("http://login.test/token", "readable"),
            ("ftp://login.test/", "no address"),
            ("login.test/token", "no address"),
            ("https://user:word@login.test/", "no address"),
            ("https://login.test/a b", "space"),
            ("https://login.test/a\r\nX: y", "space"),
        ] {
            assert!(text.parse::<WebAddress>().unwrap_err().to_string().contains(why), "{text}");
        }
    }
}
