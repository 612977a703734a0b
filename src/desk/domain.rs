//! Who is behind a domain: one house, or people who have nothing to do with each other.

/// What can be told from a domain's name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Somebody's own, as far as is known.
    Own,
    /// Anybody can have an address there: `gmail.com`.
    FreeMail,
    /// Below it domains are given to anybody: `com`, `co.uk`.
    Registry,
}

/// `domain` in lower case. The whole list of registries (publicsuffix.org) is long and changes; here are those of countries
/// under which most of the mail of their people comes.
#[must_use]
pub fn kind_of(domain: &str) -> Domain {
    let Some((first, rest)) = domain.split_once('.') else { return Domain::Registry };
    if REGISTRIES.iter().any(|(countries, names)| countries.contains(&rest) && names.contains(&first)) {
        return Domain::Registry;
    }
    if FREE_MAIL.contains(&domain) || (FREE_MAIL_ANYWHERE.contains(&first) && kind_of(rest) == Domain::Registry) {
        return Domain::FreeMail;
    }
    Domain::Own
}

/// Top-level domains, and the names below each of them that are no domain of somebody.
const REGISTRIES: &[(&[&str], &[&str])] = &[
    (&["uk"], &["co", "org", "me", "ltd", "plc", "net", "ac", "gov", "sch", "nhs", "police"]),
    (&["au"], &["com", "net", "org", "edu", "gov", "asn", "id"]),
    (&["nz"], &["co", "net", "org", "ac", "govt", "geek", "school", "iwi", "maori"]),
    (&["jp"], &["co", "or", "ne", "ac", "ad", "ed", "go", "gr", "lg"]),
    (&["kr"], &["co", "or", "ne", "re", "pe", "go", "ac"]),
    (&["in"], &["co", "net", "org", "gen", "firm", "ind", "ac", "edu", "gov", "nic", "res"]),
    (&["id", "th"], &["co", "or", "ac", "go", "in", "net", "web", "my", "sch", "mi"]),
    (&["za", "il", "ke", "ug", "tz", "zw", "bw", "ae"], &["co", "org", "net", "ac", "or", "go", "gov", "ne", "sch", "web", "muni"]),
    (&["br", "tr", "cn", "tw", "hk", "sg", "my", "ph", "vn", "ua"], &["com", "net", "org", "gov", "edu", "art", "gen", "bel", "ac", "in"]),
    (&["ar", "mx", "pe", "ve", "ec", "uy", "py", "bo", "co", "cl", "gt", "do"], &["com", "net", "org", "gob", "gov", "edu", "mil", "nom"]),
    (&["ng", "gh", "eg", "sa", "pk", "bd", "np", "lk", "kw", "qa", "lb"], &["com", "net", "org", "edu", "gov"]),
    (&["pl", "es", "pt", "gr", "ro", "ru", "cy", "mt"], &["com", "net", "org", "edu", "gov", "nom", "info", "biz"]),
    (&["at", "hu", "rs", "cr"], &["co", "or", "ac", "gv", "org", "go"]),
    (&["fr"], &["asso", "com", "gouv", "nom"]),
];

/// Houses that give an address to whoever asks, the largest of many countries.
const FREE_MAIL: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "aol.com",
    "msn.com",
    "mail.com",
    "fastmail.com",
    "zoho.com",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "tutanota.com",
    "tuta.io",
    "hey.com",
    "posteo.de",
    "mailbox.org",
    "web.de",
    "t-online.de",
    "freenet.de",
    "arcor.de",
    "bluewin.ch",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "laposte.net",
    "sfr.fr",
    "libero.it",
    "virgilio.it",
    "tiscali.it",
    "alice.it",
    "telenet.be",
    "skynet.be",
    "ziggo.nl",
    "kpnmail.nl",
    "btinternet.com",
    "virginmedia.com",
    "sky.com",
    "talktalk.net",
    "comcast.net",
    "verizon.net",
    "att.net",
    "bellsouth.net",
    "cox.net",
    "charter.net",
    "sbcglobal.net",
    "rogers.com",
    "shaw.ca",
    "bigpond.com",
    "optusnet.com.au",
    "xtra.co.nz",
    "uol.com.br",
    "bol.com.br",
    "terra.com.br",
    "seznam.cz",
    "centrum.cz",
    "wp.pl",
    "o2.pl",
    "onet.pl",
    "interia.pl",
    "abv.bg",
    "ukr.net",
    "mail.ru",
    "bk.ru",
    "inbox.ru",
    "list.ru",
    "rambler.ru",
    "ya.ru",
    "qq.com",
    "foxmail.com",
    "163.com",
    "126.com",
    "sina.com",
    "sina.cn",
    "naver.com",
    "daum.net",
    "hanmail.net",
    "rediffmail.com",
];

/// Those that have a domain in many countries: `yahoo.fr`, `hotmail.co.uk`.
const FREE_MAIL_ANYWHERE: &[&str] = &["yahoo", "ymail", "hotmail", "outlook", "live", "gmx", "yandex"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_can_have_is_told_from_what_is_somebodys() {
        for (domain, kind) in [
            ("com", Domain::Registry),
            ("uk", Domain::Registry),
            ("co.uk", Domain::Registry),
            ("com.au", Domain::Registry),
            ("co.jp", Domain::Registry),
            ("com.br", Domain::Registry),
            ("gmail.com", Domain::FreeMail),
            ("yahoo.fr", Domain::FreeMail),
            ("hotmail.co.uk", Domain::FreeMail),
            ("shop.test", Domain::Own),
            ("shop.co.uk", Domain::Own),
            ("co.test", Domain::Own),
            ("mail.gmail.test", Domain::Own),
            ("live.shop.test", Domain::Own),
        ] {
            assert_eq!(kind_of(domain), kind, "{domain}");
        }
    }
}
