//! The paths of the service.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::Entry;

/// A route of the service, or what is counted for a path that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    PuzzleGallery,
    PuzzleGalleryDetail,
    WorldGallery,
    WorldGalleryDetail,
    WorldGalleryByCode,
    PuzzleWorks,
    PuzzleWorksDetail,
    WorldWorks,
    Health,
    Other,
}

impl Route {
    pub(crate) const ALL: [Self; 10] = [
        Self::PuzzleGallery,
        Self::PuzzleGalleryDetail,
        Self::WorldGallery,
        Self::WorldGalleryDetail,
        Self::WorldGalleryByCode,
        Self::PuzzleWorks,
        Self::PuzzleWorksDetail,
        Self::WorldWorks,
        Self::Health,
        Self::Other,
    ];

    /// The path template, as statistics name the route.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PuzzleGallery => "/api/runtime/puzzle/gallery",
            Self::PuzzleGalleryDetail => "/api/runtime/puzzle/gallery/{profile_id}",
            Self::WorldGallery => "/api/runtime/custom-world-gallery",
            Self::WorldGalleryDetail => {
                "/api/runtime/custom-world-gallery/{owner_user_id}/{profile_id}"
            }
            Self::WorldGalleryByCode => "/api/runtime/custom-world-gallery/by-code/{code}",
            Self::PuzzleWorks => "/api/runtime/puzzle/works",
            Self::PuzzleWorksDetail => "/api/runtime/puzzle/works/{profile_id}",
            Self::WorldWorks => "/api/runtime/custom-world/works",
            Self::Health => "/healthz",
            Self::Other => "other",
        }
    }

    /// The creation entry that the route belongs to.
    pub(crate) fn entry(self) -> Option<Entry> {
        match self {
            Self::PuzzleGallery
            | Self::PuzzleGalleryDetail
            | Self::PuzzleWorks
            | Self::PuzzleWorksDetail => Some(Entry::Puzzle),
            Self::WorldGallery
            | Self::WorldGalleryDetail
            | Self::WorldGalleryByCode
            | Self::WorldWorks => Some(Entry::CustomWorld),
            Self::Health | Self::Other => None,
        }
    }

    /// Whether only the token's user may see it.
    pub(crate) fn is_personal(self) -> bool {
        matches!(self, Self::PuzzleWorks | Self::PuzzleWorksDetail | Self::WorldWorks)
    }
}

/// A route with the ids of its path, still percent-encoded; an id that the route lacks is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) route: Route,
    first: &'a str,
    second: &'a str,
}

impl<'a> Target<'a> {
    pub(crate) fn of(path: &'a str) -> Self {
        let none = Self { route: Route::Other, first: "", second: "" };
        if path == "/healthz" {
            return Self { route: Route::Health, ..none };
        }
        let Some(rest) = path.strip_prefix("/api/runtime/") else { return none };
        let mut rest = rest.split('/');
        let segments = [rest.next(), rest.next(), rest.next(), rest.next()];
        let (route, first, second) = match segments {
            [Some("puzzle"), Some("gallery"), None, _] => (Route::PuzzleGallery, "", ""),
            [Some("puzzle"), Some("gallery"), Some(id), None] => {
                (Route::PuzzleGalleryDetail, id, "")
            }
            [Some("puzzle"), Some("works"), None, _] => (Route::PuzzleWorks, "", ""),
            [Some("puzzle"), Some("works"), Some(id), None] => (Route::PuzzleWorksDetail, id, ""),
            [Some("custom-world"), Some("works"), None, _] => (Route::WorldWorks, "", ""),
            [Some("custom-world-gallery"), None, ..] => (Route::WorldGallery, "", ""),
            [Some("custom-world-gallery"), Some("by-code"), Some(code), None] => {
                (Route::WorldGalleryByCode, code, "")
            }
            [Some("custom-world-gallery"), Some(owner), Some(id), None] => {
                (Route::WorldGalleryDetail, owner, id)
            }
            _ => return none,
        };
        Self { route, first, second }
    }

    /// The ids as the dataset writes them. `None` where they are not UTF-8: no work has such an id.
    pub(crate) fn ids(&self) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        let decoded = |id| percent_decode_str(id).decode_utf8().ok();
        Some((decoded(self.first)?, decoded(self.second)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> (Route, String, String) {
        let target = Target::of(path);
        let (first, second) = target.ids().unwrap();
        (target.route, first.into_owned(), second.into_owned())
    }

    #[test]
    fn every_route_is_found_by_its_own_template() {
        for route in Route::ALL {
            let path = if route == Route::Other { "/nothing" } else { route.name() };
            let path = path.replace(['{', '}'], "%2F");
            assert_eq!(found(&path).0, route, "{path}");
        }
    }

    #[test]
    fn ids_are_percent_decoded_one_segment_at_a_time() {
        let decoded = found("/api/runtime/custom-world-gallery/a%2Fb/%E4%BD%9C%E5%93%81");
        assert_eq!(decoded, (Route::WorldGalleryDetail, "a/b".to_owned(), "作品".to_owned()));
        assert!(Target::of("/api/runtime/puzzle/gallery/%FF").ids().is_none());
    }

    #[test]
    fn other_paths_are_no_route() {
        for path in [
            "",
            "/",
            "/healthz/",
            "/healthz%2F",
            "/api/runtime/",
            "/api/runtime/puzzle",
            "/api/runtime/puzzle/other",
            "/api/runtime/puzzle/gallery/a/b",
            "/API/runtime/puzzle/gallery",
            "/api/runtime/custom-world/works/a",
            "/api/runtime/custom-world-gallery/a",
            "/api/runtime/custom-world-gallery/a/b/c",
            "//api/runtime/puzzle/gallery",
        ] {
            assert_eq!(Target::of(path).route, Route::Other, "{path}");
        }
    }
}
