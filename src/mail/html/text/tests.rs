//! HTML as text, in tables.

use super::*;

#[test]
fn html_reads_like_text() {
    for (html, text) in [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a <b>bold</b> <i>word</i>", "a bold word"),
        ("<ul><li>x<li>y</ul>", "* x\n* y"),
        ("<blockquote type=cite>q<br>r</blockquote>mine", "> q\n> r\n\nmine"),
        ("<style>p{}</style><title>t</title><script>x</script>see", "see"),
        ("<a href='http://x.test/'>here</a>", "here <http://x.test/>"),
        ("<a href='http://x.test/'>www.x.test</a><a href='http://x.test/a'>x.test/a</a>", "www.x.testx.test/a"),
        ("<a href='http://x.test/'>one</a> <a href='http://x.test'>two</a>", "one <http://x.test/> two"),
        ("<a href='mailto:ann@x.test?subject=hi'>Ann</a> <a href='tel:12'>12</a> <a href='#a'>up</a>", "Ann <ann@x.test> 12 up"),
        ("<ol start=3><li>c<ul><li>x</ul><li>d</ol>", "3. c\n   * x\n4. d"),
        ("<ol type=a><li><p>one</p><li><p>two</p></ol>after", "a. one\nb. two\nafter"),
        ("<table><tr><th>Item<th>Price<tr><td>Nut<td>2</table>", "Item  Price\nNut  2"),
        ("<table><tr><td>Name:<td>Ann<tr><td><td><b></b></table>", "Name: Ann"),
        ("<table><tr><td><p>one</p><p>two</p><td>three</table>", "one\n\ntwo\nthree"),
        ("<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\n\nd"),
        ("<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>b</p>", "a\n\nb"),
        ("<div>a</div><div><br></div><div>b<br></div><div>c</div>", "a\n\nb\nc"),
        ("<div style='display:none'>pre<div>header</div></div>Hello", "Hello"),
        ("<div hidden style='color:red'>x</div><div hidden>y</div><div hidden style='display:block'>Hello</div>", "Hello"),
        ("<div style='font-size:0'>gap<span style='font-size:12px'>Hello</span></div>", "Hello"),
        ("<p style='display:none'>gone<p>Hello", "Hello"),
        ("<blockquote>a<blockquote>b</blockquote>c</blockquote>d", "> a\n>\n> > b\n>\n> c\n\nd"),
        ("<img src=x width=1 height=1 alt=spacer>a&nbsp;&nbsp; b&shy;c", "a  bc"),
        ("a<hr>b <unknown>c</unknown>", "a\n\nb c"),
        ("می&zwnj;توانم وارد حساب&#8204;ام شوم", "می\u{200c}توانم وارد حساب\u{200c}ام شوم"),
        ("a&zwnj; b&zwnj;&nbsp;c<br>&zwnj;d&zwnj;<br>e&zwj;f", "a b c\nd\ne\u{200d}f"),
        ("<div>Preview&zwnj;&nbsp;&zwnj;&nbsp;&zwnj;</div>Hello", "Preview\nHello"),
        ("<div>&zwnj;&nbsp;&zwnj;&nbsp;</div>Hello", "Hello"),
        ("<!--[if mso]>no<![endif]--><![if !mso]>yes<![endif]>", "yes"),
        ("<img src=x alt='a cat'>", "a cat"),
        ("caf&eacute; &amp; &lt;tag&gt;", "café & <tag>"),
        ("<div style='white-space:pre-wrap'>Hello,\n\none\n  two</div>end", "Hello,\n\none\n  two\nend"),
        ("<p style='white-space: pre-line'>Hello,\n  one\ntwo</p><p>end", "Hello,\none\ntwo\n\nend"),
        ("<div style='white-space:pre-wrap'>\n  <p>one</p>\n  <p style='white-space:normal'>two\nthree</p>\n</div>", "one\n\ntwo three"),
        ("one <span style='white-space:pre'>a  b</span> two", "one a  b two"),
        ("<span style='white-space:pre-wrap'>see <a href='http://x.test/'>http://x.test/</a></span>", "see http://x.test/"),
        ("10<sup>6</sup>, 5 m<sup>2</sup>, 10<sup>-3</sup>", "10^6, 5 m^2, 10^-3"),
        ("1<sup>st</sup>, M<sup>e</sup> X, as <sup>1</sup>, CO<sub>2</sub><sup></sup>3", "1st, Me X, as 1, CO23"),
        ("on <del>Monday</del> <ins>Tuesday</ins>", "on ~~Monday~~ Tuesday"),
        ("on <span style='text-decoration: line-through red'>Monday</span> <br>Tuesday", "on ~~Monday~~\nTuesday"),
        ("on <s>Monday <strike>or</strike> so</s>, <del></del>then", "on ~~Monday or so~~, then"),
        ("<a href='http://x.test/'><del>here</del></a>", "~~here~~ <http://x.test/>"),
        ("<blockquote style='margin:0 0 0 40px; border: none'>indented</blockquote>", "indented"),
    ] {
        assert_eq!(to_text(html), text, "{html}");
    }
}

#[test]
fn entities_without_tags_take_no_longer_than_words() {
    assert_eq!(to_text(&"&amp;".repeat(20_000)), "&".repeat(20_000));
}

#[test]
fn a_depth_bomb_reads_the_same() {
    assert_eq!(to_text(&format!("{}boo", "<div>".repeat(50_000))), "boo");
}

#[test]
fn many_of_anything_take_no_longer_than_their_number() {
    for piece in [
        "<blockquote>x",
        "<ul><li>x",
        "<table><tr><td>x",
        "<a href=http://x.test/>x",
        "<div id=Signature>x",
        "<span style='display:none'>x",
    ] {
        to_marked_text(&piece.repeat(20_000));
    }
}

proptest::proptest! {
    #[test]
    fn no_markup_makes_it_fail(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        let text = to_text(&pieces.concat());
        proptest::prop_assert!(!text.contains("\n\n\n") || pieces.iter().any(|it| it.contains("pre")), "{text:?}");
    }
}

const PIECES: &[&str] = &[
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<br>",
    "words ",
    "<blockquote>",
    "</blockquote>",
    "<table>",
    "</table>",
    "<tr>",
    "<td>",
    "</td>",
    "<ul>",
    "<ol>",
    "</ul>",
    "</ol>",
    "<li>",
    "<pre>",
    "</pre>",
    "<a href=http://x.test/>",
    "</a>",
    "<div class=gmail_signature>",
    "<hr>",
    "<div style=display:none>",
    "<span style='font-size:0'>",
    "</span>",
    "&nbsp;",
    "\u{f8f0}",
    "<div style='white-space:pre'> \n x",
];
