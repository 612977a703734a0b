-- The block list: what staff have said about a sender.  A rule that was taken off stays, as its own history.
create table sender_rules (
    id         integer primary key,
    pattern    text not null,                   -- ann@home.test, or @home.test with everything below it (desk/sender.rs)
    verdict    text not null,                   -- hold | never-hold
    note       text not null default '',
    made_by    integer not null references people (id),
    made_at    integer not null,
    removed_by integer references people (id),
    removed_at integer                          -- null: in force
);
-- "Is there a rule about this sender?", asked of every message; and one rule in force for each pattern.
create unique index sender_rules_in_force on sender_rules (pattern) where removed_at is null;

-- What the list of held mail shows and is narrowed by, kept when the message is held.
alter table messages add column held_for text;      -- desk/triage/held_for.rs
alter table messages add column held_rule integer references sender_rules (id);
alter table messages add column excerpt text;       -- the start of its text; null: held before this was kept
alter table messages add column files text;         -- JSON: name and size of each attachment
create index messages_by_rule on messages (held_rule) where held_rule is not null;
create index messages_held_for on messages (held, held_for, mailbox, id) where held is not null;
-- Undo: what a message came to, and what is owed about a ticket.
create index if not exists comments_by_message on comments (message) where message is not null;
create index if not exists outbox_by_ticket on outbox (ticket) where ticket is not null;

-- Of a trace, the last question is the one that decided.
update messages set held_for = case
    when trace like '%"question":"A new ticket?"%' then 'no-sender'
    when trace like '%"question":"A helper''s answer to a notice?"%' then 'doubtful-answer'
    when trace like '%"question":"Too many?"%' then 'too-many'
    when trace like '%"question":"Suspected?"%' then 'suspected'
    when trace like '%"question":"Written by a machine?"%' then 'automatic'
    when trace like '%"question":"A delivery report?"%' then 'delivery-report'
    when trace like '%"question":"Held"%' then 'by-hand'
    else 'unreadable' end where held is not null;
