//! A browser over a real socket, as far as pages need one: it keeps cookies and forms' tokens, and runs no script.

use std::{collections::BTreeMap, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Somebody's browser at one site.
pub struct Web {
    site: SocketAddr,
    cookies: BTreeMap<String, String>,
    token: String,
}

/// What a request came back with.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub location: String,
    pub text: String,
}

impl Page {
    /// Whether the page says this.
    #[allow(dead_code, reason = "each program of tests uses a part of this file")]
    pub fn says(&self, words: &str) -> bool {
        self.text.contains(words)
    }

    /// What follows `start` up to `end`, where it first stands.
    pub fn between(&self, start: &str, end: &str) -> Option<String> {
        Some(self.text.split_once(start)?.1.split_once(end)?.0.to_owned())
    }
}

impl Web {
    /// `http://127.0.0.1:8025`.
    pub fn at(url: &str) -> Self {
        let site = url.strip_prefix("http://").unwrap().parse().unwrap();
        Self { site, cookies: BTreeMap::new(), token: String::new() }
    }

    /// Opens a page; its form's token is kept for the next form.
    pub async fn get(&mut self, path: &str) -> Page {
        let page = self.ask("GET", path, "").await;
        if let Some(token) = page.between("name=\"csrf\" value=\"", "\"") {
            self.token = token;
        }
        page
    }

    /// Sends a form with the token of the last page.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = [("csrf", self.token.clone())];
        let token = token.iter().map(|(name, value)| (*name, value.as_str())).filter(|(_, value)| !value.is_empty());
        let body: Vec<String> = fields.iter().copied().chain(token).map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        self.ask("POST", path, &body.join("&")).await
    }

    /// What nobody else may know: cookies, and the last form's token.
    #[allow(dead_code, reason = "each program of tests uses a part of this file")]
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.cookies.values().chain([&self.token]).map(String::as_str).filter(|it| it.len() > 8)
    }

    /// Signs in at the panel.
    #[allow(dead_code, reason = "each program of tests uses a part of this file")]
    pub async fn sign_in(&mut self, email: &str, password: &str) {
        self.get("/login").await;
        let page = self.post("/login", &[("email", email), ("password", password)]).await;
        assert_eq!(page.status, 303, "{}", page.text);
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> Page {
        self.try_ask(method, path, body).await.unwrap()
    }

    /// The same where the site may be gone, or go in the middle of its answer.
    pub async fn try_ask(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<Page> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nCookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.site,
            cookies.join("; "),
            body.len()
        );
        let mut stream = TcpStream::connect(self.site).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer);
        if answer.contains("\r\n\r\n") { Ok(self.read(&answer)) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    }

    fn read(&mut self, answer: &str) -> Page {
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let mut page = Page { status: head[9..12].parse().unwrap(), location: String::new(), text: text.replace("&#x2f;", "/") };
        for (name, value) in head.lines().filter_map(|it| it.split_once(": ")) {
            match name.to_lowercase().as_str() {
                "location" => value.clone_into(&mut page.location),
                "set-cookie" => {
                    let (name, rest) = value.split_once('=').unwrap();
                    self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
                }
                _ => {}
            }
        }
        page
    }
}

/// For a form or a query.
pub fn encoded(text: &str) -> String {
    text.bytes().map(|it| if it.is_ascii_alphanumeric() { char::from(it).to_string() } else { format!("%{it:02X}") }).collect()
}
