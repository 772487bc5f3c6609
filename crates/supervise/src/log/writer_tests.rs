#![allow(clippy::unwrap_used)]

use super::*;

const BOUNDS: LogBounds = LogBounds {
    file_bytes: 100,
    files: 3,
    line_bytes: 100,
    bytes_per_second: 0,
};

fn line(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    line::push(&mut bytes, "2026-01-02T03:04:05.000000Z", Source::Out, text.as_bytes());
    bytes
}

#[test]
fn files_and_their_number_stay_within_their_bounds_and_the_newest_lines_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(directory.path(), BOUNDS).unwrap().writer;
    for number in 0..50 {
        writer.append(&line(&format!("{number:02}")), 1);
        writer.settle(Dropped::default());
    }
    let mut files: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name() != CURSOR)
        .collect();
    files.sort_by_key(|entry| entry.file_name());
    assert_eq!(files.len(), 3);
    assert!(files.iter().all(|entry| entry.metadata().unwrap().len() <= 100));
    let kept: String = files
        .iter()
        .map(|entry| fs::read_to_string(entry.path()).unwrap())
        .collect();
    let last: Vec<_> = kept.lines().map(|line| &line[line.len() - 2..]).collect();
    assert_eq!(last, ["44", "45", "46", "47", "48", "49"]);
}

#[test]
fn lines_that_were_not_settled_come_back_and_a_torn_one_is_taken_away() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(directory.path(), BOUNDS).unwrap().writer;
    writer.append(&line("settled"), 1);
    writer.settle(Dropped { lines: 2, bytes: 20 });
    writer.append(&line("unsettled"), 1);
    drop(writer);
    let mut current = OpenOptions::new()
        .append(true)
        .open(directory.path().join("current"))
        .unwrap();
    current.write_all(b"2026-01-02T03:04:05.000000Z out to").unwrap();

    let opened = Writer::open(directory.path(), BOUNDS).unwrap();
    assert_eq!(opened.unsettled, [(Source::Out, b"unsettled".to_vec())]);
    assert_eq!(opened.dropped, Dropped { lines: 2, bytes: 20 });
    assert!(
        fs::read_to_string(directory.path().join("current"))
            .unwrap()
            .ends_with(" unsettled\n")
    );
}

#[test]
fn a_crash_right_after_a_rotation_leaves_nothing_unsettled() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(directory.path(), BOUNDS).unwrap().writer;
    writer.append(&line("one"), 1);
    writer.settle(Dropped::default());
    fs::rename(directory.path().join("current"), directory.path().join(rotate::name(1))).unwrap();
    let opened = Writer::open(directory.path(), BOUNDS).unwrap();
    assert!(opened.unsettled.is_empty());
}

#[test]
fn what_cannot_be_written_is_counted_and_said_when_it_can_be_again() {
    let directory = tempfile::tempdir().unwrap();
    // /dev/full answers every write with "no space left on device".
    std::os::unix::fs::symlink("/dev/full", directory.path().join("current")).unwrap();
    let current = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let mut writer = Writer {
        directory: directory.path().to_owned(),
        bounds: LogBounds {
            file_bytes: 1000,
            ..BOUNDS
        },
        current: Some(current),
        len: 0,
        cursor_file: File::create(directory.path().join(CURSOR)).unwrap(),
        cursor: Cursor::default(),
        lost: None,
    };
    writer.append(&line("one"), 1);
    writer.append(&line("two"), 1);
    assert!(
        writer.error().unwrap().contains("No space left"),
        "{:?}",
        writer.error()
    );
    assert_eq!(writer.missing(), 2);

    fs::remove_file(directory.path().join("current")).unwrap();
    writer.current = None;
    writer.append(&line("three"), 1);
    assert_eq!(writer.error(), None);
    let log = fs::read_to_string(directory.path().join("current")).unwrap();
    assert!(log.contains("keeper 2 lines are missing here"), "{log}");
    assert!(log.ends_with("out three\n"), "{log}");
}
