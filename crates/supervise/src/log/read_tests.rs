#![allow(clippy::unwrap_used)]

use super::*;
use crate::flood::Dropped;
use crate::log::writer::Writer;
use crate::log::{Follow, Source};
use crate::protocol::LogBounds;

const BOUNDS: LogBounds = LogBounds {
    file_bytes: 200,
    files: 10,
    line_bytes: 100,
    bytes_per_second: 0,
};

struct Log {
    instance: tempfile::TempDir,
    writer: Writer,
    seconds: u8,
}

impl Log {
    fn new() -> Self {
        let instance = tempfile::tempdir().unwrap();
        let writer = Writer::open(&instance.path().join("log"), BOUNDS).unwrap().writer;
        Self {
            instance,
            writer,
            seconds: 0,
        }
    }

    /// Lines with these numbers, one a second.
    fn write(&mut self, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let mut bytes = Vec::new();
            let stamp = format!("2026-01-02T03:04:{:02}.000000Z", self.seconds);
            self.seconds += 1;
            super::super::line::push(&mut bytes, &stamp, Source::Out, format!("line {number}").as_bytes());
            self.writer.append(&bytes, 1);
            self.writer.settle(Dropped::default());
        }
    }

    fn read(&self, filter: &Filter) -> Vec<String> {
        texts(read(self.instance.path(), filter).unwrap())
    }
}

fn texts(lines: Vec<Line>) -> Vec<String> {
    lines.into_iter().map(|line| line.text).collect()
}

fn expected(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("line {number}")).collect()
}

#[test]
fn all_files_are_read_in_the_order_in_which_they_were_written() {
    let mut log = Log::new();
    log.write(0..20);
    assert!(rotated(&log.instance.path().join("log")).unwrap().len() > 2);
    assert_eq!(log.read(&Filter::default()), expected(0..20));
}

#[test]
fn a_filter_takes_by_time_by_text_and_the_last() {
    let mut log = Log::new();
    log.write(0..20);
    let since = Some("2026-01-02T03:04:15Z".parse().unwrap());
    assert_eq!(
        log.read(&Filter {
            since,
            ..Filter::default()
        }),
        expected(15..20)
    );
    assert_eq!(
        log.read(&Filter {
            last: Some(7),
            ..Filter::default()
        }),
        expected(13..20)
    );
    assert_eq!(
        log.read(&Filter {
            last: Some(0),
            ..Filter::default()
        }),
        [""; 0]
    );
    let grep = Some("1".to_owned());
    assert_eq!(
        log.read(&Filter {
            grep,
            last: Some(2),
            ..Filter::default()
        }),
        expected(18..20)
    );
}

#[test]
fn an_instance_without_a_log_has_no_lines() {
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(read(empty.path(), &Filter::default()).unwrap(), []);
}

#[test]
fn a_follower_sees_every_line_once_across_rotations() {
    let mut log = Log::new();
    log.write(0..5);
    let (first, mut follow) = Follow::start(
        log.instance.path(),
        &Filter {
            last: Some(1),
            ..Filter::default()
        },
    )
    .unwrap();
    assert_eq!(texts(first), expected(4..5));
    assert_eq!(follow.poll().unwrap(), []);
    log.write(5..6);
    assert_eq!(texts(follow.poll().unwrap()), expected(5..6));
    log.write(6..30);
    assert_eq!(texts(follow.poll().unwrap()), expected(6..30));
}

#[test]
fn a_follower_may_come_before_the_log() {
    let instance = tempfile::tempdir().unwrap();
    let (first, mut follow) = Follow::start(instance.path(), &Filter::default()).unwrap();
    assert_eq!(first, []);
    assert_eq!(follow.poll().unwrap(), []);
    let mut log = Log {
        writer: Writer::open(&instance.path().join("log"), BOUNDS).unwrap().writer,
        instance,
        seconds: 0,
    };
    log.write(0..12);
    assert_eq!(texts(follow.poll().unwrap()), expected(0..12));
}
