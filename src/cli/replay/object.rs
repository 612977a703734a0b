//! A message that differs, as a JSON object for scripts.

use serde_json::{Value, json};

use crate::{
    actions::replay::{Extent, Finding, Reread, Threading},
    desk::{
        id::LedgerId,
        replay::{Aspect, File, Header, Mend, Place, Words},
    },
};

/// The whole of what differs, before and after.
pub fn of(id: LedgerId, found: &Reread, extent: Extent) -> Value {
    let finding = match found {
        Reread::NotRead(why) => return json!({ "message": id, "not_read": why }),
        Reread::Read(finding) => finding,
    };
    let changes: serde_json::Map<String, Value> =
        finding.aspects.iter().map(|it| (it.title().replace(' ', "_").to_lowercase(), change(finding, *it))).collect();
    let written = if extent == Extent::Show { Vec::new() } else { finding.to_write() };
    json!({
        "message": id,
        "received_at": finding.received_at,
        "ticket": finding.ticket,
        "from": finding.today.header.sender,
        "subject": finding.today.header.subject,
        "changes": changes,
        "title": finding.title.as_ref().map(|it| json!({ "before": it.was, "after": it.would, "left": it.left })),
        "kept": finding.kept,
        "written": written.iter().map(|it| it.title()).collect::<Vec<_>>(),
        "threading": finding.threading.as_ref().map(threading),
    })
}

fn change(finding: &Finding, aspect: Aspect) -> Value {
    let words = [&finding.then, &finding.today].map(|it| it.words.as_ref());
    let both = |of: fn(&Words) -> Value| json!({ "before": words[0].map(of), "after": words[1].map(of) });
    match aspect {
        Aspect::Text => both(|it| json!(it.text)),
        Aspect::Quoted => both(|it| json!(it.quoted)),
        Aspect::Html => both(|it| json!({ "html": it.html, "remote_images": it.remote_images })),
        Aspect::Attachments => both(|it| it.files.iter().map(file).collect()),
        Aspect::Header => json!({ "before": header(&finding.then.header), "after": header(&finding.today.header) }),
    }
}

fn file(file: &File) -> Value {
    let File { name, content_type, size, sha256, content_id } = file;
    json!({ "name": name, "content_type": content_type, "size": size, "sha256": sha256, "content_id": content_id })
}

fn header(header: &Header) -> Value {
    let verdict = header.sender_check.as_ref().map(|(verdict, _)| verdict);
    json!({
        "message_id": header.message_id, "sender": header.sender, "sender_name": header.sender_name, "subject": header.subject,
        "authenticity": verdict,
    })
}

fn threading(threading: &Threading) -> Value {
    let left = match &threading.mend {
        Mend::Left(why) => Some(why),
        Mend::MoveTo(_) | Mend::MoveToNew => None,
    };
    let (was, would) = (place(threading.was), place(threading.would));
    json!({ "was": was, "would": would, "why": threading.reason, "left": left, "moved_to": threading.moved })
}

fn place(place: Place) -> Value {
    match place {
        Place::Own => json!({ "is": "a ticket of its own" }),
        Place::Ticket(number) => json!({ "is": "joined", "ticket": number }),
        Place::Held => json!({ "is": "held" }),
        Place::Bounce => json!({ "is": "a delivery report" }),
        Place::Ignored => json!({ "is": "ignored" }),
    }
}
