-- Originals of messages expire where the configuration asks for it (desk.keep_raw): their octets go, everything else stays.
alter table messages add column expired_at bigint;  -- null: it has its octets, or was erased with them
-- What is to expire next, the oldest first.
create index messages_to_expire on messages (stored_at) where expired_at is null;

-- What a row names whose octets expired (store/expiries.rs). No content has this hash. A content that was taken away so keeps its row:
-- packing `leaving` while its file is still there, then `gone`.
insert into blobs (sha256, size, packing, bytes, stored_at) values ('0000000000000000000000000000000000000000000000000000000000000001', 0, 'gone', ''::bytea, 0);
create index blobs_leaving on blobs (sha256) where packing = 'leaving';
