//! What the comment of a mail shows: the same when it comes in and when it is read again.

use crate::{
    actions::{NewFile, carry_out::files},
    desk::{
        comment::CommentText,
        encrypted::Encrypted,
        message::{Forwarded, IncomingMessage},
    },
};

/// The words and files of a mail, fit to be kept.
pub(super) struct MailWords {
    pub text: CommentText,
    pub quoted: String,
    pub html: Option<String>,
    pub remote_images: usize,
    pub files: Vec<NewFile>,
}

impl MailWords {
    /// Of whoever wrote it. Where nothing is new in it, all of it is shown.
    pub fn of(message: &IncomingMessage) -> Self {
        let nothing_new = message.reply.trim().is_empty();
        let cut = [message.quoted.as_str(), message.signature.as_str()];
        let cut = cut.iter().filter(|it| !it.is_empty()).copied().collect::<Vec<_>>().join("\n\n");
        let words = if nothing_new { &message.text } else { &message.reply };
        let unreadable = message.encrypted.filter(|_| words.trim().is_empty()).map(Encrypted::in_place_of_words);
        let words = unreadable.as_ref().unwrap_or(words);
        let words = message
            .invitation
            .as_ref()
            .filter(|it| it.trim() != message.text.trim())
            .map_or_else(|| words.clone(), |it| format!("{}\n\n{it}", words.trim_end()));
        Self {
            text: CommentText::from_mail(&words),
            quoted: if nothing_new { String::new() } else { cut.replace('\0', "") },
            html: message.html.as_deref().map(|it| it.replace('\0', "")),
            remote_images: message.remote_images,
            files: files(&message.attachments, message.html.as_deref()),
        }
    }

    /// Of whoever answers a notice that a helper alone was sent, themselves or somebody whom it was shown: neither its quoted history nor
    /// its HTML, which hold what the notice said.
    pub fn of_answer_to_notice(message: &IncomingMessage, words: &str) -> Self {
        let text = CommentText::from_mail(words);
        Self { text, quoted: String::new(), html: None, remote_images: 0, files: files(&message.attachments, None) }
    }

    /// Of the customer whose mail a helper forwards: not what the helper wrote above.
    pub fn forwarded(mail: &Forwarded) -> Self {
        let text = CommentText::from_mail(&mail.text);
        Self { text, quoted: String::new(), html: None, remote_images: 0, files: files(&mail.files, None) }
    }
}
