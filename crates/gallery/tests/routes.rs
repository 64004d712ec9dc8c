//! What each route answers, over real sockets.

mod common;

use common::{
    Client, MY_PUZZLES, MY_WORLDS, PUZZLES, TOKEN, WORLDS, get, get_mine, start, with_token,
};
use gallery::{Entry, GalleryConfig};
use serde_json::json;

#[test]
fn public_lists_show_published_works_in_the_order_of_the_dataset() {
    let server = start(GalleryConfig::new());
    assert_eq!(get(&server, PUZZLES).ids(), ["p1", "作/3 %"]);
    assert_eq!(get(&server, WORLDS).ids(), ["w1"]);
    assert_eq!(get(&server, &format!("{PUZZLES}?limit=1")).ids().len(), 2, "queries mean nothing");
}

#[test]
fn list_cards_leave_out_what_details_have() {
    let server = start(GalleryConfig::new());
    let list = get(&server, PUZZLES).json();
    let card =
        json!({"profileId": "p1", "ownerUserId": "u1", "workTitle": "一", "themeTags": ["海"]});
    assert_eq!(list["data"]["items"][0], card);
    let detail = get(&server, &format!("{PUZZLES}/p1")).json();
    assert_eq!(detail["data"]["item"]["levels"], json!([{"n": 1}]));
    let world = get(&server, &format!("{WORLDS}/u1/w1")).json();
    assert_eq!(world["data"]["item"]["profilePayload"], json!({"deep": {"er": true}}));
    let worlds = get(&server, WORLDS).json();
    assert_eq!(worlds["data"]["items"][0].get("profilePayload"), None);
}

#[test]
fn details_are_found_by_percent_decoded_ids() {
    let server = start(GalleryConfig::new());
    assert_eq!(get(&server, &format!("{PUZZLES}/%E4%BD%9C%2F3%20%25")).id(), "作/3 %");
    assert_eq!(get(&server, &format!("{PUZZLES}/%70%31")).id(), "p1");
    assert_eq!(get(&server, &format!("{WORLDS}/u1/w1")).id(), "w1");
    assert_eq!(get(&server, &format!("{WORLDS}/by-code/CW%201")).id(), "w1");
}

#[test]
fn what_is_unknown_or_a_draft_is_404_on_the_public_routes() {
    let server = start(with_token());
    for path in [
        "/",
        "/api/runtime/puzzle",
        "/healthz/x",
        &format!("{PUZZLES}/nobody"),
        &format!("{PUZZLES}/%6eobody%2F"),
        &format!("{PUZZLES}/%FF"),
        &format!("{PUZZLES}/p2"),
        &format!("{PUZZLES}/w1"),
        &format!("{PUZZLES}/"),
        &format!("{PUZZLES}/p1/"),
        &format!("{WORLDS}/u2/w2"),
        &format!("{WORLDS}/u2/w1"),
        &format!("{WORLDS}/by-code/CW-2"),
        &format!("{WORLDS}/by-code/w1"),
        &format!("{WORLDS}/w1"),
    ] {
        // The token opens nothing here: drafts are private even to their owner.
        assert_eq!(get_mine(&server, path).error(), (404, "not_found".to_owned()), "{path}");
    }
}

#[test]
fn personal_routes_show_all_works_of_the_token_user() {
    let server = start(with_token());
    assert_eq!(get_mine(&server, MY_PUZZLES).ids(), ["p1", "p2"]);
    assert_eq!(get_mine(&server, MY_WORLDS).ids(), ["w1"]);
    assert_eq!(get_mine(&server, &format!("{MY_PUZZLES}/p2")).id(), "p2");
    let foreign = get_mine(&server, &format!("{MY_PUZZLES}/%E4%BD%9C%2F3%20%25"));
    assert_eq!(foreign.error(), (404, "not_found".to_owned()));

    let server = start(with_token().auth_user("u2"));
    assert_eq!(get_mine(&server, MY_PUZZLES).ids(), ["作/3 %"]);
    assert_eq!(get_mine(&server, MY_WORLDS).ids(), ["w2"]);

    let server = start(with_token().auth_user("nobody"));
    assert!(get_mine(&server, MY_PUZZLES).ids().is_empty());
}

#[test]
fn personal_routes_are_closed_without_the_right_token() {
    let server = start(with_token());
    let unauthorized = (401, "unauthorized".to_owned());
    for path in
        [MY_PUZZLES, MY_WORLDS, &format!("{MY_PUZZLES}/p1"), &format!("{MY_PUZZLES}/nobody")]
    {
        for header in [
            "x: y",
            "authorization: Bearer wrong",
            "authorization: Bearer",
            "authorization: Basic YTpi",
        ] {
            let mut client = Client::connect(server.local_addr());
            let answer = client.request("GET", path, &[header]).unwrap();
            assert_eq!(answer.error(), unauthorized, "{path} with {header}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    let closed = start(GalleryConfig::new());
    assert_eq!(get_mine(&closed, MY_PUZZLES).error(), unauthorized, "no token is configured");
}

#[test]
fn only_get_and_head_are_allowed() {
    let server = start(GalleryConfig::new());
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let mut client = Client::connect(server.local_addr());
        let answer = client.request(method, PUZZLES, &["content-length: 0"]).unwrap();
        assert_eq!(answer.error(), (405, "method_not_allowed".to_owned()), "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    }
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let server = start(GalleryConfig::new());
    let mut client = Client::connect(server.local_addr());
    for path in [PUZZLES, "/healthz", "/nothing"] {
        let get = client.request("GET", path, &[]).unwrap();
        let head = client.request("HEAD", path, &[]).unwrap();
        assert_eq!(head.status, get.status);
        for name in ["content-length", "content-type"] {
            assert!(head.header(name).is_some());
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    // Nothing came behind the last head, or this answer would not be read.
    assert_eq!(client.request("GET", "/healthz", &[]).unwrap().status, 200);
}

#[test]
fn a_disabled_entry_is_503_on_all_its_routes_and_no_other() {
    let server = start(with_token().disable(Entry::Puzzle));
    let disabled = (503, "creation_entry_disabled".to_owned());
    for path in [PUZZLES, MY_PUZZLES, &format!("{PUZZLES}/p1"), &format!("{MY_PUZZLES}/p1")] {
        assert_eq!(get_mine(&server, path).error(), disabled, "{path}");
    }
    assert_eq!(get_mine(&server, MY_WORLDS).ids(), ["w1"]);
    let server = start(with_token().disable(Entry::CustomWorld));
    for path in [WORLDS, MY_WORLDS, &format!("{WORLDS}/u1/w1"), &format!("{WORLDS}/by-code/CW%201")]
    {
        assert_eq!(get_mine(&server, path).error(), disabled, "{path}");
    }
    assert_eq!(get(&server, PUZZLES).ids().len(), 2);
}

#[test]
fn one_connection_carries_many_requests_and_each_has_its_own_id() {
    let server = start(GalleryConfig::new());
    let mut client = Client::connect(server.local_addr());
    let mut ids: Vec<String> = (0..50)
        .map(|_| client.request("GET", PUZZLES, &[]).unwrap())
        .map(|answer| answer.json()["meta"]["requestId"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 50);
    assert_eq!(server.stats().connections_accepted, 1);
}

#[test]
fn the_statistics_are_what_the_client_saw() {
    let server = start(with_token());
    for (path, times) in [(PUZZLES, 3), (MY_WORLDS, 2), ("/healthz", 4), ("/nothing", 1)] {
        (0..times).for_each(|_| drop(get(&server, path)));
    }
    get_mine(&server, MY_WORLDS).ids();
    get(&server, &format!("{PUZZLES}/p1")).id();
    let stats = server.stats();
    let counts = [
        (PUZZLES, 200, 3),
        (MY_WORLDS, 401, 2),
        (MY_WORLDS, 200, 1),
        ("/healthz", 200, 4),
        ("other", 404, 1),
        ("/api/runtime/puzzle/gallery/{profile_id}", 200, 1),
    ];
    for (route, status, count) in counts {
        assert_eq!(stats.count(route, status), count, "{route} {status}");
    }
    assert_eq!((stats.total_responses(), stats.requests_received), (12, 12));
    assert_eq!((stats.connections_accepted, stats.accept_errors), (12, 0));
    assert_eq!(stats.max_concurrent_requests, 1);
}

#[test]
fn the_token_is_in_no_debug_output_and_no_answer() {
    let server = start(with_token());
    let config = format!("{:?}", with_token());
    let answers =
        [get_mine(&server, MY_PUZZLES), get_mine(&server, "/nothing"), get(&server, MY_PUZZLES)];
    for shown in [config, format!("{server:?} {:?}", server.stats())] {
        assert!(!shown.contains(TOKEN), "{shown}");
    }
    for answer in answers {
        let shown = [answer.headers.concat().as_bytes(), &answer.body].concat();
        assert!(!String::from_utf8(shown).unwrap().contains(TOKEN));
    }
}
