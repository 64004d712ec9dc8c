//! The virtual user: what one iteration does.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use probe::{Probe, Violation};
use scenario::{Iteration, VirtualUser};

use crate::identity::TRACEPARENT;
use crate::items::ItemCount;
use crate::recorder::{Judgement, Recorder};
use crate::requests::{Request, Requests};
use crate::signs::Sign;
use crate::transport::{Call, Client, ClientConfig, Exchange, Response};
use crate::{Endpoint, Role};

/// What all virtual users of a worker share.
pub(crate) struct Worker<'a> {
    /// Of each scenario.
    pub(crate) requests: &'a [Requests],
    /// Where the endpoints of each scenario begin among those of all.
    pub(crate) offsets: Vec<usize>,
    pub(crate) recorder: &'a Recorder<'a>,
    pub(crate) judge: RefCell<Judge>,
}

/// Somebody who looks at the works lists, and at times at one work.
pub(crate) struct Reader<'a> {
    worker: &'a Worker<'a>,
    client: Client,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(worker: &'a Worker<'a>, config: Rc<ClientConfig>) -> Self {
        Reader { worker, client: Client::new(config) }
    }

    async fn request(&mut self, request: &Request<'_>, iteration: &Iteration) {
        let requests = &self.worker.requests[iteration.scenario];
        let endpoint = &requests.endpoints()[request.endpoint];
        let series = self.worker.offsets[iteration.scenario] + request.endpoint;
        let lag = iteration.started - iteration.planned;
        let in_flight = self.worker.recorder.begin(series, lag);
        let traceparent = request.traceparent.iter();
        let traced = traceparent
            .map(|header| [request.headers, &[(TRACEPARENT, header.clone())]].concat())
            .next();
        let call = Call {
            target: request.target,
            method: request.method,
            path: &request.path,
            auth: request.auth,
            headers: traced.as_deref().unwrap_or(request.headers),
        };
        let exchange = self.client.send(call, in_flight.begun()).await;
        let mut judge = self.worker.judge.borrow_mut();
        in_flight.ended(&exchange, &judge.judge(endpoint, &exchange));
        self.client.reuse(exchange);
    }
}

impl VirtualUser for Reader<'_> {
    async fn iterate(&mut self, iteration: Iteration) {
        let requests = &self.worker.requests[iteration.scenario];
        for request in requests.of_iteration(iteration.index) {
            self.request(&request, &iteration).await;
            if let Some(pause) = request.pause {
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// Judges responses, one at a time, on reused buffers.
pub(crate) struct Judge {
    probe: Probe,
    items: ItemCount,
    /// Where a body that came in several pieces is put together.
    body: Vec<u8>,
}

impl Judge {
    pub(crate) fn new(probe: Probe) -> Self {
        Judge { probe, items: ItemCount::new(), body: Vec::new() }
    }

    /// Another status than the expected ones has another body, and is counted as a failed request,
    /// not as a shape error too.
    fn judge(&mut self, endpoint: &Endpoint, exchange: &Exchange) -> Judgement<'_> {
        let Ok(response) = &exchange.result else {
            return Judgement { expected: None, violations: None, sign: Sign::None, items: None };
        };
        let expected = endpoint.expect.contains(&response.status);
        let body = whole(&mut self.body, response);
        let shape = endpoint.shape.as_ref().filter(|_| expected);
        let violations = shape.map(|shape| self.probe.check(shape, body));
        let is_right = violations.is_some_and(<[Violation]>::is_empty);
        let items =
            (is_right && endpoint.role() == Role::List).then(|| self.items.of_list(body)).flatten();
        let is_wrong = !expected || violations.is_some_and(|found| !found.is_empty());
        let sign = if is_wrong { Sign::of_unexpected(body) } else { Sign::None };
        Judgement { expected: Some(expected), violations, sign, items }
    }
}

/// The body in one piece, put together in `buffer` if it came in several.
fn whole<'a>(buffer: &'a mut Vec<u8>, response: &'a Response) -> &'a [u8] {
    match response.body.as_slice() {
        [] => &[],
        [whole] => whole,
        pieces => {
            buffer.clear();
            pieces.iter().for_each(|piece: &Bytes| buffer.extend_from_slice(piece));
            buffer
        }
    }
}
