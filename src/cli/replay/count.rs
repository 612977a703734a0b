//! How many messages were read again, and what came of it.

use serde_json::{Value, json};

use crate::{
    actions::replay::{Extent, Reread},
    desk::replay::{Aspect, Mend},
};

/// The counts of one run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub read: usize,
    pub unchanged: usize,
    pub text: usize,
    pub quoted: usize,
    pub html: usize,
    pub attachments: usize,
    pub header: usize,
    pub threading: usize,
    /// Of these, moved.
    pub moved: usize,
    /// Of these, what a person must decide.
    pub left: usize,
    /// Helpers' words, which stay.
    pub kept: usize,
    pub not_read: usize,
    pub undecided: usize,
}

impl Count {
    /// One message more.
    pub fn add(&mut self, found: &Reread) {
        let finding = match found {
            Reread::NotRead(_) => {
                self.not_read += 1;
                return;
            }
            Reread::Read(finding) => finding,
        };
        self.read += 1;
        self.unchanged += usize::from(finding.is_unchanged());
        self.kept += usize::from(finding.kept.is_some() && finding.to_write() != finding.aspects);
        for aspect in finding.to_write() {
            *match aspect {
                Aspect::Text => &mut self.text,
                Aspect::Quoted => &mut self.quoted,
                Aspect::Html => &mut self.html,
                Aspect::Attachments => &mut self.attachments,
                Aspect::Header => &mut self.header,
            } += 1;
        }
        if let Some(threading) = &finding.threading {
            self.threading += 1;
            self.moved += usize::from(threading.moved.is_some());
            self.left += usize::from(matches!(threading.mend, Mend::Left(_)));
        }
    }

    /// For scripts.
    pub fn object(&self) -> Value {
        json!({ "summary": {
            "read": self.read, "unchanged": self.unchanged, "text": self.text, "quoted": self.quoted, "html": self.html,
            "attachments": self.attachments, "header": self.header, "threading": self.threading, "moved": self.moved, "left": self.left,
            "kept": self.kept, "not_read": self.not_read, "undecided": self.undecided,
        }})
    }

    /// For people, with what can be done next.
    pub fn page(&self, extent: Extent) -> String {
        let differ = self.read - self.unchanged;
        let mut page = format!("{} read: {} as before, {differ} otherwise\n", messages(self.read), self.unchanged);
        let what = [
            (self.text, "text"),
            (self.quoted, "quoted text"),
            (self.html, "HTML"),
            (self.attachments, "attachments"),
            (self.header, "header"),
            (self.threading, "threading"),
            (self.kept, "helpers’ words, which stay as they were sent"),
            (self.not_read, "cannot be read"),
            (self.undecided, "yet to be decided"),
        ];
        for (n, what) in what.into_iter().filter(|(n, _)| *n > 0) {
            page.push_str(&format!("  {n:>6}  {what}\n"));
        }
        page.push_str(&self.next(extent));
        page
    }

    fn next(&self, extent: Extent) -> String {
        let readings = self.text + self.quoted + self.html + self.attachments + self.header;
        let movable = self.threading - self.left;
        match extent {
            Extent::Show if readings + movable == 0 => "Nothing was written.\n".to_owned(),
            Extent::Show if movable == 0 => "Nothing was written: --apply writes it.\n".to_owned(),
            Extent::Show => "Nothing was written: --apply writes it, --apply --threads moves messages too.\n".to_owned(),
            Extent::Write if movable > 0 => {
                format!("Written; nothing was sent. {} would move with --threads.\n", messages(movable))
            }
            Extent::Write if readings == 0 => "Nothing was there to be written.\n".to_owned(),
            Extent::Write => "Written; nothing was sent.\n".to_owned(),
            Extent::WriteAndMove if readings + self.moved == 0 => "Nothing was there to be written.\n".to_owned(),
            Extent::WriteAndMove => format!("Written, {} moved; nothing was sent.\n", self.moved),
        }
    }
}

fn messages(n: usize) -> String {
    if n == 1 { "1 message".to_owned() } else { format!("{n} messages") }
}
