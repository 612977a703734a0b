//! A QR code as a drawing of squares.

use qrcode::{Color, QrCode};
use serde::Serialize;

/// Light squares around it (ISO/IEC 18004, 9.1).
const MARGIN: usize = 4;

/// What a template draws.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Drawing {
    /// Squares on a side, with the margin.
    side: usize,
    /// An SVG path over the dark ones.
    dark: String,
}

impl Drawing {
    /// Of a text. None: it is too long for any code, over two thousand characters.
    pub(super) fn of(text: &str) -> Option<Self> {
        let code = QrCode::new(text).ok()?;
        let width = code.width();
        let mut dark = String::new();
        for (y, line) in code.to_colors().chunks(width).enumerate() {
            // One piece for each run of dark squares: a third of the text that single squares make.
            let mut x = 0;
            for run in line.chunk_by(|one, next| one == next) {
                if run[0] == Color::Dark {
                    dark += &format!("M{} {}h{}v1h-{}z", x + MARGIN, y + MARGIN, run.len(), run.len());
                }
                x += run.len();
            }
        }
        Some(Self { side: width + 2 * MARGIN, dark })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_eyes_and_a_margin() {
        let drawing = Drawing::of("hello").unwrap();
        assert_eq!(drawing.side, 21 + 2 * MARGIN);
        // The upper edges of the two upper eyes, and the lower edge of the third.
        for eye in ["M4 4h7v1h-7z", "M18 4h7v1h-7z", "M4 24h7v1h-7z"] {
            assert!(drawing.dark.contains(eye), "{eye} in {}", drawing.dark);
        }
        assert_eq!(Drawing::of(&"x".repeat(5000)), None);
    }
}
