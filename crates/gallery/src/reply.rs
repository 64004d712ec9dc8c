//! What is sent: pages that are ready but for the request id, and the body that joins the two.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};
use thiserror::Error;

use crate::gallery::Permit;

const DATA: &str = r#"{"data":"#;
const META: &str = r#","meta":{"requestId":""#;
const END: &str = r#""}}"#;

/// The header that repeats the request id of the body's `meta`.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A response body up to where the request id goes. It is made once and never copied.
pub(crate) struct Page {
    opening: Bytes,
    wrong: OnceLock<Option<Bytes>>,
}

impl Page {
    pub(crate) fn list(cards: &[Value]) -> Self {
        Self::new(&json!({ "items": cards }))
    }

    pub(crate) fn detail(card: &Value) -> Self {
        Self::new(&json!({ "item": card }))
    }

    pub(crate) fn health() -> Self {
        Self::new(&json!({ "status": "ok" }))
    }

    fn new(data: &Value) -> Self {
        Self { opening: opening(data), wrong: OnceLock::new() }
    }

    /// The same page with the profile id of its last item as a number; `None` where it has no item.
    /// The last one, because a checker that looks only at the first is to be found out.
    pub(crate) fn wrong_shape(&self) -> Option<Bytes> {
        let wrong = || {
            let data = &self.opening[DATA.len()..self.opening.len() - META.len()];
            let mut data: Value = serde_json::from_slice(data).ok()?;
            let item = match data.get_mut("items") {
                Some(items) => items.as_array_mut()?.last_mut()?,
                None => data.get_mut("item")?,
            };
            *item.get_mut("profileId")? = Value::from(1);
            Some(opening(&data))
        };
        self.wrong.get_or_init(wrong).clone()
    }
}

fn opening(data: &Value) -> Bytes {
    Bytes::from(format!("{DATA}{data}{META}"))
}

/// Why a request gets no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotFound,
    Unauthorized,
    MethodNotAllowed,
    TooManyRequests,
    EntryDisabled,
    Injected(StatusCode),
}

/// The opening of an error body, in one piece of static memory.
macro_rules! error_opening {
    ($code:literal, $message:literal) => {
        concat!(
            r#"{"error":{"code":""#,
            $code,
            r#"","message":""#,
            $message,
            r#""},"meta":{"requestId":""#
        )
    };
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::EntryDisabled => StatusCode::SERVICE_UNAVAILABLE,
            Self::Injected(status) => status,
        }
    }

    fn opening(self) -> &'static str {
        match self {
            Self::NotFound => error_opening!("not_found", "no such work or route"),
            Self::Unauthorized => {
                error_opening!("unauthorized", "this route needs a valid bearer token")
            }
            Self::MethodNotAllowed => error_opening!("method_not_allowed", "only GET and HEAD"),
            Self::TooManyRequests => {
                error_opening!("too_many_requests", "too many requests are in progress")
            }
            Self::EntryDisabled => {
                error_opening!("creation_entry_disabled", "this creation entry is disabled")
            }
            Self::Injected(_) => error_opening!("injected_fault", "answered wrongly on purpose"),
        }
    }

    fn header(self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Unauthorized => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::MethodNotAllowed => Some((ALLOW, HeaderValue::from_static("GET, HEAD"))),
            Self::TooManyRequests => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            Self::NotFound | Self::EntryDisabled | Self::Injected(_) => None,
        }
    }
}

const HTML: &str = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>\
    <body><h1>Welcome</h1><p>This is a web page, and not the API.</p></body></html>\n";

/// A response before its request id is known.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    opening: Bytes,
    is_json: bool,
    header: Option<(HeaderName, HeaderValue)>,
    cut: Option<Cut>,
}

impl Reply {
    pub(crate) fn page(opening: Bytes) -> Self {
        Self { status: StatusCode::OK, opening, is_json: true, header: None, cut: None }
    }

    pub(crate) fn refusal(refusal: Refusal) -> Self {
        let (status, header) = (refusal.status(), refusal.header());
        let opening = Bytes::from_static(refusal.opening().as_bytes());
        Self { status, opening, is_json: true, header, cut: None }
    }

    pub(crate) fn html() -> Self {
        Self { is_json: false, ..Self::page(Bytes::from_static(HTML.as_bytes())) }
    }

    /// Ends the body, and the connection, at half of the bytes that the head promises.
    pub(crate) fn cut(&mut self, cut: Cut) {
        self.cut = Some(cut);
    }

    pub(crate) fn into_response(self, id: u64, permit: Option<Permit>) -> Response<ReplyBody> {
        let id = format!("req-{id:016x}");
        let id_header = HeaderValue::from_str(&id).expect("hexadecimal digits are a header value");
        let media = if self.is_json { "application/json; charset=utf-8" } else { "text/html" };
        let closing = if self.is_json { Bytes::from(id + END) } else { Bytes::new() };
        let body = ReplyBody::new(self.opening, closing, self.cut, permit);
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(X_REQUEST_ID, id_header);
        headers.extend(self.header);
        response
    }
}

impl From<&Page> for Reply {
    fn from(page: &Page) -> Self {
        Self::page(page.opening.clone())
    }
}

/// Ends a body, and with it the connection, before its time.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the body is cut on purpose")]
pub(crate) struct Cut {
    /// Whether the connection is reset instead of closed in order.
    pub(crate) reset: bool,
}

/// A page and its closing, as two frames of one body: the page's bytes are shared by all responses.
pub(crate) struct ReplyBody {
    opening: Bytes,
    closing: Bytes,
    /// Bytes that the head promises and that were not handed out yet.
    promised: u64,
    cut: Option<Cut>,
    /// Whether hyper had the chance to send what comes before the cut.
    flushed: bool,
    /// Held until the body is handed out or dropped.
    _permit: Option<Permit>,
}

impl ReplyBody {
    fn new(
        mut opening: Bytes,
        mut closing: Bytes,
        cut: Option<Cut>,
        permit: Option<Permit>,
    ) -> Self {
        let promised = (opening.len() + closing.len()) as u64;
        if cut.is_some() {
            opening.truncate(opening.len() / 2);
            closing.clear();
        }
        Self { opening, closing, promised, cut, flushed: false, _permit: permit }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = self.get_mut();
        for part in [&mut this.opening, &mut this.closing] {
            if !part.is_empty() {
                let part = std::mem::take(part);
                this.promised -= part.len() as u64;
                return Poll::Ready(Some(Ok(Frame::data(part))));
            }
        }
        match this.cut {
            // hyper sends what it has when a body makes it wait, and nothing once a body fails.
            Some(_) if !this.flushed => {
                this.flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            cut => Poll::Ready(cut.map(Err)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.cut.is_none() && self.opening.is_empty() && self.closing.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(reply: Reply) -> (u64, Vec<Option<Result<Bytes, Cut>>>) {
        let mut body = reply.into_response(42, None).into_body();
        let promised = body.size_hint().exact().unwrap();
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut frames = Vec::new();
        while !body.is_end_stream() && frames.len() < 4 {
            match Pin::new(&mut body).poll_frame(&mut context) {
                Poll::Pending => frames.push(None),
                Poll::Ready(frame) => {
                    let frame = frame.unwrap().map(|frame| frame.into_data().unwrap());
                    let failed = frame.is_err();
                    frames.push(Some(frame));
                    if failed {
                        break;
                    }
                }
            }
        }
        (promised, frames)
    }

    #[test]
    fn a_page_is_shared_and_only_its_closing_is_made_per_response() {
        let page = Page::detail(&json!({"profileId": "p"}));
        let (promised, frames) = frames(Reply::from(&page));
        let [Some(Ok(opening)), Some(Ok(closing))] = frames.as_slice() else {
            panic!("expected two frames, got {frames:?}")
        };
        assert_eq!(opening.as_ptr(), page.opening.as_ptr(), "the page was copied");
        assert_eq!(promised as usize, opening.len() + closing.len());
        let body: Value = serde_json::from_slice(&[opening.as_ref(), closing].concat()).unwrap();
        let expected = json!({
            "data": {"item": {"profileId": "p"}}, "meta": {"requestId": "req-000000000000002a"},
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_cut_body_promises_more_than_it_has_and_lets_the_rest_be_sent_first() {
        let cut = Cut { reset: true };
        let mut reply = Reply::from(&Page::health());
        let whole = reply.opening.len();
        reply.cut(cut);
        let (promised, frames) = frames(reply);
        let half = opening(&json!({"status": "ok"})).slice(..whole / 2);
        assert_eq!(frames, [Some(Ok(half)), None, Some(Err(cut))]);
        assert!(promised as usize > whole / 2);
    }

    #[test]
    fn every_refusal_is_an_error_body_with_its_code() {
        for (refusal, status, code) in [
            (Refusal::NotFound, 404, "not_found"),
            (Refusal::Unauthorized, 401, "unauthorized"),
            (Refusal::MethodNotAllowed, 405, "method_not_allowed"),
            (Refusal::TooManyRequests, 429, "too_many_requests"),
            (Refusal::EntryDisabled, 503, "creation_entry_disabled"),
            (Refusal::Injected(StatusCode::BAD_GATEWAY), 502, "injected_fault"),
        ] {
            let body = format!("{}x{END}", refusal.opening());
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(refusal.status().as_u16(), status);
            assert_eq!(
                (&body["error"]["code"], &body["meta"]["requestId"]),
                (&json!(code), &json!("x"))
            );
            assert!(body["error"]["message"].is_string() && body.get("data").is_none());
        }
    }

    #[test]
    fn the_wrong_shape_differs_in_the_last_profile_id_alone() {
        let page = Page::list(&[json!({"profileId": "a"}), json!({"profileId": "b"})]);
        let right = String::from_utf8(page.opening.to_vec()).unwrap();
        let wrong = String::from_utf8(page.wrong_shape().unwrap().to_vec()).unwrap();
        assert_eq!(wrong, right.replace(r#""b""#, "1"));
        assert_eq!(Page::list(&[]).wrong_shape(), None);
        assert_eq!(Page::health().wrong_shape(), None);
    }
}
