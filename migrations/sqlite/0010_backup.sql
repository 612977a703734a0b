-- Backups, and what coming back from one leaves to be done.

-- Each backup that this desk made, or tried to.
create table backups (
    id          integer primary key,
    file        text not null,                  -- its path on the machine that made it
    made_by     text not null,                  -- schedule | hand
    began_at    integer not null,               -- the desk is in it as it was then
    ended_at    integer,                        -- null: under way, or the program ended
    seal        text unique,                    -- SHA-256 of the file up to its seal; null: it was not made
    size        integer,                        -- of the file
    verified_at integer,                        -- last time that it was found whole
    error       text,                           -- why it was not made, or what verifying it found
    removed_at  integer                         -- cleared away, being one of the old ones
);
-- The last verified one; those that may be cleared away.
create index backups_by_time on backups (began_at);

-- Each time that this desk came back from a backup. Mail that the server got before then is not answered by itself.
create table restores (
    id          integer primary key,
    backup_at   integer not null,               -- the desk was as it was then
    restored_at integer not null
);

-- Why a person must first say so before this copy leaves; null: it leaves when it is due.
alter table deliveries add column held_back text;
create index deliveries_held_back on deliveries (id) where held_back is not null;

-- Mail that the server got since then, and that was filed there, is looked for once more; null: nothing is missing.
alter table mailboxes add column look_again_since integer;
