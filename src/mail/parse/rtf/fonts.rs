//! In which code page the octets of an RTF are: its font decides.

use std::collections::HashMap;

use super::super::code_page;

/// The font table, and what holds without one.
#[derive(Debug)]
pub struct Fonts {
    /// Code pages by the number of the font.
    pages: HashMap<i32, u32>,
    /// The font whose entry is being read.
    entry: i32,
    /// `\ansicpg`, or what `\mac` and the like say.
    pub document: u32,
    /// `\deff`.
    pub default: i32,
}

impl Fonts {
    pub fn new() -> Self {
        Self { pages: HashMap::new(), entry: 0, document: 1252, default: 0 }
    }

    /// A word of the table.
    pub fn read(&mut self, word: &str, number: Option<i32>) {
        let number = number.unwrap_or(0);
        let page = match word {
            "f" => {
                self.entry = number;
                None
            }
            "fcharset" => PAGES.iter().find(|(charset, _)| *charset == number).map(|(_, page)| *page),
            "cpg" => u32::try_from(number).ok(),
            _ => None,
        };
        if let Some(page) = page {
            self.pages.insert(self.entry, page);
        }
    }

    /// The label of a font's character set; of the default font's, where none was chosen.
    pub fn charset(&self, font: Option<i32>) -> String {
        code_page::label(self.pages.get(&font.unwrap_or(self.default)).copied().unwrap_or(self.document))
    }
}

/// `\fcharset` and code page; those that are not here have the document's.
const PAGES: &[(i32, u32)] = &[
    (0, 1252),
    (77, 10000),
    (128, 932),
    (129, 949),
    (130, 1361),
    (134, 936),
    (136, 950),
    (161, 1253),
    (162, 1254),
    (163, 1258),
    (177, 1255),
    (178, 1256),
    (186, 1257),
    (204, 1251),
    (222, 874),
    (238, 1250),
    (254, 437),
    (255, 850),
];
