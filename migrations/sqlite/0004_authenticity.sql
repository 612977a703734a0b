-- What the mail server that a mailbox trusts says about who wrote a message (RFC 8601): `verified`, `not verified`
-- or `failed`, and the sentence for a person. Null: the mailbox trusts no server, or it was decided before this was kept.
alter table messages add column authenticity text;
alter table messages add column authenticity_why text;
