//! A server on loopback replays answers of a real one and keeps every request.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;

const SCHEMA: &str = include_str!("../../../../fixtures/spacetimedb/schema-v9-1.2.0.json");
const ROWS: &str = include_str!("../../../../fixtures/spacetimedb/sql-all-types-1.2.0.json");
const TOKEN: &str = "s3cret-token";

/// A request line, the `Authorization` header, and the body.
type Request = (String, Option<String>, String);

struct Server {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers with what `reply` makes of the path: status line, more headers, body.
    fn new(reply: impl Fn(&str) -> (&'static str, &'static str, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&mut BufReader::new(&stream));
                let path = request.0.split(' ').nth(1).unwrap_or_default();
                let (status, headers, body) = reply(path);
                kept.lock().unwrap().push(request);
                let length = match headers.contains("chunked") {
                    true => String::new(),
                    false => format!("content-length: {}\r\n", body.len()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nspacetime-identity-token: LIVE\r\n{headers}{length}connection: close\r\n\r\n"
                );
                // A client that has seen enough may be gone.
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.write_all(body.as_bytes());
            }
        });
        Self { url, requests }
    }

    fn replaying() -> Self {
        Self::new(|path| match path.ends_with("/sql") {
            true => ("200 OK", "", ROWS.to_owned()),
            false => ("200 OK", "", SCHEMA.to_owned()),
        })
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    fn fetch(&self, wanted: &[Wanted]) -> Result<Fetched, ExtractError> {
        let folder = tempfile::tempdir().unwrap();
        let token = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(token.path(), format!(" {TOKEN}\n")).unwrap();
        let (url, name) = (self.url.clone(), "genarrative".to_owned());
        let source = DatabaseSource { url, name, token_file: token.path().to_owned() };
        let fetched = Database::of(&source)?.fetch(wanted, folder.path());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the copy has a name");
        fetched
    }
}

fn read(stream: &mut impl BufRead) -> Request {
    let (mut first, mut authorization, mut length) = (String::new(), None, 0);
    stream.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                authorization = Some(value.to_owned());
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (first.trim_end().to_owned(), authorization, String::from_utf8(body).unwrap())
}

fn wanted(table: &str, columns: &[&str]) -> Wanted {
    let columns = columns.iter().map(|&name| name.to_owned()).collect();
    Wanted { table: table.to_owned(), aliases: Vec::new(), columns }
}

#[test]
fn only_whitelisted_tables_and_listed_columns_are_asked_for() {
    let server = Server::replaying();
    let puzzle =
        wanted("puzzle_work_profile", &["not_there", "owner_user_id", "profile_id", "work_title"]);
    let mut fetched =
        server.fetch(&[wanted("big_fish_work_profile", &["profile_id"]), puzzle]).unwrap();

    let bearer = Some(format!("Bearer {TOKEN}"));
    let schema = "GET /v1/database/genarrative/schema?version=9 HTTP/1.1".to_owned();
    let sql = "POST /v1/database/genarrative/sql HTTP/1.1".to_owned();
    let query =
        "SELECT \"owner_user_id\", \"profile_id\", \"work_title\" FROM \"puzzle_work_profile\"";
    let expected = [(schema, bearer.clone(), String::new()), (sql, bearer, query.to_owned())];
    assert_eq!(server.requests(), expected);

    assert_eq!(fetched.absent, ["big_fish_work_profile"]);
    assert_eq!(fetched.other_tables, 1);
    assert_eq!(fetched.unlisted_columns["puzzle_work_profile"], 27);
    assert_eq!(fetched.inputs.len(), 1);
    assert_eq!(fetched.inputs[0].explicit_table.as_deref(), Some("puzzle_work_profile"));
    for _ in 0..2 {
        let mut text = String::new();
        fetched.inputs[0].reader().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, ROWS);
    }
}

#[test]
fn another_spelling_of_a_table_is_asked_for_by_the_name_that_it_has() {
    let server = Server::new(|path| match path.ends_with("/sql") {
        true => ("200 OK", "", ROWS.to_owned()),
        false => ("200 OK", "", SCHEMA.replace("puzzle_work_profile", "puzzle_2_work")),
    });
    let aliases = vec!["puzzle_2_work".to_owned()];
    let wanted = Wanted { aliases, ..wanted("puzzle2_work", &["profile_id"]) };
    let fetched = server.fetch(&[wanted]).unwrap();
    assert_eq!(server.requests()[1].2, "SELECT \"profile_id\" FROM \"puzzle_2_work\"");
    assert_eq!(fetched.inputs[0].explicit_table.as_deref(), Some("puzzle_2_work"));
    assert!(fetched.unlisted_columns.contains_key("puzzle2_work"));
}

#[test]
fn what_cannot_be_asked_for_is_said_before_any_query() {
    let twice = SCHEMA.replace("\"user_account\",\"product", "\"puzzle_work_profile\",\"product");
    let cases = [
        (SCHEMA.to_owned(), wanted("other", &["a"]), "none of the allowed tables"),
        (SCHEMA.to_owned(), wanted("puzzle_work_profile", &["a"]), "none of the listed columns"),
        (twice, wanted("puzzle_work_profile", &["profile_id"]), "under two names"),
        (
            SCHEMA.replace("\"some\":\"profile_id\"", "\"some\":\"profile\\\"id\""),
            wanted("puzzle_work_profile", &["profile\"id"]),
            "SQL cannot quote",
        ),
        (
            SCHEMA.replace("\"product_type_ref\":2", "\"product_type_ref\":99"),
            wanted("puzzle_work_profile", &["profile_id"]),
            "no columns",
        ),
        ("[\"CANARY\"]".to_owned(), wanted("t", &["a"]), "not a schema of version 9"),
        ("x".repeat(17 << 20), wanted("t", &["a"]), "too long for a schema"),
    ];
    for (schema, wanted, expected) in cases {
        let server = Server::new(move |_| ("200 OK", "", schema.clone()));
        let error = server.fetch(&[wanted]).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("CANARY"), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn every_refusal_has_its_reason_and_shows_nothing_of_the_server() {
    let cases = [
        ("400 Bad Request", "`puzzle_work_profile` is not a valid table CANARY", "it is private"),
        ("400 Bad Request", "no such table: `CANARY`. If the table exists", "it is private"),
        ("400 Bad Request", "CANARY", "refused the request"),
        ("401 Unauthorized", "CANARY", "token is not accepted"),
        ("403 Forbidden", "CANARY", "does not allow"),
        ("404 Not Found", "CANARY", "no such database"),
        ("302 Found", "CANARY", "redirects"),
        ("500 Internal Server Error", "CANARY", "the server failed"),
        ("204 No Content", "", "not expected"),
    ];
    let query = [wanted("puzzle_work_profile", &["profile_id"])];
    for (status, body, expected) in cases {
        for refusing in ["/schema", "/sql"] {
            let server = Server::new(move |path| {
                if path.contains(refusing) {
                    return (status, "location: /elsewhere\r\n", body.to_owned());
                }
                ("200 OK", "", SCHEMA.to_owned())
            });
            let error = server.fetch(&query).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(expected) && shown.contains(&status[..3]), "{shown}");
            for hidden in ["CANARY", TOKEN, "LIVE"] {
                assert!(!shown.contains(hidden), "{shown}");
            }
            assert!(server.requests().iter().all(|request| !request.0.contains("elsewhere")));
        }
    }
}

#[test]
fn an_answer_that_breaks_off_is_an_error() {
    let server = Server::new(|path| match path.ends_with("/sql") {
        true => ("200 OK", "transfer-encoding: chunked\r\n", "5\r\nhello\r\n".to_owned()),
        false => ("200 OK", "", SCHEMA.to_owned()),
    });
    let error = server.fetch(&[wanted("puzzle_work_profile", &["profile_id"])]).unwrap_err();
    assert!(error.to_string().contains("broke off"), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let database = Database::new(&url, "d", TOKEN).unwrap();
    let error = database.fetch(&[], Path::new(".")).unwrap_err().to_string();
    assert!(error.contains(&url) && error.contains("the schema"), "{error}");
    assert!(!error.contains(TOKEN), "{error}");
}

#[test]
fn an_address_is_a_plain_url_and_a_name_is_one_segment_of_it() {
    for url in ["", "host:3000", "ftp://host", "http://u:p@host", "http://host?x", "http://host#x"]
    {
        assert!(Database::new(url, "d", TOKEN).is_err(), "{url}");
    }
    assert!(Database::new("http://host", "..", TOKEN).is_err());
    let database = Database::new("https://host/base/", "a/b?c", TOKEN).unwrap();
    assert_eq!(database.route("sql").as_str(), "https://host/base/v1/database/a%2Fb%3Fc/sql");
}

#[test]
fn a_certificate_that_nobody_trusts_gets_no_token() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut text = Vec::new();
        let _ = rustls::Stream::new(&mut tls, &mut stream).read_to_end(&mut text);
        text
    });
    let error = Database::new(&url, "d", TOKEN).unwrap().fetch(&[], Path::new(".")).unwrap_err();
    assert!(error.to_string().contains("TLS failed"), "{error}");
    assert_eq!(server.join().unwrap(), b"");
}
