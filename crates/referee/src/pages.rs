//! The pages that the referee serves, made once, heads included.

use std::rc::Rc;

const SMALL: usize = 900;
const PUZZLES: usize = 80;
const WORLDS: usize = 2;

/// The path of the small body.
pub(crate) const SMALL_PATH: &str = "/small";
/// The path of the list of about 90 KB.
pub(crate) const PUZZLE_PATH: &str = "/api/runtime/puzzle/gallery";
/// The path of the list of about 1 KB.
pub(crate) const WORLD_PATH: &str = "/api/runtime/custom-world-gallery";

/// A whole response.
pub(crate) type Page = Rc<[u8]>;

/// Everything that is served to load.
pub(crate) struct Pages {
    pages: [(&'static str, Page); 3],
    missing: Page,
}

impl Pages {
    pub(crate) fn new() -> Self {
        let page = |path, body: String| (path, response("200 OK", "application/json", &body));
        Pages {
            pages: [
                page(SMALL_PATH, small()),
                page(PUZZLE_PATH, puzzles()),
                page(WORLD_PATH, worlds()),
            ],
            missing: response("404 Not Found", "text/plain", "there is no such page\n"),
        }
    }

    /// The page of a path, if load is meant to ask for it.
    pub(crate) fn find(&self, path: &[u8]) -> Option<Page> {
        let (_, page) = self.pages.iter().find(|(known, _)| known.as_bytes() == path)?;
        Some(Rc::clone(page))
    }

    pub(crate) fn missing(&self) -> Page {
        Rc::clone(&self.missing)
    }
}

/// A response with its head.
pub(crate) fn response(status: &str, kind: &str, body: &str) -> Page {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
        .into()
}

fn small() -> String {
    let frame = r#"{"id":"small","text":""}"#.len();
    format!(r#"{{"id":"small","text":"{}"}}"#, "a".repeat(SMALL - frame))
}

fn list(cards: impl Iterator<Item = String>) -> String {
    let cards: Vec<_> = cards.collect();
    format!(r#"{{"data":{{"items":[{}]}},"meta":{{"requestId":"r-1"}}}}"#, cards.join(","))
}

/// As many puzzles as a well-filled gallery has, in the shape that the load test checks.
fn puzzles() -> String {
    let filler = "孩子们把秘密藏在第三块砖的后面,从来没有人找到过。".repeat(7);
    list((0..PUZZLES).map(|n| {
        format!(
            r#"{{"profileId":"puzzle-profile-{n:012}","workId":"puzzle-work-{n:012}",
"ownerUserId":"user_{n:016}","publicWorkCode":"PZ-{n:08}","authorDisplayName":"陈小满的画室",
"workTitle":"安静的山谷·第{n}章","workDescription":"{filler}","levelName":"微醺的星河",
"summary":"风从北面吹来","themeTags":["科幻","动物"],"coverAssetId":"asset_{n:012}",
"coverImageSrc":"/generated-puzzle-assets/asset_{n:012}/cover.webp","playCount":{n},
"publicationStatus":"published","publishReady":true,"likeCount":13331,"remixCount":3781,
"createdAt":1777642015514527,"updatedAt":1778083996815473,"publishedAt":1777728415514527}}"#
        )
        .replace('\n', "")
    }))
}

fn worlds() -> String {
    list((0..WORLDS).map(|n| {
        format!(
            r#"{{"profileId":"world-profile-{n:012}","ownerUserId":"user_{n:016}",
"worldName":"风息群岛","subtitle":"云上的旧灯塔","summaryText":"渔人说雾里有一座没有门的塔。",
"themeMode":"tide","coverImageSrc":"/generated-custom-world-covers/asset_{n:012}/cover.webp",
"authorDisplayName":"陈小满的画室","publicWorkCode":"CW-{n:08}","publicationStatus":"published",
"playableNpcCount":3,"landmarkCount":{n},"playCount":{n},"likeCount":13,
"createdAt":1777642015514527,"updatedAt":1778083996815473,"publishedAt":1777728415514527}}"#
        )
        .replace('\n', "")
    }))
}

#[cfg(test)]
mod tests {
    use probe::{Limits, Probe, Shape, gallery};

    use super::*;

    #[test]
    fn the_lists_have_the_shapes_that_are_checked() {
        for (name, body) in [("puzzle-gallery", puzzles()), ("custom-world-gallery", worlds())] {
            let shape = Shape::from_json(gallery::shape_source(name).unwrap().as_bytes()).unwrap();
            let mut probe = Probe::new(Limits::default());
            assert!(probe.check(&shape, body.as_bytes()).is_empty(), "{name}");
        }
    }

    #[test]
    fn the_bodies_have_the_sizes_that_the_figures_name() {
        assert_eq!(small().len(), SMALL);
        assert!((85_000..95_000).contains(&puzzles().len()), "{}", puzzles().len());
        assert!((900..1_300).contains(&worlds().len()), "{}", worlds().len());
    }

    #[test]
    fn a_page_says_its_own_length() {
        let page = Pages::new().find(SMALL_PATH.as_bytes()).unwrap();
        let text = std::str::from_utf8(&page).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())));
        assert!(Pages::new().find(b"/").is_none());
    }
}
