//! The virtual user: what one iteration does.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use hyper::Method;
use probe::{Probe, Violation};
use scenario::{Iteration, VirtualUser};

use crate::Endpoint;
use crate::recorder::{Judgement, Recorder};
use crate::requests::{Request, Requests};
use crate::transport::{Call, Client, ClientConfig, Exchange, Response};

/// What all virtual users of a worker share.
pub(crate) struct Worker<'a> {
    pub(crate) requests: &'a Requests,
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
        let endpoint = &self.worker.requests.endpoints()[request.endpoint];
        let lag = iteration.started - iteration.planned;
        let in_flight = self.worker.recorder.begin(request.endpoint, lag);
        let call = Call {
            target: 0,
            method: &Method::GET,
            path: &request.path,
            auth: endpoint.auth,
            headers: &[],
        };
        let exchange = self.client.send(call, in_flight.begun()).await;
        let mut judge = self.worker.judge.borrow_mut();
        in_flight.ended(&exchange, &judge.judge(endpoint, &exchange));
        self.client.reuse(exchange);
    }
}

impl VirtualUser for Reader<'_> {
    async fn iterate(&mut self, iteration: Iteration) {
        for request in self.worker.requests.of_iteration(iteration.index) {
            self.request(&request, &iteration).await;
        }
    }
}

/// Judges responses, one at a time, on reused buffers.
pub(crate) struct Judge {
    probe: Probe,
    /// Where a body that came in several pieces is put together.
    body: Vec<u8>,
}

impl Judge {
    pub(crate) fn new(probe: Probe) -> Self {
        Judge { probe, body: Vec::new() }
    }

    fn judge(&mut self, endpoint: &Endpoint, exchange: &Exchange) -> Judgement<'_> {
        let Ok(response) = &exchange.result else {
            return Judgement { expected: None, violations: None };
        };
        let expected = endpoint.expect.contains(&response.status);
        let violations = if expected { self.violations(endpoint, response) } else { None };
        Judgement { expected: Some(expected), violations }
    }

    /// What is wrong with the body of an expected response. Another status has another body, and is
    /// counted as a failed request, not as a shape error too.
    fn violations(&mut self, endpoint: &Endpoint, response: &Response) -> Option<&[Violation]> {
        let shape = endpoint.shape.as_ref()?;
        let body: &[u8] = match response.body.as_slice() {
            [] => &[],
            [whole] => whole,
            pieces => {
                self.body.clear();
                pieces.iter().for_each(|piece: &Bytes| self.body.extend_from_slice(piece));
                &self.body
            }
        };
        Some(self.probe.check(shape, body))
    }
}
