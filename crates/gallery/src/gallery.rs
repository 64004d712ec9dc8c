use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use dataset::Dataset;
use hyper::header::HeaderMap;
use hyper::{Method, Request, Response, StatusCode};

use crate::catalogue::Catalogue;
use crate::fault::Faults;
use crate::reply::{Cut, Page, Refusal, Reply, ReplyBody};
use crate::route::{Route, Target};
use crate::stats::Counters;
use crate::{AuthToken, Entry, FaultAction, GalleryConfig, GalleryError, GalleryStats};

/// The service itself, with every page serialised and nothing listening yet. Hand it to
/// [`GalleryServer`](crate::GalleryServer) or [`EmbeddedGallery`](crate::EmbeddedGallery).
pub struct Gallery {
    catalogue: Catalogue,
    auth_token: Option<AuthToken>,
    limit: usize,
    disabled: BTreeSet<Entry>,
    latency: Duration,
    faults: Faults,
    pub(crate) counters: Counters,
    next_id: AtomicU64,
}

impl Gallery {
    /// Serialises every list and detail of the dataset that a route shows; the dataset itself is
    /// not kept. Works of kinds without routes are left out.
    ///
    /// # Errors
    ///
    /// [`GalleryError::MissingRow`] where a work has no row in its table, and
    /// [`GalleryError::FaultPath`] or [`GalleryError::FaultStatus`] for a fault that cannot be.
    pub fn new(dataset: &Dataset, config: GalleryConfig) -> Result<Self, GalleryError> {
        Ok(Self {
            catalogue: Catalogue::new(dataset, config.auth_user.as_deref())?,
            auth_token: config.auth_token,
            limit: config.max_concurrent_requests.map_or(usize::MAX, NonZeroUsize::get),
            disabled: config.disabled,
            latency: config.latency,
            faults: Faults::new(config.faults)?,
            counters: Counters::new(),
            next_id: AtomicU64::new(1),
        })
    }

    pub(crate) fn stats(&self) -> GalleryStats {
        self.counters.snapshot(self.faults.injected())
    }

    /// Decides what a request gets, and when. It is the whole service but for waiting and sending.
    pub(crate) fn plan<B>(self: &Arc<Self>, request: &Request<B>) -> Plan {
        self.counters.received.fetch_add(1, Relaxed);
        let target = Target::of(request.uri().path());
        let Some(permit) = self.admit(target.route) else {
            return Plan::at_once(target.route, Reply::refusal(Refusal::TooManyRequests));
        };
        let page = self.page(&target, request.method(), request.headers());
        let reply = page.map_or_else(Reply::refusal, Reply::from);
        let wait = Wait::Until(self.latency);
        let mut plan = Plan { route: target.route, wait, reply, permit };
        let has_body = request.method() != Method::HEAD;
        self.faults.inject(request.uri().path(), |action| plan.spoil(action, page.ok(), has_body));
        plan
    }

    /// The response of a plan whose wait is over.
    pub(crate) fn answer(&self, plan: Plan) -> Response<ReplyBody> {
        self.counters.count(plan.route, plan.reply.status.as_u16());
        plan.reply.into_response(self.next_id.fetch_add(1, Relaxed), plan.permit)
    }

    /// A place among the requests in progress; `None` where all are taken. `/healthz` needs none.
    fn admit(self: &Arc<Self>, route: Route) -> Option<Option<Permit>> {
        if route == Route::Health {
            return Some(None);
        }
        self.counters.enter(self.limit).then(|| Some(Permit(Arc::clone(self))))
    }

    fn page(
        &self,
        target: &Target<'_>,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<&Page, Refusal> {
        let route = target.route;
        if route == Route::Other {
            return Err(Refusal::NotFound);
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Err(Refusal::MethodNotAllowed);
        }
        if route.entry().is_some_and(|entry| self.disabled.contains(&entry)) {
            return Err(Refusal::EntryDisabled);
        }
        let authorized = || self.auth_token.as_ref().is_some_and(|token| token.opens(headers));
        if route.is_personal() && !authorized() {
            return Err(Refusal::Unauthorized);
        }
        self.catalogue.find(target).ok_or(Refusal::NotFound)
    }
}

impl fmt::Debug for Gallery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gallery").finish_non_exhaustive()
    }
}

/// What one request gets.
pub(crate) struct Plan {
    route: Route,
    pub(crate) wait: Wait,
    reply: Reply,
    permit: Option<Permit>,
}

/// What comes before a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// This much time.
    Until(Duration),
    /// All time: the response never comes.
    Forever,
}

impl Plan {
    fn at_once(route: Route, reply: Reply) -> Self {
        Self { route, wait: Wait::Until(Duration::ZERO), reply, permit: None }
    }

    /// Applies a fault; whether it changes anything for this request.
    fn spoil(&mut self, action: &FaultAction, page: Option<&Page>, has_body: bool) -> bool {
        match *action {
            FaultAction::Status(status) => {
                // Checked to be 400 to 599 when the gallery was made.
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                self.reply = Reply::refusal(Refusal::Injected(status));
            }
            FaultAction::WrongShape => {
                let Some(wrong) = page.and_then(Page::wrong_shape) else { return false };
                self.reply = Reply::page(wrong);
            }
            FaultAction::Html => self.reply = Reply::html(),
            FaultAction::Truncate if has_body => self.reply.cut(Cut { reset: false }),
            FaultAction::Reset if has_body => self.reply.cut(Cut { reset: true }),
            FaultAction::Truncate | FaultAction::Reset => return false,
            FaultAction::Hang => self.wait = Wait::Forever,
            FaultAction::Delay(extra) => self.delay(extra),
        }
        true
    }

    fn delay(&mut self, extra: Duration) {
        if let Wait::Until(latency) = self.wait {
            self.wait = Wait::Until(latency.saturating_add(extra));
        }
    }
}

/// A place among the requests in progress, given back when it is dropped.
pub(crate) struct Permit(Arc<Gallery>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.counters.leave();
    }
}
