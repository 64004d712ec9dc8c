#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn read(input: &mut Input) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.reader()?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A folder with one file in it.
fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn open(path: &Path) -> Input {
    Input::open(path, Path::new("no copy is made of a file")).unwrap()
}

/// The input of a pipe into which a thread writes.
#[cfg(unix)]
fn piped(bytes: Vec<u8>, copies: &Path) -> Input {
    let (reader, mut writer) = io::pipe().unwrap();
    std::thread::spawn(move || writer.write_all(&bytes).unwrap());
    Input::from_file(File::from(std::os::fd::OwnedFd::from(reader)), copies).unwrap()
}

#[test]
fn a_file_is_read_from_its_start_each_time_by_whatever_name() {
    let (folder, path) = file("puzzle_work_profile.2026.json", b"abcdef");
    let mut input = open(&path);
    assert_eq!(input.table_hint.as_deref(), Some("puzzle_work_profile"));
    assert_eq!(input.explicit_table, None);
    let mut first = input.reader().unwrap();
    first.read_exact(&mut [0; 3]).unwrap();
    fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    fs::write(&path, b"another file").unwrap();
    assert_eq!(read(&mut input).unwrap(), b"abcdef");
    let mut rest = Vec::new();
    first.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"def", "one reader moved the other");
    input.check_unchanged().unwrap();
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_error() {
    let changes: [fn(&File); 3] = [
        |file| drop((&*file).write_all(b"zz")),
        |file| file.set_len(2).unwrap(),
        |file| file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap(),
    ];
    for change in changes {
        let (_folder, path) = file("dump.json", b"abcdef");
        let mut input = open(&path);
        let mut reader = input.reader().unwrap();
        reader.read_exact(&mut [0; 3]).unwrap();
        change(&fs::OpenOptions::new().append(true).open(&path).unwrap());
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "the dump changed while it was read");
        assert!(input.check_unchanged().is_err() && read(&mut input).is_err());
    }
}

#[test]
fn gzip_is_inflated_by_its_first_bytes_and_whatever_its_name() {
    let text = b"{\"tables\":[]}".repeat(1000);
    let members = [gzip(&text[..500]), gzip(b""), gzip(&text[500..])].concat();
    for bytes in [gzip(&text), members] {
        let (_folder, path) = file("dump.json", &bytes);
        let mut input = open(&path);
        assert_eq!(read(&mut input).unwrap(), text);
        assert_eq!(read(&mut input).unwrap(), text);
    }
    for bytes in [&b""[..], b"\x1f", b"\x1e\x8b", b"{}"] {
        let (_folder, path) = file("dump.json.gz", bytes);
        assert_eq!(read(&mut open(&path)).unwrap(), bytes);
    }
}

#[test]
fn gzip_that_is_cut_or_damaged_is_called_that() {
    let whole = [gzip(b"first"), gzip(&b"second ".repeat(50))].concat();
    let boundary = gzip(b"first").len();
    for end in (2..whole.len()).filter(|end| *end != boundary) {
        let (_folder, path) = file("dump.json.gz", &whole[..end]);
        let error = read(&mut open(&path)).unwrap_err().to_string();
        assert_eq!(error, "the gzip data ends in the middle; it was cut", "cut at {end}");
    }
    let damage = [
        [&whole, &b"trailing garbage"[..]].concat(),
        // The checksum of the last member.
        [&whole[..whole.len() - 8], b"12345678"].concat(),
    ];
    for bytes in damage {
        let (_folder, path) = file("dump.json.gz", &bytes);
        let error = read(&mut open(&path)).unwrap_err().to_string();
        assert_eq!(error, "the gzip data is damaged, or something follows it");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_again_even_from_the_middle_and_its_copy_has_no_name() {
    let text: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    for bytes in [text.clone(), gzip(&text)] {
        let folder = TempDir::new().unwrap();
        let mut input = piped(bytes, folder.path());
        assert!(input.table_hint.is_none() && input.name_for_errors == "standard input");
        let mut first = input.reader().unwrap();
        first.read_exact(&mut vec![0; 100_001]).unwrap();
        // The second reader gets what the first has read, and then what it has not.
        let mut second = input.reader().unwrap();
        let mut start = vec![0; 700_000];
        second.read_exact(&mut start).unwrap();
        let (mut rest, mut end) = (Vec::new(), Vec::new());
        first.read_to_end(&mut rest).unwrap();
        second.read_to_end(&mut end).unwrap();
        assert!(rest == text[100_001..] && [start, end].concat() == text);
        assert!(read(&mut input).unwrap() == text);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_without_room_for_its_copy_says_so() {
    let folder = TempDir::new().unwrap();
    let mut input = piped(b"CANARY".to_vec(), &folder.path().join("gone"));
    let error = read(&mut input).unwrap_err().to_string();
    assert!(error.starts_with("keeping a copy of the piped dump failed"), "{error}");
}

fn source(paths: &[&Path], table: Option<&str>) -> FileSource {
    let paths = paths.iter().map(|&path| path.to_owned()).collect();
    FileSource {
        paths,
        format: anonymize::Format::Auto,
        table: table.map(str::to_owned),
        columns: None,
    }
}

fn open_all(paths: &[&Path], table: Option<&str>) -> Result<Inputs, ExtractError> {
    let is_allowed = |name: &str| matches!(name, "a_work" | "b_work");
    Inputs::open(&source(paths, table), Path::new("."), &is_allowed)
}

#[test]
fn a_folder_gives_its_allowed_tables_in_order_and_opens_nothing_else() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    fs::write(path.join("b_work.JSONL.GZ"), gzip(b"b")).unwrap();
    fs::write(path.join("a_work.v2.json"), b"a").unwrap();
    for name in ["user_account.json", "other.ndjson", "b_work.txt", "README", ".json"] {
        fs::write(path.join(name), b"CANARY").unwrap();
    }
    fs::create_dir(path.join("c.json")).unwrap();
    let mut opened = open_all(&[path], None).unwrap();
    let hints: Vec<_> = opened.inputs.iter().map(|input| input.table_hint.as_deref()).collect();
    assert_eq!(hints, [Some("a_work"), Some("b_work")]);
    let texts: Vec<_> = opened.inputs.iter_mut().map(|input| read(input).unwrap()).collect();
    assert_eq!(texts, [b"a", b"b"]);
    assert_eq!(opened.skipped, ["other", "user_account"]);

    fs::write(path.join("a_work.json"), b"a").unwrap();
    let error = open_all(&[path], None).unwrap_err().to_string();
    assert!(error.contains("another file of the folder has the same table"), "{error}");
}

#[test]
fn a_folder_without_an_allowed_table_is_an_error() {
    let (folder, _) = file("user_account.json", b"");
    let error = open_all(&[folder.path()], None).unwrap_err().to_string();
    assert!(error.contains("no file in it is named after an allowed table"), "{error}");
}

#[test]
fn a_table_is_named_for_one_file_only() {
    let (folder, path) = file("a_work.json", b"a");
    let other = folder.path().join("dump.json");
    fs::write(&other, b"o").unwrap();
    let opened = open_all(&[&other], Some("b_work")).unwrap();
    assert_eq!(opened.inputs[0].explicit_table.as_deref(), Some("b_work"));
    assert_eq!(open_all(&[&path, &other], None).unwrap().inputs.len(), 2);
    let error = open_all(&[&path, &other], Some("b_work")).unwrap_err();
    assert_eq!(error.exit_code(), 2);
}
