//! Files in uuencoded text: `begin 644 name` to `end`.

/// A file that stood in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// As the `begin` line names it.
    pub name: String,
    /// Decoded.
    pub bytes: Vec<u8>,
}

/// A text without the files that were in it, and the files.
#[must_use]
pub fn take_out(text: &str) -> (String, Vec<File>) {
    if !may_hold_one(text) {
        return (text.to_owned(), Vec::new());
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (mut rest, mut files, mut at) = (String::with_capacity(text.len()), Vec::new(), 0);
    // Looking for an end that never comes, once for each `begin`, would take the square of the lines.
    let last_end = lines.iter().rposition(|line| line.trim_end() == "====").unwrap_or(0);
    while at < lines.len() {
        match file_at(&lines, at, last_end) {
            Some((file, next)) => {
                files.push(file);
                at = next;
            }
            None => {
                rest.push_str(lines[at]);
                at += 1;
            }
        }
    }
    (rest, files)
}

/// Whether some line begins as a file does.
#[must_use]
pub fn may_hold_one(text: &str) -> bool {
    text.starts_with("begin") || text.contains("\nbegin")
}

/// The first file of a body that is nothing but uuencoded.
#[must_use]
pub fn first_file(body: &[u8]) -> Option<File> {
    let text: String = body.iter().map(|c| char::from(*c)).collect();
    take_out(&text).1.into_iter().next()
}

fn file_at(lines: &[&str], at: usize, last_end: usize) -> Option<(File, usize)> {
    let mut words = lines[at].trim_end().splitn(3, ' ');
    let (begin, mode, name) = (words.next()?, words.next()?, words.next()?.trim());
    if !matches!(begin, "begin" | "begin-base64")
        || !(3..=4).contains(&mode.len())
        || !mode.bytes().all(|c| (b'0'..=b'7').contains(&c))
        || name.is_empty()
    {
        return None;
    }
    if begin == "begin-base64" {
        if at >= last_end {
            return None;
        }
        let length = lines[at + 1..].iter().position(|line| line.trim_end() == "====")?;
        let body = lines[at + 1..=at + length].concat();
        return Some((File { name: name.to_owned(), bytes: super::transfer::base64(body.as_bytes()).0 }, at + length + 2));
    }
    let (mut bytes, mut full, mut next) = (Vec::new(), 0, at + 1);
    for (number, line) in lines.iter().enumerate().skip(at + 1) {
        let line = line.trim_end_matches(['\r', '\n']);
        if line == "end" {
            return Some((File { name: name.to_owned(), bytes }, number + 1));
        }
        if decode_line(line, &mut bytes).is_none() {
            break;
        }
        full += usize::from(line.starts_with('M') && line.len() == FULL_LINE);
        next = number + 1;
    }
    // Cut off, but nothing else has such lines.
    (full >= 2).then(|| (File { name: name.to_owned(), bytes }, next))
}

/// `M` and the sixty digits of 45 octets.
const FULL_LINE: usize = 61;

/// None: this is no line of uuencode.
fn decode_line(line: &str, out: &mut Vec<u8>) -> Option<()> {
    let line = line.as_bytes();
    let Some(count) = line.first() else { return Some(()) };
    if !(b' '..=b'`').contains(count) {
        return None;
    }
    let count = usize::from((count - b' ') & 0x3f);
    let digit = |i: usize| line.get(i).map_or(0, |c| u32::from(c.wrapping_sub(b' ') & 0x3f));
    if count > 0 && (line.len() > 1 + count.div_ceil(3) * 4 + 2 || line.len() + 3 < count.div_ceil(3) * 4) {
        return None;
    }
    for group in 0..count.div_ceil(3) {
        let bits = (0..4).fold(0_u32, |bits, i| (bits << 6) | digit(1 + group * 4 + i));
        let wanted = (count - group * 3).min(3);
        out.extend_from_slice(&bits.to_be_bytes()[1..=wanted]);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_a_text_is_taken_out_of_it() {
        let (rest, files) = take_out("See this.\n\nbegin 644 hello.txt\n+:&5L;&\\@=V]R;&0`\n`\nend\nBye.\n");
        assert_eq!(rest, "See this.\n\nBye.\n");
        assert_eq!(files, [File { name: "hello.txt".into(), bytes: b"hello world".to_vec() }]);
        let (rest, files) = take_out("a\nbegin-base64 644 h.txt\naGVsbG8=\n====\nb\n");
        assert_eq!((rest.as_str(), &files[0].bytes[..]), ("a\nb\n", &b"hello"[..]));
    }

    #[test]
    fn prose_that_begins_is_left_alone() {
        for text in ["begin 644 reasons\nwhy I am writing to you today, at length\nend\n", "begin work\nend\n", "begin 644 x\nno end"] {
            assert_eq!(take_out(text), (text.to_owned(), vec![]));
        }
    }
}
