//! What `maildesk demo` stands on, and the tests with it.

pub mod world;
