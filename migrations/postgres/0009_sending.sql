-- Sending: what a person waits for leaves first, leases that end soon, how each account is doing, and what was not sent.

-- 0: somebody's words, or a link that somebody waits for; 1: what the desk wrote by itself.
alter table deliveries add column rank bigint not null default 1;
-- Its author was told that it did not arrive: once for each recipient.
alter table deliveries add column told_at bigint;
-- Somebody said that nothing more is to be done about it; its state stays what it is.
alter table deliveries add column set_aside_at bigint;
alter table deliveries add column set_aside_by bigint references people (id);
-- The copy that this one was sent in place of, to another address.
alter table deliveries add column instead_of bigint references deliveries (id);

update deliveries set rank = 0 where outbox in (select id from outbox where kind in ('reply', 'link'));
-- Whoever leased them by the older rules is gone when this runs.
update deliveries set lease_owner = null, lease_until = null where lease_owner is not null;

drop index deliveries_due;
-- The sender's question: what is due for the first time, and what is due again?
create index deliveries_first on deliveries (mailbox, rank, next_at, id) where state = 'waiting';
create index deliveries_again on deliveries (mailbox, next_at, id) where state in ('delayed', 'unknown');
-- A sender's own: what it has in hand.
create index deliveries_in_hand on deliveries (lease_owner) where lease_owner is not null;
-- The page of what was not sent, and its number in the navigation.
create index deliveries_not_sent on deliveries (id) where state in ('delayed', 'unknown', 'refused', 'bounced') and set_aside_at is null;
create index deliveries_late on deliveries (next_at) where state = 'waiting';

-- How the account behind each mailbox is doing: one truth for all instances, kept over a restart.
create table sending (
    mailbox     bigint primary key references mailboxes (id),
    minute_from bigint not null default 0,     -- when the minute began that is being counted
    minute_sent bigint not null default 0,     -- handed over in it
    troubles    bigint not null default 0,     -- of the account, in a row
    since       bigint,                        -- when they began; null: it works
    quiet_until bigint,                        -- nothing is tried before
    words       text                            -- the server's own
);
