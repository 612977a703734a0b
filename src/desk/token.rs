//! What we put into our mail to know an answer again: Message-IDs and reply addresses that carry a MAC.
//!
//! `<1042.7.RANDOM.MAC@domain>` is a mail about ticket 1042 that only person 7 was given (0: its public conversation);
//! `support+1042.7.MAC@domain` is where an answer to it goes. Letters are lower case: some servers fold them.

use crate::desk::{
    address::EmailAddress,
    id::{PersonId, TicketNumber},
    message::MessageId,
};

/// What a MAC is made of and checked with: the text in, 32 bytes out. The key is `auth`'s.
pub type Sign<'a> = &'a dyn Fn(&str) -> [u8; 32];

/// What a valid token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Which ticket.
    pub ticket: TicketNumber,
    /// The one helper who was given it; none: it went to the customer and participants.
    pub person: Option<PersonId>,
}

/// A new Message-ID of ours. `random` is 128 random bits in letters and digits.
#[must_use]
pub fn message_id(ticket: Option<TicketNumber>, person: Option<PersonId>, random: &str, domain: &str, sign: Sign<'_>) -> String {
    let (ticket, person) = (ticket.map_or(0, |it| it.0), person.map_or(0, |it| it.0));
    let mac = short(sign(&format!("message-id {ticket} {person} {random}")));
    format!("{ticket}.{person}.{random}.{mac}@{domain}")
}

/// Whether this Message-ID is ours and what it says; none when it is not, or its MAC is wrong, or it is about no ticket.
#[must_use]
pub fn read_message_id(id: &MessageId, sign: Sign<'_>) -> Option<Signed> {
    let (ticket, person) = ours(id, sign)?;
    signed(ticket, person)
}

/// Whether this Message-ID is ours: its MAC is right, whatever it is about.
#[must_use]
pub fn is_our_message_id(id: &MessageId, sign: Sign<'_>) -> bool {
    ours(id, sign).is_some()
}

fn ours(id: &MessageId, sign: Sign<'_>) -> Option<(i64, i64)> {
    let local = id.as_str().split('@').next()?.to_lowercase();
    let [ticket, person, random, mac] = local.split('.').collect::<Vec<_>>().try_into().ok()?;
    let (ticket, person) = (number(ticket)?, number(person)?);
    same(mac, &short(sign(&format!("message-id {ticket} {person} {random}")))).then_some((ticket, person))
}

/// Where an answer about `ticket` goes: the mailbox's address with a signed sub-address (RFC 5233).
#[must_use]
pub fn reply_address(mailbox: &EmailAddress, signed: Signed, sign: Sign<'_>) -> Option<EmailAddress> {
    let (ticket, person) = (signed.ticket.0, signed.person.map_or(0, |it| it.0));
    let mac = short(sign(&format!("reply-to {ticket} {person}")));
    format!("{}+{ticket}.{person}.{mac}@{}", mailbox.local(), mailbox.domain()).parse().ok()
}

/// What a signed reply address says; none when there is no sub-address, or its MAC is wrong.
#[must_use]
pub fn read_reply_address(address: &EmailAddress, sign: Sign<'_>) -> Option<Signed> {
    let detail = address.detail()?.to_lowercase();
    let [ticket, person, mac] = detail.split('.').collect::<Vec<_>>().try_into().ok()?;
    let (ticket, person) = (number(ticket)?, number(person)?);
    same(mac, &short(sign(&format!("reply-to {ticket} {person}")))).then_some(())?;
    signed(ticket, person)
}

/// A text in which every signed reply address that a helper was given is the mailbox’s plain address: whoever has one may be taken for them.
#[must_use]
pub fn without_helpers_addresses(text: &str, sign: Sign<'_>) -> String {
    let between = |c: char| c.is_whitespace() || "<>()[]{}\"',;:*|".contains(c);
    let mut said = String::with_capacity(text.len());
    for piece in text.split_inclusive(between) {
        let word = piece.trim_end_matches(between);
        let address = Some(word).filter(|it| it.contains('+')).and_then(|it| it.trim_end_matches('.').parse::<EmailAddress>().ok());
        match address.filter(|it| read_reply_address(it, sign).is_some_and(|it| it.person.is_some())) {
            Some(address) => {
                said += address.without_detail().as_str();
                said += &piece[word.trim_end_matches('.').len()..];
            }
            None => said += piece,
        }
    }
    said
}

/// Whether a text holds a signed reply address that a helper was given.
#[must_use]
pub fn gives_away(text: &str, sign: Sign<'_>) -> bool {
    text.contains('+') && without_helpers_addresses(text, sign) != text
}

/// Whether it has the form of a signed reply address, ours or another desk's: whoever writes there answers, whatever it proves.
#[must_use]
pub fn has_the_form_of_one(address: &EmailAddress) -> bool {
    let detail = address.detail().unwrap_or_default();
    matches!(detail.split('.').collect::<Vec<_>>()[..], [ticket, person, mac] if number(ticket).is_some() && number(person).is_some() && mac.len() == 16)
}

/// The value of our loop header on a new mail.
#[must_use]
pub fn loop_mark(random: &str, sign: Sign<'_>) -> String {
    format!("{random}.{}", short(sign(&format!("loop {random}"))))
}

/// Whether a loop header is ours: another desk's, or an invented one, carries no weight.
#[must_use]
pub fn is_our_loop_mark(value: &str, sign: Sign<'_>) -> bool {
    let value = value.trim().to_lowercase();
    value.split_once('.').is_some_and(|(random, mac)| same(mac, &short(sign(&format!("loop {random}")))))
}

fn signed(ticket: i64, person: i64) -> Option<Signed> {
    (ticket > 0).then_some(Signed { ticket: TicketNumber(ticket), person: (person > 0).then_some(PersonId(person)) })
}

/// Digits alone: `+7` and `07` are not what we wrote.
fn number(text: &str) -> Option<i64> {
    let plain = text == "0" || (!text.starts_with('0') && text.len() <= 18 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
    plain.then(|| text.parse().ok()).flatten()
}

/// 80 bits, as 16 letters and digits.
fn short(mac: [u8; 32]) -> String {
    data_encoding::BASE32_NOPAD.encode(&mac[..10]).to_lowercase()
}

/// Compares every byte, whatever the first difference.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(text: &str) -> [u8; 32] {
        let mut mac = [7_u8; 32];
        for byte in text.bytes() {
            for (at, it) in mac.iter_mut().enumerate() {
                *it = it.wrapping_mul(31).wrapping_add(byte).rotate_left(u32::try_from(at % 7).unwrap());
            }
        }
        mac
    }

    #[test]
    fn a_signed_reply_address_is_known_by_its_form_whoever_signed_it() {
        for (address, has) in [
            ("support+39.0.xoxa352k33dabn6q@desk.test", true),
            ("support+39.7.xoxa352k33dabn6q@desk.test", true),
            ("support+39@desk.test", false),
            ("support+a.b.xoxa352k33dabn6q@desk.test", false),
            ("support@desk.test", false),
        ] {
            assert_eq!(has_the_form_of_one(&address.parse().unwrap()), has, "{address}");
        }
    }

    #[test]
    fn a_helpers_address_is_taken_out_of_a_text_and_a_customers_stays() {
        let support: EmailAddress = "support@desk.test".parse().unwrap();
        let address = |person| reply_address(&support, Signed { ticket: TicketNumber(3), person }, &sign).unwrap();
        let (given, public) = (address(Some(PersonId(7))), address(None));
        let text = format!(
            "On Monday, Support <{given}> wrote to {public}, 1+1=2:\nmailto:{given}.\nann+shop@x.test {}",
            given.as_str().to_uppercase()
        );
        let said =
            "On Monday, Support <support@desk.test> wrote to PUBLIC, 1+1=2:\nmailto:support@desk.test.\nann+shop@x.test SUPPORT@DESK.TEST";
        assert_eq!(without_helpers_addresses(&text, &sign).to_lowercase(), said.replace("PUBLIC", public.as_str()).to_lowercase());
    }

    #[test]
    fn our_message_ids_are_known_again_and_others_are_not() {
        let made = message_id(Some(TicketNumber(1042)), Some(PersonId(7)), "k3f9", "desk.test", &sign);
        let read = |text: &str| read_message_id(&MessageId::parse(text).unwrap(), &sign);
        assert_eq!(read(&format!("<{made}>")), Some(Signed { ticket: TicketNumber(1042), person: Some(PersonId(7)) }));
        assert_eq!(read(&made.to_uppercase()), Some(Signed { ticket: TicketNumber(1042), person: Some(PersonId(7)) }));
        assert_eq!(read(&made.replacen("1042", "1043", 1)), None);
        assert_eq!(read(&made.replacen(".7.", ".8.", 1)), None);
        assert_eq!(read("CAF+x=1@mail.example"), None);
        let about_none = message_id(None, None, "k3f9", "desk.test", &sign);
        let is_ours = |text: &str| is_our_message_id(&MessageId::parse(text).unwrap(), &sign);
        assert!(is_ours(&made) && is_ours(&about_none) && read(&about_none).is_none());
        assert!(!is_ours(&about_none.replacen("k3f9", "k3f8", 1)) && !is_ours("CAF+x=1@mail.example"));
    }

    #[test]
    fn a_reply_address_says_whose_it_is() {
        let support = "support@desk.test".parse().unwrap();
        let given = Signed { ticket: TicketNumber(3), person: None };
        let address = reply_address(&support, given, &sign).unwrap();
        assert_eq!(read_reply_address(&address, &sign), Some(given));
        assert_eq!(address.without_detail(), support);
        assert_eq!(read_reply_address(&"support+3.9.aaaaaaaaaaaaaaaa@desk.test".parse().unwrap(), &sign), None);
    }

    #[test]
    fn a_loop_mark_of_another_desk_carries_no_weight() {
        assert!(is_our_loop_mark(&loop_mark("abc", &sign), &sign));
        assert!(!is_our_loop_mark("abc.aaaaaaaaaaaaaaaa", &sign));
        assert!(!is_our_loop_mark("yes", &sign));
    }
}
