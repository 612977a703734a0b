use proptest::prelude::*;

use super::{super::allowed::KEPT, *};

const LINK: &str = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";

#[test]
fn what_could_run_or_load_is_gone() {
    for (html, clean) in [
        ("<p onclick=x()>hi<script>x()</script></p>", "<p>hi</p>"),
        ("<a href='javascript:x()' title='https://bank.test'>l</a>", &format!("<a {LINK}>l</a>")),
        ("<a href='&#106;ava\tscript:x()'>l</a><a href='data:text/html,x'>m</a>", &format!("<a {LINK}>l</a><a {LINK}>m</a>")),
        ("<a href='/logout'>l</a><a href='//x.test/'>m</a>", &format!("<a {LINK}>l</a><a {LINK}>m</a>")),
        ("<img src=http://t.test/p.gif srcset='http://t.test/q.gif 2x'>a", "<img data-remote=\"http://t.test/p.gif\">a"),
        ("<img src=cid:1 onerror=x()>", "<img src=\"cid:1\">"),
        ("<img src=/attachments/1><img src=x alt=cat><img src='data:image/svg+xml,x'>", "<img alt=\"cat\">"),
        ("<svg><style><img src=x onerror=x()></style></svg>b", "b"),
        ("<math><mtext><table><mglyph><style><img src onerror=x()>", ""),
        ("<div style='color:red;position:fixed' class=a id=b name=c>t</div>", "<div style=\"color:red\">t</div>"),
        ("<form action=x><input name=q><button>go</button></form>", "go"),
        ("<iframe src=x>no</iframe><base href=x><meta http-equiv=refresh content=0>y", "y"),
        ("<noscript><p title=\"</noscript><img src=x onerror=x()>\"></noscript>z", "z"),
        ("<a href=cid:1>x</a><td background=http://t.test/>", &format!("<a {LINK}>x</a>")),
        ("<table width=99999 cellpadding=9999><td colspan=65534 align=evil>c", "<table><tbody><tr><td>c</td></tr></tbody></table>"),
    ] {
        assert_eq!(sanitise(html).html, clean, "{html}");
    }
}

#[test]
fn remote_pictures_are_counted_keep_their_address_and_load_nothing() {
    let clean =
        sanitise("<img src=https://a.test/1 width=40><img src='//b.test/2'><img src=cid:x><img><img src=https://t.test/ width=1 height=1>");
    assert_eq!(clean.remote_images, 2);
    assert_eq!(clean.html, "<img data-remote=\"https://a.test/1\" width=\"40\"><img data-remote=\"https://b.test/2\"><img src=\"cid:x\">");
    assert_eq!(sanitise(&clean.html), clean);
    assert_eq!(sanitise("<img data-remote='javascript:x()' alt=a>").html, "<img alt=\"a\">");
}

#[test]
fn long_text_and_long_attributes_take_no_longer_than_short_ones() {
    let clean = sanitise(&format!("{}<p title='{}'>x", "&amp;".repeat(20_000), "&lt;".repeat(20_000))).html;
    assert_eq!(clean.matches("&amp;").count(), 20_000);
    assert_eq!(sanitise(&clean).html, clean);
}

#[test]
fn a_depth_bomb_is_shown_as_text_and_costs_little() {
    let clean = sanitise(&format!("{}boo<b>", "<div>".repeat(40_000)));
    assert_eq!(clean.html, "boo<br>");
}

#[test]
fn what_is_too_long_for_a_tree_is_text_and_stays_it() {
    for (piece, count) in [("<", 270_000), ("a \"b\" & <i>c</i>\u{a0}\u{1f5a8} ", 40_000)] {
        let clean = sanitise(&piece.repeat(count)).html;
        assert!(clean.len() > 1 << 20, "{piece}: {}", clean.len());
        assert!(clean.split('<').skip(1).all(|it| it.starts_with("br>") || it.starts_with("wbr>")), "{piece}");
        assert_eq!(sanitise(&clean).html, clean, "{piece}");
    }
}

#[test]
fn a_swarm_of_attributes_is_left_out_and_costs_little() {
    let swarm: String = (0..200_000).map(|at| format!("a{at:x} ")).collect();
    assert_eq!(sanitise(&format!("<p>seen</p><p {swarm}>lost</p>")).html, "<p>seen</p>");
    let many: String = (0..30).map(|at| format!("a{at}=1 ")).collect();
    assert_eq!(sanitise(&format!("<p {many}>x</p>").repeat(900)).html.len(), "<p>x</p>".len() * 900);
}

#[test]
fn a_long_comment_is_no_swarm() {
    let word =
        "<w:LsdException Locked=\"false\" Priority=\"0\" SemiHidden=\"false\" UnhideWhenUsed=\"false\" Name=\"Normal\"/>".repeat(376);
    assert_eq!(sanitise(&format!("<!--[if gte mso 9]><xml>{word}</xml><![endif]--><p>seen</p>")).html, "<p>seen</p>");
}

fn piece() -> impl Strategy<Value = String> {
    let tags = "<table>|<td>|</td>|<tr>|<a href='http://x.test/'>|</a>|<a>|<p>|</p>|<div>|</div>|<b>|</b>|<i>|<svg>|</svg>|<math>|<mtext>|<mglyph>|<style>|</style>|<script>|</script>|<title>|</title>|<noscript>|<textarea>|<img src=cid:1>|<img src=x onerror=y>|<img src=//x.test/ alt=a>|<li>|<ul>|</ul>|<blockquote>|<blockquote type=cite>|</blockquote>|<div class=gmail_quote>|<div id=divRplyFwdMsg>|<details>|<summary>|</details>|<div style='border-top:solid red 1pt;padding:3.0pt 0'>|<p style=\"position:fixed;color:red;margin:-1px\">|<select>|<option>|<template>|</template>|<form>|<!--|-->|<![CDATA[|]]>|&lt;script&gt;|&#x0;|<pre>\n|<caption>|<col>|<font color=red>|</font>|<nobr>|<h1>|<body>|<head>|<frameset>|<plaintext>|<annotation-xml encoding=text/html>|<foreignObject>|<desc>|<ruby>|<rt>|text";
    prop_oneof![4 => prop::sample::select(tags.split('|').map(str::to_owned).collect::<Vec<_>>()), 1 => "\\PC{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn sanitising_again_changes_nothing(pieces in prop::collection::vec(piece(), 0..30)) {
        let html = pieces.concat();
        for once in [sanitise(&html), sanitise_folding(&html)] {
            prop_assert_eq!(&sanitise(&once.html), &once);
        }
    }

    #[test]
    fn a_browser_reads_what_was_written(pieces in prop::collection::vec(piece(), 0..30)) {
        let clean = sanitise_folding(&pieces.concat()).html;
        prop_assert_eq!(reparsed(&clean), clean);
    }

    #[test]
    fn no_script_and_no_handler_survives(pieces in prop::collection::vec(piece(), 0..30)) {
        let clean = sanitise_folding(&pieces.concat()).html;
        let mut watch = Watch::default();
        scan::visit(&clean, &mut watch);
        prop_assert!(watch.bad.is_empty(), "{:?} in {}", watch.bad, clean);
    }
}

/// Through the tree that a browser builds, without cleaning: every element and attribute that is there is allowed to stay.
fn reparsed(html: &str) -> String {
    ammonia::Builder::new()
        .add_tags([
            "script", "style", "svg", "math", "form", "input", "template", "title", "textarea", "noscript", "font", "big", "center",
            "strike", "tt", "details", "summary", "figure",
        ])
        .clean_content_tags(Default::default())
        .add_generic_attributes([
            "style",
            "dir",
            "lang",
            "title",
            "align",
            "valign",
            "width",
            "height",
            "bgcolor",
            "color",
            "rel",
            "target",
            "data-remote",
            "onerror",
            "class",
            "id",
            "type",
        ])
        .add_url_schemes(["cid"])
        .link_rel(None)
        .clean(html)
        .to_string()
}

#[derive(Default)]
struct Watch {
    bad: Vec<String>,
}

impl Visitor for Watch {
    fn open(&mut self, tag: &Tag) {
        if !KEPT.contains(&&*tag.name) {
            self.bad.push(tag.name.to_string());
        }
        for it in &tag.attrs {
            let name = &*it.name.local;
            if name.starts_with("on")
                || matches!(name, "class" | "id" | "name" | "srcset")
                || it.value.trim_start().to_lowercase().starts_with("javascript")
                || (name == "style" && it.value.contains("position"))
            {
                self.bad.push(format!("{name}={}", it.value));
            }
        }
    }

    fn close(&mut self, _: &str) {}

    fn text(&mut self, _: &str) {}
}
