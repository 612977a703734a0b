-- What people choose for themselves, besides theme, signature and how they write.
alter table people add column density   text not null default 'comfortable'; -- comfortable | compact
alter table people add column keys      text not null default 'on';          -- on | off: single-key shortcuts
alter table people add column time_zone text;                                -- IANA name; null: the desk's

-- Mail to helpers, by kind: at-once | never.  notify_new is about tickets that nobody has, notify_own about customers' answers.
alter table people add column notify_assigned   text not null default 'at-once';
alter table people add column notify_named      text not null default 'at-once';
alter table people add column notify_not_sent   text not null default 'at-once';
alter table people add column notify_colleagues text not null default 'at-once';
alter table people add column notify_due        text not null default 'at-once';
update people set notify_assigned = notify_own, notify_colleagues = notify_own, notify_due = notify_own;
