//! Puts the templates of pages and mail into the binary.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    minijinja_embed::embed_templates!("templates", &[".html", ".txt"]);
}
