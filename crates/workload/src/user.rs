//! The virtual user: what one iteration does.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use metrics::PairedSamples;
use probe::{Examined, Probe};
use scenario::{Iteration, VirtualUser};
use tokio::time::Instant;

use crate::bodies::{Bodies, Received};
use crate::identity::TRACEPARENT;
use crate::paired::{self, Pairing};
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
    /// The beginning of the run.
    pub(crate) epoch: Instant,
    /// Where iterations go, if there are two services.
    pub(crate) pairing: Option<Pairing>,
    /// What is kept to compare them.
    pub(crate) samples: RefCell<PairedSamples>,
}

impl Worker<'_> {
    /// Where the requests of an iteration are among all.
    fn place(&self, iteration: &Iteration) -> usize {
        self.pairing.map_or(iteration.scenario, |pairing| pairing.place(iteration))
    }

    /// Keeps a request for the comparison of two services, if there are two.
    fn keep(&self, place: usize, endpoint: usize, begun: Instant, ended: (&Exchange, bool)) {
        let Some(pairing) = self.pairing else { return };
        let variant = pairing.variant_at(place);
        let base = pairing.base_of(place);
        let at = begun.duration_since(self.epoch);
        let (exchange, expected) = ended;
        let samples = &mut self.samples.borrow_mut();
        paired::record(samples, (self.offsets[base] + endpoint, variant), at, exchange, expected);
    }
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
        let place = self.worker.place(iteration);
        let requests = &self.worker.requests[place];
        let endpoint = &requests.endpoints()[request.endpoint];
        let series = self.worker.offsets[place] + request.endpoint;
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
        let at = (in_flight.begun() + exchange.elapsed).duration_since(self.worker.epoch);
        let mut judge = self.worker.judge.borrow_mut();
        let judgement = judge.judge(endpoint, request, &exchange, (series, at));
        let ended = (&exchange, judgement.expected == Some(true));
        self.worker.keep(place, request.endpoint, in_flight.begun(), ended);
        in_flight.ended(&exchange, &judgement);
        self.client.reuse(exchange);
    }
}

impl VirtualUser for Reader<'_> {
    async fn iterate(&mut self, iteration: Iteration) {
        let requests = &self.worker.requests[self.worker.place(&iteration)];
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
    /// Where a body that came in several pieces is put together.
    body: Vec<u8>,
    /// What is taken from bodies beside their violations.
    bodies: Bodies,
}

impl Judge {
    pub(crate) fn new(probe: Probe, bodies: Bodies) -> Self {
        Judge { probe, body: Vec::new(), bodies }
    }

    /// What was taken from bodies, when the run is over.
    pub(crate) fn into_bodies(self) -> Bodies {
        self.bodies
    }

    /// Another status than the expected ones has another body, and is counted as a failed request,
    /// not as a shape error too. `place` is the series of the endpoint, and when the exchange ended.
    fn judge(
        &mut self,
        endpoint: &Endpoint,
        request: &Request<'_>,
        exchange: &Exchange,
        (series, at): (usize, Duration),
    ) -> Judgement<'_> {
        let nothing = Judgement {
            expected: None,
            violations: None,
            unchanged: false,
            sign: Sign::None,
            items: None,
        };
        let Ok(response) = &exchange.result else { return nothing };
        let expected = endpoint.expect.contains(&response.status);
        let (status, body) = (response.status, whole(&mut self.body, response));
        let judgement = Judgement { expected: Some(expected), ..nothing };
        if !expected {
            return Judgement { sign: Sign::of_unexpected(body), ..judgement };
        }
        let Some(contract) = request.contract else {
            self.bodies.see(&Received { series, endpoint, status, body, conforms: None, at });
            return judgement;
        };
        let Examined { violations, unchanged, items, .. } =
            self.probe.examine(contract, request.asked, body);
        let is_right = violations.is_empty();
        self.bodies.see(&Received { series, endpoint, status, body, conforms: Some(is_right), at });
        let sign = if is_right { Sign::None } else { Sign::of_unexpected(body) };
        let items = items.filter(|_| is_right && endpoint.role() == Role::List);
        Judgement { violations: Some(violations), unchanged, sign, items, ..judgement }
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
