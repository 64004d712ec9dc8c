//! The settings of connections as a user sees them.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic too")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

/// The settings, with a value for each that is wrong.
const SETTINGS: [(&str, &str, &str); 7] = [
    ("--http", "HTTP", "3"),
    ("--timeout", "TIMEOUT", "0s"),
    ("--connect-timeout", "CONNECT_TIMEOUT", "soon"),
    ("--header-timeout", "HEADER_TIMEOUT", "0s"),
    ("--cacert", "CACERT", "/no/such/file.pem"),
    ("--insecure", "INSECURE", "perhaps"),
    ("--gzip", "GZIP", "-9"),
];

/// A smoke test of half a second, of the address or of the embedded gallery.
fn smoke(base_url: Option<&str>, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadtest"));
    for (_, variable, _) in SETTINGS {
        command.env_remove(variable);
    }
    for variable in ["AUTH_TOKEN", "BASE_URL", "ENDPOINTS", "UNIX_SOCKET", "WORKS_DATA", "VUS"] {
        command.env_remove(variable);
    }
    command.args(["smoke", "--duration", "300ms"]);
    command.args(base_url.iter().flat_map(|url| ["--base-url", url]));
    let output = command.args(arguments).envs(variables.iter().copied()).output().unwrap();
    let (stdout, stderr) = (output.stdout, output.stderr);
    let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    assert!(!text.contains("panicked"), "{text}");
    (output.status.code().unwrap(), text)
}

#[test]
fn a_wrong_value_is_a_configuration_error_that_names_its_setting() {
    for (flag, variable, wrong) in SETTINGS {
        let (code, text) = smoke(None, &[], &[(variable, wrong)]);
        assert_eq!(code, 104, "{text}");
        assert!(text.contains(&format!("{variable}={wrong}: must be ")), "{text}");
        if !["--insecure", "--gzip"].contains(&flag) {
            let (code, text) = smoke(None, &[flag, wrong], &[]);
            assert_eq!(code, 104, "{text}");
            assert!(text.contains(&format!("{flag} {wrong}: must be ")), "{text}");
        }
    }
}

#[test]
fn http2_is_spoken_where_it_is_asked_for() {
    // The preface of HTTP/2 is what a server sees first.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let _check = listener.accept().unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut preface = [0; 14];
        stream.read_exact(&mut preface).unwrap();
        preface
    });
    let (code, text) = smoke(Some(&url), &["--http", "2"], &[]);
    assert_eq!(&server.join().unwrap(), b"PRI * HTTP/2.0");
    assert_eq!(code, 99, "{text}");
    assert!(text.contains("HTTP/2 only"), "{text}");
}

#[test]
fn http1_and_the_timeouts_leave_a_good_service_as_it_is() {
    let times = ["--timeout", "30s", "--connect-timeout", "5s", "--header-timeout", "20s"];
    let (code, text) = smoke(None, &[&["--http", "1.1"], &times[..]].concat(), &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("HTTP/1.1 only"), "{text}");
}

/// A server that answers nothing.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[test]
fn a_header_timeout_is_a_class_of_its_own() {
    let (_listener, address) = silent();
    let arguments = ["--header-timeout", "50ms"];
    let (code, text) = smoke(Some(&format!("http://{address}")), &arguments, &[]);
    assert_eq!(code, 99, "{text}");
    assert!(text.contains("header_timeout"), "{text}");
}

#[test]
fn a_connect_timeout_holds_for_the_handshake_before_the_load() {
    let (_listener, address) = silent();
    let arguments = ["--connect-timeout", "50ms", "--insecure"];
    let (code, text) = smoke(Some(&format!("https://{address}")), &arguments, &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("connect_timeout") && text.contains("not verified"), "{text}");
}

#[test]
fn a_file_that_is_no_certificate_is_refused() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let (code, text) = smoke(Some("https://127.0.0.1:9"), &["--cacert", file], &[]);
    assert_eq!(code, 104, "{text}");
    assert!(text.contains("CACERT is no PEM file"), "{text}");
}

/// Answers everything with an empty list, and says what it was asked first.
fn serve_one(mut stream: impl Read + Write) -> String {
    let mut request = vec![0; 4096];
    let mut first = String::new();
    while let Ok(read) = stream.read(&mut request) {
        if read == 0 {
            break;
        }
        if first.is_empty() {
            first = String::from_utf8_lossy(&request[..read]).to_lowercase();
        }
        let _closed = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]");
    }
    first
}

#[test]
fn compression_is_asked_for_only_if_wanted() {
    for (arguments, variables, expected) in [
        (&["--gzip"][..], &[][..], true),
        (&[], &[("GZIP", "1")], true),
        (&[], &[("GZIP", "0")], false),
        (&[], &[], false),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let _check = listener.accept().unwrap();
            serve_one(listener.accept().unwrap().0)
        });
        smoke(Some(&url), arguments, variables);
        let request = server.join().unwrap();
        assert_eq!(request.contains("accept-encoding: gzip"), expected, "{request}");
    }
}

#[cfg(unix)]
#[test]
fn a_unix_socket_takes_the_place_of_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let server = std::thread::spawn(move || {
        let _check = listener.accept().unwrap();
        serve_one(listener.accept().unwrap().0)
    });
    let path = path.to_str().unwrap();
    let (_, text) = smoke(Some("http://api.invalid"), &["--unix-socket", path], &[]);
    assert!(server.join().unwrap().contains("host: api.invalid"));
    assert!(text.contains(&format!("over the Unix socket {path}")), "{text}");
}
