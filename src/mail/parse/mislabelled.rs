//! Text of one octet a letter whose label names another language’s character set: Turkish, Polish or Czech that says to be
//! ISO-8859-1, KOI8-R that says to be Windows-1251. Its letters have to look wrong, and the detector to agree, before a label
//! is not believed: a short text in a right character set must never be changed.

use encoding_rs::{
    Encoding, IBM866, ISO_8859_2, ISO_8859_5, KOI8_R, KOI8_U, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1254, WINDOWS_1257,
};

use super::guess;

/// So much is looked at, in octets.
const LOOK: usize = 1 << 14;

/// What the octets are in, where that is not what the label says.
#[must_use]
pub fn better(bytes: &[u8], label: &'static Encoding) -> Option<&'static Encoding> {
    let text = label.decode_without_bom_handling(&bytes[..bytes.len().min(LOOK)]).0;
    if label == WINDOWS_1252 {
        return if is_western(&text) { None } else { eastern(bytes, &text) };
    }
    let shape = Shape::of(&text);
    if !CYRILLIC.contains(&label) || !shape.is_odd() {
        return None;
    }
    let found = guess::look(bytes);
    let same = |one: &Encoding| one == KOI8_R || one == KOI8_U;
    (CYRILLIC.contains(&found) && found != label && !(same(found) && same(label))).then_some(found)
}

const CYRILLIC: [&Encoding; 5] = [WINDOWS_1251, KOI8_R, KOI8_U, ISO_8859_5, IBM866];

/// The letters beyond ASCII of each language that Windows-1252 is for, with those of words that it borrowed.
const WESTERN: [&str; 12] = [
    "äöüßéèàáç",
    "àâæçéèêëîïôœùûüÿñ",
    "áéíóúüñç",
    "áâãàçéêíóôõúü",
    "àèéìíîòóùú",
    "åäöéüáàè",
    "æøåéóòôàüäöáè",
    "äöåšžé",
    "éèëêïíîóòöúüáàâäôûçñ",
    "àçèéíïòóúüñ",
    ICELANDIC,
    FAROESE,
];

const ICELANDIC: &str = "áðéíóúýþæö";
const FAROESE: &str = "áðíóúýæø";
const TURKISH: &str = "ýþðüöçâîû";

/// Nine letters in ten beyond ASCII are of one western language, or hardly any is not. A mark between two letters counts twice
/// against that, and so does a capital behind a small letter.
fn is_western(text: &str) -> bool {
    let (mut letters, mut strange) = (Vec::new(), 0_usize);
    let (mut before, mut begins, mut odd_thorn) = (' ', false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let within = before.is_alphabetic() && chars.peek().is_some_and(|it| it.is_alphabetic());
        if c.is_alphabetic() && !c.is_ascii() && !matches!(c, 'ª' | 'º' | 'µ') {
            strange += 2 * usize::from(c.is_uppercase() && before.is_lowercase());
            let thorn = matches!(c, 'þ' | 'Þ');
            begins |= thorn && !before.is_alphabetic();
            odd_thorn |= thorn && before.is_alphabetic();
            letters.extend(c.to_lowercase());
        } else if matches!(c, '\u{80}'..='\u{9f}') || within && matches!(c, '¡'..='¿') && !matches!(c, '\u{ad}' | '·' | '´' | '¨') {
            strange += 2;
        }
        before = c;
    }
    let all = letters.len() + strange;
    let is_icelandic =
        letters.iter().any(|c| "áéíóúæ".contains(*c)) || begins && !odd_thorn || !letters.iter().any(|c| matches!(c, 'þ' | 'ý'));
    let known = |of: &&str| letters.iter().filter(|c| of.contains(**c)).count();
    let most = WESTERN.iter().filter(|of| is_icelandic || !matches!(**of, ICELANDIC | FAROESE)).map(known).max().unwrap_or(0);
    let unknown = all - most.min(all);
    unknown < 2 || unknown * 10 < all
}

fn eastern(bytes: &[u8], text: &str) -> Option<&'static Encoding> {
    let found = guess::look(bytes);
    if ![WINDOWS_1250, ISO_8859_2, WINDOWS_1254, WINDOWS_1257].contains(&found) {
        return None;
    }
    let turkish = text.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).flat_map(char::to_lowercase).all(|c| TURKISH.contains(c));
    Some(if turkish { WINDOWS_1254 } else { found })
}

/// How words of Cyrillic letters are written: one set’s capitals are another’s small letters.
#[derive(Default)]
struct Shape {
    /// With a capital behind a small letter, or of capitals alone.
    odd: usize,
    usual: usize,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut shape = Self::default();
        for word in text.split(|c: char| !c.is_alphabetic() || c.is_ascii()).filter(|it| it.chars().count() >= 3) {
            let rest_is_small = word.chars().skip(1).all(char::is_lowercase);
            *(if rest_is_small { &mut shape.usual } else { &mut shape.odd }) += 1;
        }
        shape
    }

    fn is_odd(&self) -> bool {
        self.odd > self.usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::parse::charset;

    #[test]
    fn what_is_mislabelled_is_read_as_it_was_written() {
        for (written, label, text) in [
            (WINDOWS_1254, "iso-8859-1", "Yazıcı çalışmıyor, lütfen yardım edin, teşekkürler"),
            (WINDOWS_1254, "iso-8859-1", "Merhaba, siparişim gelmedi. Teşekkürler"),
            (WINDOWS_1254, "windows-1252", "Yazıcı yardım"),
            (WINDOWS_1254, "iso-8859-1", "Fatura yanlış, düzeltir misiniz? İyi günler, Ayşe Yıldız"),
            (WINDOWS_1254, "iso-8859-1", "Şifremi unuttum, giriş yapamıyorum"),
            (WINDOWS_1250, "iso-8859-1", "Příliš žluťoučký kůň úpěl ďábelské ódy"),
            (WINDOWS_1250, "iso-8859-1", "Dzień dobry, drukarka nie działa, proszę o pomoc, dziękuję"),
            (ISO_8859_2, "iso-8859-1", "Dobrý den, mám problém s tiskárnou, děkuji, žádost o opravu, příloha"),
            (WINDOWS_1250, "iso-8859-1", "Dobrý deň, tlačiareň nefunguje, prosím pomôžte, ďakujem"),
            (KOI8_U, "windows-1251", "Добрый день, у меня не работает принтер, помогите"),
            (WINDOWS_1251, "koi8-r", "Добрый день, у меня не работает принтер, помогите"),
            (WINDOWS_1251, "koi8-r", "Спасибо"),
        ] {
            let (bytes, _, lost) = written.encode(text);
            assert!(!lost, "{text}");
            assert_eq!(charset::decode(&bytes, Some(label)).text, text);
        }
    }

    #[test]
    fn what_is_labelled_rightly_stays() {
        for text in WESTERN_TEXTS {
            let (bytes, _, lost) = WINDOWS_1252.encode(text);
            assert!(!lost, "{text}");
            let decoded = charset::decode(&bytes, Some("iso-8859-1"));
            assert_eq!((decoded.text.as_str(), decoded.note), (*text, None));
        }
        for text in ["Спасибо", "ПРИНТЕР НЕ РАБОТАЕТ", "Дякую за відповідь", "мощность 5 кВт", "да", "Счёт не оплачен, вышлите ещё раз"]
        {
            for (set, label) in [(WINDOWS_1251, "windows-1251"), (KOI8_U, "koi8-u"), (IBM866, "ibm866")] {
                let (bytes, _, lost) = set.encode(text);
                if !lost {
                    assert_eq!(charset::decode(&bytes, Some(label)).text, text, "{label}");
                }
            }
        }
    }

    #[rustfmt::skip]
    const WESTERN_TEXTS: &[&str] = &[
        "Grüße", "ß", "ÄÖÜ", "GRÖSSE MÜLLER STRASSE ÜBER", "Der Drucker läuft nicht, bitte helfen Sie mir, schöne Grüße, Jörg Müller",
        "Grüße aus München, Beyoncé Señor Ñandú, Besançon", "São Paulo grüßt", "5 °C ± 1, § 7 Abs. 3, 20 €, 10 £, ½ Stück, Größe",
        "été", "Ça va être à nous, déjà reçu, merci", "Né à Noël, où es-tu, garçon", "ÉTÉ À LA MAISON", "hôpital à coté, très cher",
        "La qualité est là, cœur, œuvre «guillemets» à côté", "Bien à vous, Hélène Lefèvre, n° 12, 3 m², 5 m³, 10 µm", "maïs, L’Haÿ-les-Roses",
        "El año pasado", "Mañana", "¿Dónde está la impresora? ¡Mañana será otro día, señor Núñez!", "Señor, ¿qué pasó?",
        "ação", "Não está a funcionar, obrigado, João, atenção às ligações", "Tudo ótimo, até amanhã, há três opções", "a 1ª e o 2º",
        "è già più", "Perché la stampante non va più? È così, città", "Più perché così però città libertà è già", "Lunedì",
        "Hej då på er", "Skrivaren fungerar inte längre, hälsningar Åsa Öberg", "Är du där? Också här, för många år sedan",
        "Kære alle, vi får ikke lov", "Printeren virker ikke længere, på gensyn, Søren Østergård", "Ålesund Tromsø Bodø",
        "Skriveren går ikke, hilsen Bjørn Åge", "François Müller, Århus, Søren, Zürich, Málaga, Ibáñez", "én gang til, òg då",
        "Hyvää päivää", "Tulostin ei enää käynnisty, ystävällisin terveisin Päivi Mäkelä", "Šakki ja žakki ovat pöydällä",
        "Það", "Það er við", "ný bók", "þú veist það ekki", "Með kveðju, Þorsteinn", "ræða þýðingu", "ÞAÐ ER EKKI RÉTT", "við þurfum að fá það",
        "Góðan daginn, ég þarf hjálp með nýja símann", "Góðan dag. Ég fæ ekki póst. Mbk, Ýmir", "Takk fyrir það, við skoðum þetta",
        "Hvað kostar þetta? Kær kveðja", "Prentarinn virkar ekki, það er verra, kveðja Þórður Ýr", "Sæl, ég er með spurningu um verðið",
        "De printer doet het niet, financiële reünie, één hé", "Coördinatie, officiële, Curaçao", "zeeën, coöperatie, crème brûlée",
        "Føroyar, eg havi ein spurning, góðan dag, tað er gott, við kvøðu", "“quoted” – and … €5 it’s", "Ï", "Naïve café, résumé",
    ];
}
