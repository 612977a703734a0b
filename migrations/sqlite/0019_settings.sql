-- What a person sets while the desk runs.

-- What was chosen on the web for a key that the configuration file leaves open.
create table settings (
    id    integer primary key,
    name  text not null unique,                 -- as in the file: close_after
    value text not null                         -- as in the file: 7d
);

-- The same for one mailbox, and what is chosen on the web alone.
create table mailbox_settings (
    id      integer primary key,
    mailbox integer not null references mailboxes (id),
    name    text not null,                      -- notices, receipt, signature
    value   text not null
);
create unique index mailbox_settings_one on mailbox_settings (mailbox, name);

-- Mail as somebody wrote it, in the place of what is shipped.
create table mail_templates (
    id      integer primary key,
    kind    text not null,                      -- receipt, reply, …: the folders of templates/mail
    mailbox integer references mailboxes (id),  -- null: for every mailbox that has none of its own
    subject text not null,
    text    text not null,
    html    text not null,
    shipped text not null,                      -- SHA-256 of the shipped one that it was written over
    fault   text,                               -- why the shipped one was sent instead, last time
    changed_at integer not null,
    changed_by integer references people (id)
);
create unique index mail_templates_one on mail_templates (kind, coalesce(mailbox, 0));

-- What is done by itself with a new ticket, or with a customer's answer.
create table rules (
    id       integer primary key,
    position integer not null,                  -- asked in this order
    name     text not null unique,
    state    text not null,                     -- on | off
    says     text not null                      -- JSON: when, if, then (desk/rule.rs)
);

-- Mailboxes that were added on the web.  Their secrets are sealed under the desk's key.
create table mailbox_accounts (
    mailbox integer primary key references mailboxes (id),
    state   text not null,                      -- on | paused | removed
    says    text not null,                      -- as a [[mailbox]] of the configuration file, without its secrets
    secrets blob                                -- sealed
);
