//! Business hours against a count of every single minute.

use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(pairs: &[(&str, &str)]) -> DayHours {
    DayHours::read(pairs.iter().copied()).unwrap()
}

/// Monday to Thursday 8 to 17, Friday 8 to 15.
fn skerry(zone: &str) -> Calendar {
    let (long, short) = (day(&[("08:00", "17:00")]), day(&[("08:00", "15:00")]));
    let week = [long.clone(), long.clone(), long.clone(), long, short, DayHours::default(), DayHours::default()];
    Calendar { zone: TimeZone::get(zone).unwrap(), week, days_off: read_days_off("2026-12-24 Christmas Eve\n2026-12-25").unwrap() }
}

fn hours(it: SignedDuration) -> f64 {
    it.as_secs_f64() / 3600.0
}

#[test]
fn a_night_a_weekend_and_a_holiday_do_not_count() {
    let skerry = skerry("Europe/Stockholm");
    for (from, until, counts) in [
        ("2026-11-02T08:00:00Z", "2026-11-02T09:30:00Z", 1.5),
        // 16:00 to 09:00 the next morning, in Stockholm.
        ("2026-11-02T15:00:00Z", "2026-11-03T08:00:00Z", 2.0),
        // Friday 14:00 to Monday 09:00.
        ("2026-11-06T13:00:00Z", "2026-11-09T08:00:00Z", 2.0),
        // The 23rd at 16:00 to Monday the 28th at 09:00, over two days off and a weekend.
        ("2026-12-23T15:00:00Z", "2026-12-28T08:00:00Z", 2.0),
        ("2026-11-07T00:00:00Z", "2026-11-08T23:00:00Z", 0.0),
        ("2026-11-03T09:00:00Z", "2026-11-02T09:00:00Z", 0.0),
    ] {
        assert_eq!(hours(skerry.between(at(from), at(until))), counts, "{from} to {until}");
    }
}

#[test]
fn so_many_business_hours_later_is_the_earliest_instant() {
    let skerry = skerry("Europe/Stockholm");
    let later = |from: &str, minutes: i64| skerry.after(at(from), SignedDuration::from_mins(minutes)).unwrap().to_string();
    assert_eq!(later("2026-11-02T15:00:00Z", 60), "2026-11-02T16:00:00Z", "at the very end of the day, not the next morning");
    assert_eq!(later("2026-11-02T15:00:00Z", 61), "2026-11-03T07:01:00Z");
    assert_eq!(later("2026-11-06T13:30:00Z", 60), "2026-11-09T07:30:00Z");
    assert_eq!(later("2026-11-07T13:30:00Z", 0), "2026-11-07T13:30:00Z");
    assert_eq!(later("2026-12-23T15:30:00Z", 60), "2026-12-28T07:30:00Z");
}

#[test]
fn who_is_never_at_work_is_never_done() {
    let zone = TimeZone::UTC;
    let never = Calendar { zone, week: Default::default(), days_off: BTreeMap::new() };
    assert_eq!(never.between(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")), SignedDuration::ZERO);
    assert_eq!(never.after(at("2026-01-01T00:00:00Z"), SignedDuration::from_mins(1)), None);
    assert_eq!(never.after(Timestamp::MAX, SignedDuration::from_mins(1)), None);
}

#[test]
fn what_clocks_skip_does_not_count_and_what_they_show_twice_counts_twice() {
    let night = |zone: &str| {
        let nights = day(&[("02:30", "05:00")]);
        Calendar { zone: TimeZone::get(zone).unwrap(), week: std::array::from_fn(|_| nights.clone()), days_off: BTreeMap::new() }
    };
    let stockholm = night("Europe/Stockholm");
    // In spring 2:00 is followed by 3:00; in autumn 2:59 by 2:00.
    assert_eq!(hours(stockholm.between(at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z"))), 2.0);
    assert_eq!(hours(stockholm.between(at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z"))), 3.0);
    let always = Calendar::around_the_clock(TimeZone::get("Europe/Stockholm").unwrap());
    let with_a_day_off = Calendar { days_off: read_days_off("2026-03-28").unwrap(), ..always.clone() };
    assert_eq!(hours(with_a_day_off.between(at("2026-03-27T23:00:00Z"), at("2026-03-29T22:00:00Z"))), 23.0);
    assert_eq!(hours(always.between(at("2026-03-27T23:00:00Z"), at("2026-03-29T22:00:00Z"))), 47.0);
}

#[test]
fn hours_are_read_as_people_write_them() {
    assert_eq!(day(&[("13:00", "17:00"), ("", ""), ("8:00", "12:00")]).kept(), "480-720,780-1020");
    assert_eq!(day(&[("22:00", "00:00")]), day(&[("22:00", "24:00")]), "a browser cannot send 24:00");
    assert_eq!(day(&[("00:00", "00:00")]).spans(), [Span::whole_day()]);
    assert_eq!(day(&[("08:00", "12:00"), ("12:00", "17:00")]).kept(), "480-1020");
    assert_eq!(DayHours::from_kept("480-720,780-1020"), Some(day(&[("08:00", "12:00"), ("13:00", "17:00")])));
    assert_eq!(DayHours::from_kept(""), Some(DayHours::default()));
    for kept in ["x", "5", "7-5", "0-1441", "-1-5", "1-2-3"] {
        assert_eq!(DayHours::from_kept(kept), None, "{kept}");
    }
    let wrong = |pairs: &[(&str, &str)]| DayHours::read(pairs.iter().copied()).unwrap_err();
    assert_eq!(wrong(&[("8", "9:00")]), WrongHours::Time("8".to_owned()));
    assert_eq!(wrong(&[("08:00", "25:00")]), WrongHours::Time("25:00".to_owned()));
    assert_eq!(wrong(&[("08:00", "8:5")]), WrongHours::Time("8:5".to_owned()));
    assert_eq!(wrong(&[("08:00", "")]), WrongHours::Half);
    assert_eq!(wrong(&[("18:00", "06:00")]), WrongHours::Backwards("18:00".to_owned(), "06:00".to_owned()));
    assert!(matches!(wrong(&[("08:00", "12:00"), ("11:00", "13:00")]), WrongHours::Overlap(_, _)));
}

#[test]
fn days_off_are_read_as_people_write_them() {
    let text = "\n2027-01-01  New   Year’s Day \r\n2026-12-24 Christmas Eve\n2026-12-25\n";
    assert_eq!(write_days_off(&read_days_off(text).unwrap()), "2026-12-24 Christmas Eve\n2026-12-25\n2027-01-01 New Year’s Day");
    for (line, wrong) in [
        ("Christmas", WrongHours::Date("Christmas".to_owned())),
        ("2026-02-30 Never", WrongHours::Date("2026-02-30 Never".to_owned())),
        ("24.12.2026", WrongHours::Date("24.12.2026".to_owned())),
        ("2026-12-24T10:00 x", WrongHours::Date("2026-12-24T10:00 x".to_owned())),
        ("2026-12-24\n2026-12-24 again", WrongHours::Twice(Date::constant(2026, 12, 24))),
    ] {
        assert_eq!(read_days_off(line).unwrap_err(), wrong, "{line}");
    }
}

/// Minute by minute, from what the clock on the wall shows.
fn slowly(calendar: &Calendar, from: Timestamp, until: Timestamp) -> i64 {
    let (from, until) = (from.as_second() / 60, until.as_second() / 60);
    (from..until).filter(|minute| is_open(calendar, *minute)).count() as i64
}

fn is_open(calendar: &Calendar, minute: i64) -> bool {
    let shown = calendar.zone.to_datetime(Timestamp::from_second(minute * 60).unwrap());
    let of_day = shown.hour() as u16 * 60 + shown.minute() as u16;
    let weekday = usize::from(shown.date().weekday().to_monday_zero_offset().unsigned_abs());
    !calendar.days_off.contains_key(&shown.date()) && calendar.week[weekday].spans().iter().any(|it| (it.from()..it.to()).contains(&of_day))
}

/// Around a change of clocks, or anywhere in the year; minutes since 1970.
fn a_moment() -> impl Strategy<Value = i64> {
    let change = prop::sample::select(vec![
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-03-28T22:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-01-01T00:00:00Z",
        "2026-06-15T12:00:00Z",
    ]);
    (change, -5000_i64..5000).prop_map(|(change, minutes)| at(change).as_second() / 60 + minutes)
}

fn a_calendar() -> impl Strategy<Value = Calendar> {
    let zones = vec![
        "UTC",
        "Europe/Stockholm",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/New_York",
        "Pacific/Apia",
        "Africa/Casablanca",
    ];
    let some_day = prop::collection::vec((0_u16..DAY, 1_u16..700), 0..4)
        .prop_map(|spans| DayHours::new(spans.into_iter().filter_map(|(from, long)| Span::new(from, (from + long).min(DAY))).collect()));
    let whole = Just(DayHours::new(vec![Span::whole_day()]));
    let one_day = prop_oneof![4 => some_day, 1 => whole];
    let off = prop::collection::vec(-5_i32..5, 0..3);
    (prop::sample::select(zones), prop::collection::vec(one_day, 7), off).prop_map(|(zone, week, off)| {
        let days_off = off.into_iter().map(|day| (Date::constant(2026, 3, 29) + day.days(), String::new())).collect();
        Calendar { zone: TimeZone::get(zone).unwrap(), week: week.try_into().unwrap(), days_off }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn between_is_what_counting_every_minute_gives(calendar in a_calendar(), from in a_moment(), long in 0_i64..9000) {
        let (start, end) = (Timestamp::from_second(from * 60).unwrap(), Timestamp::from_second((from + long) * 60).unwrap());
        let counted = slowly(&calendar, start, end);
        prop_assert_eq!(calendar.between(start, end).as_secs(), counted * 60);
        let laid_out = Hours::of(&calendar, start - SignedDuration::from_hours(100), end + SignedDuration::from_hours(100));
        prop_assert_eq!(laid_out.between(start.as_millisecond(), end.as_millisecond()), counted * 60_000);
    }

    #[test]
    fn after_is_the_earliest_instant_by_which_so_much_has_passed(calendar in a_calendar(), from in a_moment(), minutes in 1_i64..3000) {
        let (start, long) = (Timestamp::from_second(from * 60).unwrap(), SignedDuration::from_mins(minutes));
        match calendar.after(start, long) {
            Some(end) => {
                prop_assert_eq!(calendar.between(start, end), long);
                prop_assert_eq!(calendar.between(start, end - SignedDuration::from_mins(1)), long - SignedDuration::from_mins(1), "the last minute counts");
            }
            None => prop_assert!(calendar.week.iter().all(|day| day.spans().is_empty())),
        }
    }

    #[test]
    fn two_stretches_are_as_long_as_both_together(calendar in a_calendar(), mut moments in prop::collection::vec(a_moment(), 3)) {
        moments.sort_unstable();
        let [a, b, c] = [0, 1, 2].map(|it: usize| Timestamp::from_second(moments[it] * 60 + 17).unwrap());
        prop_assert_eq!(calendar.between(a, b) + calendar.between(b, c), calendar.between(a, c));
    }
}
