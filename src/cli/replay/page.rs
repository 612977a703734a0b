//! A message that differs, as a block for a person to read.

use jiff::tz::TimeZone;

use crate::{
    actions::{
        Desk,
        replay::{Extent, Finding, Threading},
    },
    cli::replay::{
        files,
        lines::{self, Line},
    },
    desk::{
        id::TicketNumber,
        replay::{Aspect, Header, Mend, Place, Title, Words},
    },
};

/// So many lines of a text are shown.
const MOST_LINES: usize = 16;

/// So many characters of a line are shown.
const WIDEST: usize = 110;

/// The block, with an empty line below it.
pub fn of(finding: &Finding, extent: Extent, desk: &Desk) -> String {
    let mut block = Block(String::new());
    block.line(0, &heading(finding, &desk.settings.time_zone));
    for aspect in &finding.aspects {
        let stays = match (aspect, finding.kept) {
            (Aspect::Header, _) | (_, None) => String::new(),
            (Aspect::Text | Aspect::Quoted | Aspect::Html | Aspect::Attachments, Some(why)) => format!(" (stays: {why})"),
        };
        block.line(1, &format!("{}{stays}", aspect.title()));
        if let (Some(then), Some(today)) = (&finding.then.words, &finding.today.words) {
            block.words(*aspect, then, today);
        }
        if *aspect == Aspect::Header {
            block.header(&finding.then.header, &finding.today.header);
            if let Some(title) = &finding.title {
                block.title(title, finding, desk);
            }
        }
    }
    if let Some(threading) = &finding.threading {
        block.threading(finding, threading, extent, desk);
    }
    block.0.push('\n');
    block.0
}

fn heading(finding: &Finding, zone: &TimeZone) -> String {
    let at = finding.received_at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let from = finding.today.header.sender.as_deref().unwrap_or("nobody named");
    let ticket = finding.ticket.map(|it| format!(", #{it}")).unwrap_or_default();
    format!("message {}{ticket}, {at}, {from}: {}", finding.id, finding.today.header.subject)
}

struct Block(String);

impl Block {
    fn line(&mut self, depth: usize, text: &str) {
        self.0.push_str(&"  ".repeat(depth));
        // A mail cannot draw on the terminal.
        self.0.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
        self.0.push('\n');
    }

    fn words(&mut self, aspect: Aspect, then: &Words, today: &Words) {
        match aspect {
            Aspect::Text => self.text(&then.text, &today.text),
            Aspect::Quoted => self.text(&then.quoted, &today.quoted),
            Aspect::Html => self.html(then, today),
            Aspect::Attachments => files::differences(&then.files, &today.files).iter().for_each(|it| self.line(2, it)),
            Aspect::Header => {}
        }
    }

    fn text(&mut self, then: &str, today: &str) {
        let all = lines::differences(then, today);
        for line in all.iter().take(MOST_LINES) {
            match line {
                Line::Removed(text) => self.line(2, &format!("- {}", short(text))),
                Line::Added(text) => self.line(2, &format!("+ {}", short(text))),
            }
        }
        if all.len() > MOST_LINES {
            self.line(2, &format!("… and {} lines more", all.len() - MOST_LINES));
        }
        if all.is_empty() {
            self.line(2, "other line ends alone");
        }
    }

    fn html(&mut self, then: &Words, today: &Words) {
        let size = |it: &Words| it.html.as_ref().map_or_else(|| "none".to_owned(), |it| files::size(it.len() as u64));
        self.line(2, &format!("{} before, {} today", size(then), size(today)));
        if then.remote_images != today.remote_images {
            self.line(2, &format!("pictures that lie elsewhere: {} before, {} today", then.remote_images, today.remote_images));
        }
    }

    fn header(&mut self, then: &Header, today: &Header) {
        let none = || "none".to_owned();
        let text = |it: &Option<String>| it.clone().unwrap_or_else(none);
        let verdict = |it: &Header| it.sender_check.as_ref().map_or_else(none, |(verdict, why)| format!("{verdict} ({why})"));
        for (what, then, today) in [
            ("Subject", then.subject.clone(), today.subject.clone()),
            ("From", text(&then.sender), text(&today.sender)),
            ("From, name", text(&then.sender_name), text(&today.sender_name)),
            ("Message-ID", text(&then.message_id), text(&today.message_id)),
            ("Sender is", verdict(then), verdict(today)),
            ("Begins", text(&then.excerpt), text(&today.excerpt)),
            ("Files", text(&then.files), text(&today.files)),
        ] {
            if then != today {
                self.line(2, &format!("- {what}: {}", short(&then)));
                self.line(2, &format!("+ {what}: {}", short(&today)));
            }
        }
    }

    fn title(&mut self, title: &Title, finding: &Finding, desk: &Desk) {
        let of = finding.ticket.map_or_else(|| "the ticket".to_owned(), |it| format!("#{it}"));
        if let Some(why) = &title.left {
            let is = short(&title.was);
            self.line(2, &format!("the title of {of} stays “{is}”: {why}; change it by hand ({})", address(finding, desk)));
            return;
        }
        self.line(2, &format!("- Title of {of}: {}", short(&title.was)));
        self.line(2, &format!("+ Title of {of}: {}", short(&title.would)));
    }

    fn threading(&mut self, finding: &Finding, threading: &Threading, extent: Extent, desk: &Desk) {
        self.line(1, "threading");
        self.line(2, &format!("- {}", place(threading.was, finding.ticket)));
        self.line(2, &format!("+ {}: {}", place(threading.would, None), threading.reason));
        let what = match (&threading.mend, threading.moved) {
            (_, Some(number)) => format!("moved to #{number}"),
            (Mend::Left(why), None) => format!("left: {why} ({})", address(finding, desk)),
            (Mend::MoveTo(_) | Mend::MoveToNew, None) if extent == Extent::Show => "would be moved by --apply --threads".to_owned(),
            (Mend::MoveTo(_) | Mend::MoveToNew, None) => "stays: --threads would move it".to_owned(),
        };
        self.line(2, &what);
    }
}

fn place(place: Place, of_its_own: Option<TicketNumber>) -> String {
    match (place, of_its_own) {
        (Place::Own, Some(number)) => format!("opened #{number}"),
        (Place::Own, None) => "a ticket of its own".to_owned(),
        (Place::Ticket(number), _) => format!("joined to #{number}"),
        (Place::Held, _) => "held".to_owned(),
        (Place::Bounce, _) => "a delivery report".to_owned(),
        (Place::Ignored, _) => "ignored".to_owned(),
    }
}

/// Where a person can do what is left to them.
fn address(finding: &Finding, desk: &Desk) -> String {
    match finding.ticket {
        Some(number) => desk.url.page(&format!("/tickets/{number}")),
        None => desk.url.page(&format!("/held/{}", finding.id)),
    }
}

fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(WIDEST).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
