//! Colleagues whom a note names: `@maya`. Who is not known, or not the only one of that name, is a word like any other.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::desk::{id::PersonId, person::Person};

/// Somebody whom a note names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Who.
    pub person: PersonId,
    /// As it is written, without the `@`.
    pub handle: String,
}

/// The shortest name that somebody alone has among `staff`: the first name, the address before its `@`, the whole name with dots.
#[must_use]
pub fn handle(person: &Person, staff: &[Person]) -> Option<String> {
    let all = names_of(staff);
    names(person).into_iter().find(|name| named(name, &all) == Some(person.id))
}

/// Those of `staff` whom the text names, each once, as it names them first.
#[must_use]
pub fn find(text: &str, staff: &[Person]) -> Vec<Mention> {
    let all = names_of(staff);
    let mut found: Vec<Mention> = Vec::new();
    for written in handles(text) {
        // A dot at the end may be the sentence’s.
        let whole = [written, written.trim_end_matches(['.', '-', '_'])];
        let Some((handle, person)) = whole.into_iter().find_map(|it| Some((it, named(&folded(it), &all)?))) else { continue };
        if !found.iter().any(|it| it.person == person) {
            found.push(Mention { person, handle: handle.to_owned() });
        }
    }
    found
}

/// What stands behind each `@` that does not stand in a word: `ann@home.test` names nobody.
fn handles(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('@').filter_map(|(at, _)| {
        let inside = text[..at].chars().next_back().is_some_and(|c| is_part(c) || c == '@');
        let behind = &text[at + 1..];
        let end = behind.find(|c: char| !is_part(c)).unwrap_or(behind.len());
        (!inside && end > 0).then_some(&behind[..end])
    })
}

/// Whether a name goes on with this character.
#[must_use]
pub fn is_part(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '.' | '-' | '_')
}

/// The only one of this name.
fn named(name: &str, all: &[(PersonId, Vec<String>)]) -> Option<PersonId> {
    let mut bear = all.iter().filter(|(_, names)| names.iter().any(|own| own == name));
    let first = bear.next()?;
    bear.next().is_none().then_some(first.0)
}

fn names_of(staff: &[Person]) -> Vec<(PersonId, Vec<String>)> {
    staff.iter().map(|it| (it.id, names(it))).collect()
}

fn names(person: &Person) -> Vec<String> {
    let words: Vec<String> = person.name.split_whitespace().map(folded).filter(|it| !it.is_empty()).collect();
    let mut names: Vec<String> = words.first().cloned().into_iter().collect();
    names.extend([folded(person.email.local()), words.join(".")].into_iter().filter(|it| !it.is_empty()));
    names
}

/// Without case and accents, and without what a handle cannot have.
fn folded(name: &str) -> String {
    name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).filter(|c| is_part(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::person::{Arrived, Notices, Notify, PersonState, Role};

    fn staff(people: &[(i64, &str, &str)]) -> Vec<Person> {
        let person = |(id, name, email): &(i64, &str, &str)| Person {
            id: PersonId(*id),
            role: Role::Helper,
            state: PersonState::Active,
            arrived: Arrived::Yes,
            name: (*name).to_owned(),
            email: email.parse().unwrap(),
            notices: Notices::all(Notify::Never),
        };
        people.iter().map(person).collect()
    }

    #[test]
    fn a_name_that_one_person_has_names_them_and_others_are_words() {
        let staff = staff(&[
            (1, "Maya Lindqvist", "maya@desk.test"),
            (2, "Tomasz Wójcik", "tw@desk.test"),
            (3, "Hal Berg", "hal@desk.test"),
            (4, "Hal Ström", "hal.s@desk.test"),
            (5, "山田 花子", "hanako@desk.test"),
        ]);
        for (text, named) in [
            ("@maya can you look?", vec![1]),
            ("Ask @Tomasz, @TW or @tomasz.wojcik.", vec![2]),
            ("@Hal is two people; @hal.s and @hal.strom are one.", vec![4]),
            ("(@hal.berg) @maya @MAYA", vec![3, 1]),
            ("@山田 @nobody @ @@maya ann@maya", vec![5]),
        ] {
            assert_eq!(find(text, &staff).iter().map(|it| it.person.0).collect::<Vec<_>>(), named, "{text}");
        }
        assert_eq!(find("yes @Maya.", &staff)[0].handle, "Maya");
    }

    #[test]
    fn the_handle_that_is_offered_names_its_person() {
        let staff = staff(&[(3, "Hal Berg", "hal@desk.test"), (4, "Hal Ström", "hal.s@desk.test"), (6, "Ada Berg", "berg@desk.test")]);
        let handles: Vec<_> = staff.iter().map(|it| handle(it, &staff).unwrap()).collect();
        assert_eq!(handles, ["hal.berg", "hal.s", "ada"]);
    }
}
