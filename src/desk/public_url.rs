//! Where people reach the panel: the only source of a link's host, never a request.

use std::fmt;

/// `https://desk.example.com`: scheme, host and port, no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
}

/// How a browser speaks to the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Cookies are `Secure`, HSTS is sent.
    Https,
    /// Passwords and sessions travel readable: for this machine, or a network that one trusts.
    Http,
}

/// Why a text is not a public URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAPublicUrl(&'static str);

impl PublicUrl {
    /// Reads `https://desk.example.com` or `http://127.0.0.1:8025`; one trailing slash is cut.
    ///
    /// # Errors
    /// Another scheme, no host, a port out of range, or anything after the host.
    pub fn parse(text: &str) -> Result<Self, NotAPublicUrl> {
        let (scheme, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (Scheme::Https, rest),
            (_, Some(rest)) => (Scheme::Http, rest),
            (None, None) => return Err(NotAPublicUrl("does not begin with https:// or http://")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(NotAPublicUrl("has a path; the panel needs a host of its own, such as https://desk.example.com"));
        }
        let (host, port) = split_port(authority)?;
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        if host.is_empty() || !host.chars().all(good) {
            return Err(NotAPublicUrl("has no plain host name; write it as https://desk.example.com (a name with accents as xn--…)"));
        }
        Ok(Self { scheme, host: host.to_ascii_lowercase(), port })
    }

    /// The address of a page: `path` begins with a slash.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// How a browser speaks to it.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether a password sent to it is safe from listeners: over TLS, or within this machine.
    #[must_use]
    pub fn protects_sign_ins(&self) -> bool {
        let host = self.host.trim_matches(['[', ']']);
        let this_machine = host == "localhost" || host.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback());
        self.scheme == Scheme::Https || this_machine
    }

    /// In lower case; an IPv6 address in its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// As given, or the scheme's own.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.scheme {
            Scheme::Https => 443,
            Scheme::Http => 80,
        })
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), NotAPublicUrl> {
    let host_ends = authority.rfind(']').map_or(0, |it| it + 1);
    match authority[host_ends..].rfind(':') {
        None => Ok((authority, None)),
        Some(at) => {
            let port = authority[host_ends + at + 1..].parse().ok().filter(|port| *port != 0);
            let port = port.ok_or(NotAPublicUrl("has a port that is not a number from 1 to 65535"))?;
            Ok((&authority[..host_ends + at], Some(port)))
        }
    }
}

/// An origin (RFC 6454): no trailing slash.
impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Https => "https",
            Scheme::Http => "http",
        };
        write!(f, "{scheme}://{}", self.host)?;
        match (self.port, self.scheme) {
            (None, _) | (Some(443), Scheme::Https) | (Some(80), Scheme::Http) => Ok(()),
            (Some(port), _) => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_browsers_write_an_origin() {
        for (given, origin, port) in [
            ("https://Desk.Example.com/", "https://desk.example.com", 443),
            ("https://desk.example.com:443", "https://desk.example.com", 443),
            ("http://127.0.0.1:8025", "http://127.0.0.1:8025", 8025),
            ("http://[::1]:8025", "http://[::1]:8025", 8025),
            ("http://[::1]", "http://[::1]", 80),
        ] {
            let url = PublicUrl::parse(given).unwrap();
            assert_eq!((url.to_string().as_str(), url.port()), (origin, port));
        }
    }

    #[test]
    fn what_no_link_could_begin_with_is_refused() {
        for text in
            ["desk.example.com", "ftp://x", "https://", "https://x/desk", "https://a b", "https://x:0", "https://x:99999", "https://u@x"]
        {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }
}
