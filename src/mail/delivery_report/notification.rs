//! Bounces told as JSON: what Amazon SES sends through its notification service.

use serde_json::Value;

use crate::desk::message::{DeliveryReport, IncomingMessage, MessageId, ReportedAction, ReportedRecipient};

/// A bounce in the JSON of the text, and the sentence that says so.
pub(super) fn read(message: &IncomingMessage) -> Option<(DeliveryReport, String)> {
    let event = event(&message.text).filter(|it| kind(it) == Some("Bounce"))?;
    let bounce = &event["bounce"];
    let recipients = bounce["bouncedRecipients"].as_array().map(Vec::as_slice).unwrap_or_default();
    let action = if bounce["bounceType"] == "Transient" { ReportedAction::Delayed } else { ReportedAction::Failed };
    let recipients = recipients.iter().take(500).filter_map(|it| recipient(it, action)).collect();
    let original_message_id = original(&event["mail"]);
    Some((DeliveryReport { recipients, original_message_id }, "a bounce notification of Amazon SES".to_owned()))
}

/// Whether the text is a notification of a complaint.
pub(crate) fn is_complaint(message: &IncomingMessage) -> bool {
    event(&message.text).is_some_and(|it| kind(&it) == Some("Complaint"))
}

/// The first JSON object, once more opened where it is wrapped in an envelope.
fn event(text: &str) -> Option<Value> {
    let text = text.trim_start();
    if !text.starts_with('{') || !(text.contains("otificationType") || text.contains("eventType")) {
        return None;
    }
    let read = |text: &str| serde_json::Deserializer::from_str(text).into_iter::<Value>().next().and_then(Result::ok);
    // A line too long for the transport was cut with `!` and a line break.
    let value = read(text).or_else(|| read(&text.replace("\r\n", "\n").replace("!\n ", "").replace('\n', "")))?;
    match value["Message"].as_str() {
        Some(inner) => read(inner),
        None => Some(value),
    }
}

fn kind(event: &Value) -> Option<&str> {
    event["notificationType"].as_str().or_else(|| event["eventType"].as_str())
}

fn recipient(value: &Value, otherwise: ReportedAction) -> Option<ReportedRecipient> {
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let action = match value["action"].as_str() {
        Some("failed") => ReportedAction::Failed,
        Some("delayed") => ReportedAction::Delayed,
        _ => otherwise,
    };
    let diagnostic = text("diagnosticCode");
    let status = text("status").or_else(|| diagnostic.as_deref().and_then(super::reason::status));
    Some(ReportedRecipient { address: text("emailAddress")?, action, status, diagnostic })
}

fn original(mail: &Value) -> Option<MessageId> {
    let headers = mail["headers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = headers.iter().find(|it| it["name"].as_str().is_some_and(|it| it.eq_ignore_ascii_case("message-id")));
    let given = named.and_then(|it| it["value"].as_str()).or_else(|| mail["commonHeaders"]["messageId"].as_str());
    MessageId::parse(given.or_else(|| mail["messageId"].as_str())?)
}
