//! The server: one thread, which notes when every request came and answers at once or after a delay.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use crate::connection::{Connection, State};
use crate::pages::{Page, Pages, response};

const LISTENER: Token = Token(usize::MAX);
const EVENTS: usize = 1024;
const READ_BUFFER: usize = 16 * 1024;

/// Arrivals beyond this are counted and not kept: 128 MiB.
const ARRIVALS_MAX: usize = 16 << 20;

/// A listener with what it has seen.
pub(crate) struct Server {
    poll: Poll,
    listener: TcpListener,
    connections: Vec<Option<Numbered>>,
    free: Vec<usize>,
    pages: Pages,
    delay: Duration,
    spin: bool,
    delayed: VecDeque<Delayed>,
    seen: Seen,
    /// Connections so far: the number of the next one.
    numbers: u64,
    buffer: Vec<u8>,
    asked: Vec<Asked>,
}

/// A connection with its own number, as places are used again.
struct Numbered {
    number: u64,
    /// It asked for what was seen, and so is no part of it.
    asks: bool,
    connection: Connection,
}

/// A page that is due later.
struct Delayed {
    due: Instant,
    place: usize,
    number: u64,
    page: Page,
}

/// What a request asked for.
enum Asked {
    Load(Page),
    Arrivals,
    Counts,
    Reset,
    Missing,
}

/// What came since the beginning, or since the last reset.
struct Seen {
    epoch: Instant,
    arrivals: Vec<u64>,
    requests: u64,
    connections: u64,
}

impl Server {
    pub(crate) fn bind(listen: SocketAddr, delay: Duration, spin: bool) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(listen)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Server {
            poll,
            listener,
            connections: Vec::new(),
            free: Vec::new(),
            pages: Pages::new(),
            delay,
            spin,
            delayed: VecDeque::new(),
            seen: Seen::new(),
            numbers: 0,
            buffer: vec![0; READ_BUFFER],
            asked: Vec::new(),
        })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the process ends.
    pub(crate) fn serve(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            // What the events tell of had come by now; what they take to answer is not lag.
            let now = Instant::now();
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(place) => self.move_bytes(place, event, now),
                }
            }
            self.send_due(now);
        }
    }

    fn timeout(&self) -> Option<Duration> {
        if self.spin {
            return Some(Duration::ZERO);
        }
        let next = self.delayed.front()?;
        Some(next.due.saturating_duration_since(Instant::now()))
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    // Without it the answer may wait for the client's acknowledgement.
                    stream.set_nodelay(true)?;
                    self.admit(Connection::new(stream))?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // A client that gave up before it was let in.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn admit(&mut self, mut connection: Connection) -> io::Result<()> {
        let place = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() - 1
        });
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut connection.stream, Token(place), interest)?;
        self.seen.connections += 1;
        self.numbers += 1;
        self.connections[place] = Some(Numbered { number: self.numbers, asks: false, connection });
        Ok(())
    }

    fn move_bytes(&mut self, place: usize, event: &Event, now: Instant) {
        let Some(Numbered { connection, .. }) = &mut self.connections[place] else { return };
        let mut state = State::Open;
        if event.is_writable() {
            state = connection.flush();
        }
        if state == State::Open && event.is_readable() {
            let (pages, asked) = (&self.pages, &mut self.asked);
            state = connection.read(&mut self.buffer, |path| asked.push(Asked::new(path, pages)));
            state =
                if self.answer_all(place, now) == State::Closed { State::Closed } else { state };
        }
        if state == State::Closed {
            self.close(place);
        }
    }

    fn answer_all(&mut self, place: usize, now: Instant) -> State {
        let mut state = State::Open;
        let mut all = std::mem::take(&mut self.asked);
        for asked in all.drain(..) {
            if state == State::Open {
                state = self.answer(place, asked, now);
            }
        }
        // Its memory serves the next requests.
        self.asked = all;
        state
    }

    fn answer(&mut self, place: usize, asked: Asked, now: Instant) -> State {
        let Some(Numbered { number, asks, connection }) = &mut self.connections[place] else {
            return State::Closed;
        };
        if asked.is_question() && !std::mem::replace(asks, true) {
            self.seen.connections = self.seen.connections.saturating_sub(1);
        }
        let page = match asked {
            Asked::Load(page) => {
                self.seen.arrived(now);
                if !self.delay.is_zero() {
                    let (due, number) = (now + self.delay, *number);
                    self.delayed.push_back(Delayed { due, place, number, page });
                    return State::Open;
                }
                page
            }
            Asked::Arrivals => response("200 OK", "text/plain", &self.seen.arrivals()),
            Asked::Counts => response("200 OK", "text/plain", &self.seen.counts()),
            Asked::Reset => {
                self.seen.reset();
                response("200 OK", "text/plain", "")
            }
            Asked::Missing => self.pages.missing(),
        };
        connection.send(page)
    }

    fn send_due(&mut self, now: Instant) {
        while self.delayed.front().is_some_and(|delayed| delayed.due <= now) {
            let Some(Delayed { place, number, page, .. }) = self.delayed.pop_front() else {
                return;
            };
            // Whoever asked may have gone, and somebody else be in the place.
            if let Some(at) = self.connections[place].as_mut().filter(|at| at.number == number)
                && at.connection.send(page) == State::Closed
            {
                self.close(place);
            }
        }
    }

    fn close(&mut self, place: usize) {
        // The socket is closed by being dropped, which deregisters it as well.
        if self.connections[place].take().is_some() {
            self.free.push(place);
        }
    }
}

impl Asked {
    fn is_question(&self) -> bool {
        matches!(self, Asked::Arrivals | Asked::Counts | Asked::Reset)
    }

    fn new(path: &[u8], pages: &Pages) -> Self {
        match path {
            b"/referee/arrivals" => Asked::Arrivals,
            b"/referee/counts" => Asked::Counts,
            b"/referee/reset" => Asked::Reset,
            path => pages.find(path).map_or(Asked::Missing, Asked::Load),
        }
    }
}

impl Seen {
    fn new() -> Self {
        Seen { epoch: Instant::now(), arrivals: Vec::new(), requests: 0, connections: 0 }
    }

    fn arrived(&mut self, now: Instant) {
        self.requests += 1;
        if self.arrivals.len() < ARRIVALS_MAX {
            let since = now.saturating_duration_since(self.epoch);
            self.arrivals.push(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// The moments of all requests in ns, one a line.
    fn arrivals(&self) -> String {
        let mut text = String::with_capacity(self.arrivals.len() * 12);
        for arrival in &self.arrivals {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{arrival}");
        }
        text
    }

    fn counts(&self) -> String {
        let Seen { requests, connections, .. } = self;
        format!("requests {requests}\nconnections {connections}\n")
    }

    /// Begins anew, by the same clock.
    fn reset(&mut self) {
        *self = Seen { epoch: self.epoch, ..Seen::new() };
    }
}
