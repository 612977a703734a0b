//! What must hold once everything is over: MAIL.md, I1 to I8.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use maildesk::store::blobs::ContentHash;

use super::{helper::Told, place::Place};
use crate::daemon::SUPPORT;

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub faults: BTreeMap<&'static str, usize>,
    pub hits: usize,
    pub mails: usize,
    pub duplicates: usize,
    pub bounces: usize,
    pub tickets: i64,
    pub held: i64,
    /// Different mails that reached somebody.
    pub answers: usize,
    pub further_copies: usize,
    pub lost: usize,
    pub damaged: usize,
    pub doubled: i64,
    pub told_twice: i64,
    pub helped: usize,
    pub ended_by_itself: usize,
    pub slowest_return: Duration,
    pub slowest_end: Duration,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        for (kind, n) in &other.faults {
            *self.faults.entry(kind).or_default() += n;
        }
        self.hits += other.hits;
        self.mails += other.mails;
        self.duplicates += other.duplicates;
        self.bounces += other.bounces;
        self.tickets += other.tickets;
        self.held += other.held;
        self.answers += other.answers;
        self.further_copies += other.further_copies;
        self.lost += other.lost;
        self.damaged += other.damaged;
        self.doubled += other.doubled;
        self.told_twice += other.told_twice;
        self.helped += other.helped;
        self.ended_by_itself += other.ended_by_itself;
        self.slowest_return = self.slowest_return.max(other.slowest_return);
        self.slowest_end = self.slowest_end.max(other.slowest_end);
    }

    pub fn print(&self) {
        println!("{} faults:", self.hits);
        for (kind, n) in &self.faults {
            println!("    {n:5}  {kind}");
        }
        println!(
            "{} mails ({} of them once more the same, {} reports), {} tickets, {} held, {} answers of a helper",
            self.mails, self.duplicates, self.bounces, self.tickets, self.held, self.helped
        );
        println!("{} different mails to people, {} further copies of one that was in flight", self.answers, self.further_copies);
        println!(
            "{} lost, {} doubled, {} told twice; {} changed on an unprotected wire and kept as they came",
            self.lost, self.doubled, self.told_twice, self.damaged
        );
        println!(
            "back at work after at most {:.1} s; SIGTERM took at most {:.1} s; the daemon ended by itself {} times",
            self.slowest_return.as_secs_f64(),
            self.slowest_end.as_secs_f64(),
            self.ended_by_itself
        );
    }
}

/// Looks at everything.
pub async fn judge(place: &Place, faults: &[(&'static str, bool)]) -> Counts {
    let mut counts = Counts { duplicates: place.letters.duplicates, slowest_return: place.slowest_return, ..Counts::default() };
    for (kind, _) in faults.iter().filter(|(_, hit)| *hit) {
        *counts.faults.entry(kind).or_default() += 1;
        counts.hits += 1;
    }
    counts.ended_by_itself = place.processes.iter().map(|it| it.ended_by_itself).sum();
    counts.slowest_end = place.processes.iter().map(|it| it.longest_end).max().unwrap_or_default();
    every_mail_is_a_row(place, &mut counts).await;
    once_each(place, &mut counts).await;
    what_people_got(place, &mut counts).await;
    what_hal_was_told(place, &mut counts).await;
    agrees(place, &counts).await;
    assert_eq!((counts.lost, counts.doubled, counts.told_twice), (0, 0, 0), "lost, doubled, told twice: {counts:?}");
    counts
}

/// I1, I2: whatever lay on the server is in the ledger, octet for octet (`verify` reads each content against its hash).
async fn every_mail_is_a_row(place: &Place, counts: &mut Counts) {
    let rows = place.rows.as_ref().unwrap();
    let kept: BTreeSet<String> = rows.texts("select sha256 from messages".to_owned()).await.into_iter().collect();
    let mails: Vec<_> = ["INBOX", "Processed"].iter().flat_map(|folder| place.world.messages(SUPPORT, folder)).collect();
    counts.mails = mails.len();
    counts.bounces = mails.len() - place.letters.delivered;
    let here: BTreeSet<String> = mails.iter().map(|it| ContentHash::of(&it.raw).as_str().to_owned()).collect();
    let lacking = here.difference(&kept).count();
    // A row that is none of them is one that an unprotected wire changed: at most one for each octet that it changed.
    let changed = kept.difference(&here).count();
    let corrupted = usize::try_from(place.imap.corrupted()).unwrap();
    assert!(
        changed <= if place.wiring.tls { 0 } else { corrupted },
        "{changed} rows are no mail that was delivered, {corrupted} octets were changed"
    );
    (counts.lost, counts.damaged) = (lacking.saturating_sub(changed), changed);
    counts.tickets = place.count("select count(*) from tickets").await;
    counts.held = place.count("select count(*) from messages where decision = 'hold' and reason like '%twice%'").await;
}

/// I3, I5: one comment for a message, one ticket for a request, one receipt for a ticket, one mail to each for a reply.
async fn once_each(place: &Place, counts: &mut Counts) {
    counts.doubled = place
        .count(
            "select (select count(*) from (select message from comments where message is not null group by message having count(*) > 1) a)
            + (select count(*) from (select requester from tickets group by requester having count(*) > 1) b)",
        )
        .await;
    counts.told_twice = place
        .count(
            "select count(*) from (select d.address from deliveries d join outbox o on o.id = d.outbox where o.kind in ('receipt', 'reply', 'relay')
                group by d.address, o.kind, case o.kind when 'receipt' then o.ticket else o.comment end having count(*) > 1) a",
        )
        .await;
}

/// I5, I7: what reached people was owed, and what was owed reached them; a further copy bears the same Message-ID.
async fn what_people_got(place: &Place, counts: &mut Counts) {
    let rows = place.rows.as_ref().unwrap();
    let owed: BTreeSet<String> = rows.texts("select message_id from outbox".to_owned()).await.into_iter().map(bare).collect();
    let mut reached = BTreeSet::new();
    for address in place.world.addresses().into_iter().filter(|it| it != SUPPORT) {
        let mails = place.world.messages(&address, "INBOX");
        let ids: BTreeSet<String> =
            mails.iter().filter_map(|it| maildesk::mail::parse::read(&it.raw).message_id).map(|it| bare(it.to_string())).collect();
        assert!(ids.is_subset(&owed), "{address} got a mail that nothing owes: {ids:?}");
        counts.answers += ids.len();
        counts.further_copies += mails.len() - ids.len();
        reached.extend(ids.into_iter().map(|it| (address.clone(), it)));
    }
    let sent = rows
        .texts("select d.address || ' ' || o.message_id from deliveries d join outbox o on o.id = d.outbox where d.state = 'sent' and d.address not like '%@desk.test'".to_owned())
        .await;
    let missing: Vec<&String> = sent
        .iter()
        .filter(|it| it.split_once(' ').is_some_and(|(to, id)| !reached.contains(&(to.to_lowercase(), bare(id.to_owned())))))
        .filter(|it| !it.split('@').next().is_some_and(|c| c[1..].parse::<usize>().is_ok_and(|n| n % 9 == 5)))
        .collect();
    assert!(missing.is_empty(), "counted as sent and never there: {missing:?}");
    assert!(counts.further_copies <= counts.hits, "{} further copies after {} faults", counts.further_copies, counts.hits);
}

fn bare(id: String) -> String {
    id.trim_matches(['<', '>']).to_owned()
}

/// What the panel said was done was done once; what it said was not done was not; where it said nothing, at most once.
async fn what_hal_was_told(place: &Place, counts: &mut Counts) {
    for (words, told) in &place.answers {
        let n = place.count(&format!("select count(*) from comments where origin = 'staff' and body = '{words}'")).await;
        let (least, most) = match told {
            Told::Done => (1, 1),
            Told::NotDone => (0, 0),
            Told::Nothing => (0, 1),
        };
        assert!((least..=most).contains(&n), "Hal was told {told:?} of `{words}`, which is there {n} times");
        counts.helped += usize::try_from(n).unwrap();
    }
}

/// I8: the desk agrees with itself, and with the server.
async fn agrees(place: &Place, counts: &Counts) {
    let mut command = place.maildesk(&["verify", "--online", "--grace", "0s", "--json"]);
    let said = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    assert!(json["online"]["listed"].as_u64() == Some(counts.mails as u64), "{text}{}", String::from_utf8_lossy(&said.stderr));
    let findings: Vec<_> = json["findings"].as_array().unwrap().iter().collect();
    // A message that the wire changed on its way is not known again by its octets.
    let only_changed = findings.iter().all(|it| it["rule"] == "not-known" && it["count"].as_u64() <= Some(counts.damaged as u64));
    assert!(findings.is_empty() || only_changed, "{text}");
}
