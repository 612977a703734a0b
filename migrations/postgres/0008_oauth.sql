-- The OAuth 2.0 tokens of a mailbox, sealed (auth/seal.rs), and how their renewal stands.
create table tokens (
    mailbox       bigint primary key references mailboxes (id),
    purpose       text not null,                -- what they were given for (desk/oauth/client.rs)
    refresh_token bytea,                        -- null: none is needed, or none was given
    access_token  bytea,
    good_until    bigint,                       -- of the access token
    renewed_at    bigint,
    connected_at  bigint,                       -- when somebody agreed in the browser
    account       text,                         -- who that was
    failing_since bigint,
    error         text,
    remedy        text not null default 'wait', -- wait | connect | configure
    lease_owner   text,                         -- which instance renews: a refresh token that changes at each use is used by one
    lease_until   bigint,
    version       bigint not null default 0     -- grows with each token: whoever set out from an older one comes too late
);

-- A person was sent to an authorisation server and is expected back: once, in the same session, within minutes.
create table authorisations (
    state    text primary key,                  -- SHA-256 of what the browser brings back, 64 hex digits
    mailbox  bigint not null references mailboxes (id),
    session  text not null references sessions (id) on delete cascade,
    verifier bytea not null,                    -- sealed (RFC 7636)
    begun_at bigint not null
);
create index authorisations_by_session on authorisations (session);
