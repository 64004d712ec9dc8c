//! A small dataset, and a client that shows what is on the wire.

// Each test binary uses its own part of this, and helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use gallery::{AuthToken, EmbeddedGallery, Gallery, GalleryConfig};
use serde_json::Value;

pub const TOKEN: &str = "token-that-must-not-show";

pub const PUZZLES: &str = "/api/runtime/puzzle/gallery";
pub const WORLDS: &str = "/api/runtime/custom-world-gallery";
pub const MY_PUZZLES: &str = "/api/runtime/puzzle/works";
pub const MY_WORLDS: &str = "/api/runtime/custom-world/works";

/// Three puzzles and two custom worlds of two users; `p2` and `w2` are drafts, and the id of the
/// third puzzle needs percent-encoding.
pub const DATASET: &str = r#"{
  "format": "genarrative-works", "formatVersion": 1, "keyId": "0f1e2d3c4b5a6978",
  "tables": {
    "puzzle_work_profile": [
      {"profile_id": "p1", "owner_user_id": "u1", "work_title": "一", "theme_tags_json": "[\"海\"]",
       "levels_json": "[{\"n\":1}]"},
      {"profile_id": "p2", "owner_user_id": "u1", "work_title": "draft"},
      {"profile_id": "作/3 %", "owner_user_id": "u2", "work_title": "三"}
    ],
    "custom_world_profile": [
      {"profile_id": "w1", "owner_user_id": "u1", "public_work_code": "CW 1",
       "profile_payload_json": "{\"deep\":{\"er\":true}}"},
      {"profile_id": "w2", "owner_user_id": "u2", "public_work_code": "CW-2"}
    ],
    "match3d_work_profile": []
  },
  "normalizedWorks": [
    {"kind": "puzzle", "table": "puzzle_work_profile", "profileId": "p1", "ownerUserId": "u1",
     "published": true},
    {"kind": "puzzle", "table": "puzzle_work_profile", "profileId": "p2", "ownerUserId": "u1",
     "published": false},
    {"kind": "puzzle", "table": "puzzle_work_profile", "profileId": "作/3 %", "ownerUserId": "u2",
     "published": true},
    {"kind": "custom-world", "table": "custom_world_profile", "profileId": "w1",
     "ownerUserId": "u1", "workCode": "CW 1", "published": true},
    {"kind": "custom-world", "table": "custom_world_profile", "profileId": "w2",
     "ownerUserId": "u2", "workCode": "CW-2", "published": false}
  ],
  "counts": {"puzzle_work_profile": 3, "custom_world_profile": 2, "match3d_work_profile": 0,
             "normalizedWorks": 5}
}"#;

pub fn gallery(config: GalleryConfig) -> Gallery {
    let dataset = dataset::Dataset::from_json(DATASET.as_bytes()).unwrap();
    Gallery::new(&dataset, config).unwrap()
}

pub fn start(config: GalleryConfig) -> EmbeddedGallery {
    EmbeddedGallery::start(gallery(config)).unwrap()
}

/// A configuration with the token.
pub fn with_token() -> GalleryConfig {
    GalleryConfig::new().auth_token(AuthToken::new(TOKEN).unwrap())
}

/// One request on a connection of its own.
pub fn get(server: &EmbeddedGallery, path: &str) -> Answer {
    Client::connect(server.local_addr()).request("GET", path, &[]).unwrap()
}

/// The same with the right token.
pub fn get_mine(server: &EmbeddedGallery, path: &str) -> Answer {
    let authorization = format!("authorization: Bearer {TOKEN}");
    Client::connect(server.local_addr()).request("GET", path, &[&authorization]).unwrap()
}

/// One keep-alive connection. Whatever takes longer than five seconds is an error.
pub struct Client(TcpStream);

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The header lines, in lower case.
    pub headers: Vec<String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter_map(|line| line.strip_prefix(name));
        let value = values.next()?.strip_prefix(": ");
        assert!(values.next().is_none(), "{name} came twice");
        value
    }

    /// The body as JSON, once the envelope's request id was found to be the header's.
    pub fn json(&self) -> Value {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(body["meta"]["requestId"].as_str(), self.header("x-request-id"));
        assert!(self.header("x-request-id").is_some());
        assert_eq!(self.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(body.as_object().unwrap().len(), 2, "the envelope has two fields");
        body
    }

    /// The profile ids of a list.
    pub fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, 200);
        let body = self.json();
        let items = body["data"]["items"].as_array().unwrap().iter();
        items.map(|item| item["profileId"].as_str().unwrap().to_owned()).collect()
    }

    /// The profile id of a detail.
    pub fn id(&self) -> String {
        assert_eq!(self.status, 200);
        self.json()["data"]["item"]["profileId"].as_str().unwrap().to_owned()
    }

    /// The status and code of an error.
    pub fn error(&self) -> (u16, String) {
        let body = self.json();
        assert!(body.get("data").is_none() && body["error"]["message"].is_string());
        (self.status, body["error"]["code"].as_str().unwrap().to_owned())
    }
}

impl Client {
    pub fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Self(stream)
    }

    pub fn request(&mut self, method: &str, path: &str, headers: &[&str]) -> io::Result<Answer> {
        self.send(method, path, headers);
        self.answer(method != "HEAD")
    }

    pub fn send(&mut self, method: &str, path: &str, headers: &[&str]) {
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        self.0.write_all(head.as_bytes()).unwrap();
    }

    /// Reads one response; an error where it ends before the promised length.
    pub fn answer(&mut self, has_body: bool) -> io::Result<Answer> {
        let (status, headers) = self.head()?;
        let mut answer = Answer { status, headers, body: Vec::new() };
        if has_body {
            let length = answer.header("content-length").expect("a length is promised");
            answer.body.resize(length.parse().unwrap(), 0);
            self.0.read_exact(&mut answer.body)?;
        }
        Ok(answer)
    }

    /// Reads one head and nothing behind it.
    pub fn head(&mut self) -> io::Result<(u16, Vec<String>)> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        Ok((status, lines.map(lower_name).collect()))
    }

    /// What is left until the connection ends, and how it ends.
    pub fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut rest = Vec::new();
        let ended = self.0.read_to_end(&mut rest);
        (rest, ended.map(drop))
    }

    /// Whether nothing comes for a tenth of a second and the connection stays open.
    pub fn is_silent(&mut self) -> bool {
        self.0.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let waited = self.0.read(&mut [0]).expect_err("something came, or the connection ended");
        matches!(waited.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
    }
}

fn lower_name(line: &str) -> String {
    let (name, value) = line.split_once(':').unwrap();
    format!("{}:{value}", name.to_ascii_lowercase())
}
