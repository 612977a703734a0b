//! The compression of RTF in mail ([MS-OXRTFCP]).

/// What the dictionary holds before the first octet.
const PRELOADED: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const MOST: usize = 4 << 20;

/// None: it is neither compressed RTF nor RTF that was left as it is.
#[must_use]
pub fn expand(data: &[u8]) -> Option<Vec<u8>> {
    if data.starts_with(b"{\\rtf") {
        return Some(data[..data.len().min(MOST)].to_vec());
    }
    let body = data.get(16..)?;
    match data.get(8..12)? {
        b"MELA" => Some(body[..body.len().min(MOST)].to_vec()),
        b"LZFu" => Some(unpacked(body)),
        _ => None,
    }
}

/// LZ77 over a ring of 4,096 octets.
fn unpacked(body: &[u8]) -> Vec<u8> {
    let mut ring = [b' '; 4096];
    ring[..PRELOADED.len()].copy_from_slice(PRELOADED);
    let (mut write, mut out, mut input) = (PRELOADED.len(), Vec::new(), body.iter().copied());
    'all: while let Some(flags) = input.next() {
        for bit in 0..8 {
            if out.len() > MOST {
                break 'all;
            }
            let Some(first) = input.next() else { break 'all };
            if flags >> bit & 1 == 0 {
                (ring[write], write) = (first, (write + 1) % 4096);
                out.push(first);
                continue;
            }
            let Some(second) = input.next() else { break 'all };
            let token = usize::from(first) << 8 | usize::from(second);
            let (from, length) = (token >> 4, (token & 0xf) + 2);
            if from == write {
                break 'all;
            }
            for i in 0..length {
                let octet = ring[(from + i) % 4096];
                (ring[write], write) = (octet, (write + 1) % 4096);
                out.push(octet);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_own_example_is_expanded() {
        let data = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00, 0x72, 0x63, 0x70, 0x67,
            0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d,
            0x0a, 0x80, 0x0f, 0xa0,
        ];
        assert_eq!(expand(&data).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
    }

    #[test]
    fn what_swells_is_cut_off() {
        let header = [b"\0\0\0\0\0\0\0\0LZFu\0\0\0\0", &b"\0aaaaaaaa"[..]].concat();
        // Each token repeats seventeen octets of the ring.
        let swollen = [header, b"\xff\x0c\xff\x0c\xff\x0c\xff\x0c\xff\x0c\xff\x0c\xff\x0c\xff\x0c\xff".repeat(60_000)].concat();
        assert!(expand(&swollen).unwrap().len() <= MOST + 17);
    }
}
