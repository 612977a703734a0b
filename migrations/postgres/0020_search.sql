-- The search: one row for each comment that was not taken back, with what it says, the subject of its ticket, its people and the names
-- of its files, folded and stemmed (store/search/index.rs).  rowid: the comment.  Filled anew when the store is opened for the first
-- time: SQL cannot fold.
drop table search;
create table search (
    rowid bigint primary key,
    words tsvector not null
);
-- Which comments say a word.  No pending list: it would be read through by every search.
create index search_words on search using gin (words) with (fastupdate = off);
