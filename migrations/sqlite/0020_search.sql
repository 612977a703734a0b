-- The search: one row for each comment that was not taken back, with what it says, the subject of its ticket, its people and the names
-- of its files, folded and stemmed (store/search/index.rs).  The words themselves are kept nowhere twice.  Filled anew when the store
-- is opened for the first time: SQL cannot fold.
drop table search;
create virtual table search using fts5 (words, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 0 tokenchars '_'");
