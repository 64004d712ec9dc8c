//! The virtual users of a worker, and the futures in which they live.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::bells::{Bell, Bells};
use crate::{Iteration, Seat, VirtualUser};

/// A virtual user's whole life: it waits for an order, carries it out, and waits for the next one.
type Life<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Makes the life of a user when it is first needed.
pub(crate) type Birth<'a> = dyn FnMut(Seat, Rc<Order>) -> Life<'a> + 'a;

/// What a user is to do. One place a user, read and written in turn.
#[derive(Debug, Default)]
pub(crate) struct Order {
    iteration: Cell<Option<Iteration>>,
    is_done: Cell<bool>,
}

impl Order {
    async fn wait(&self) -> Iteration {
        // No waker is left: who gives the order polls its user.
        poll_fn(|_| self.iteration.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// How a user lives with a given way to iterate.
pub(crate) fn life<'a, V: VirtualUser + 'a>(mut user: V, order: Rc<Order>) -> Life<'a> {
    Box::pin(async move {
        loop {
            let iteration = order.wait().await;
            user.iterate(iteration).await;
            order.is_done.set(true);
        }
    })
}

/// A place for a user. It is born with its first iteration.
struct Slot<'a> {
    seat: Seat,
    life: Option<Life<'a>>,
    order: Rc<Order>,
    bell: Arc<Bell>,
    waker: Waker,
    /// The iteration that the user runs.
    running: Option<Iteration>,
}

/// All users of a worker, of every scenario.
pub(crate) struct Crew<'a> {
    slots: Vec<Slot<'a>>,
    busy: usize,
    /// Who has just got an order that is due now, and comes before all others.
    urgent: VecDeque<usize>,
    birth: Box<Birth<'a>>,
    pub(crate) bells: Arc<Bells>,
}

impl<'a> Crew<'a> {
    pub(crate) fn new(birth: Box<Birth<'a>>, bells: Arc<Bells>) -> Self {
        Crew { slots: Vec::new(), busy: 0, urgent: VecDeque::new(), birth, bells }
    }

    /// Makes room for a user and says where.
    pub(crate) fn add(&mut self, seat: Seat) -> usize {
        let at = self.slots.len();
        let bell = Bell::new(at, &self.bells);
        let waker = Waker::from(Arc::clone(&bell));
        let order = Rc::default();
        self.slots.push(Slot { seat, life: None, order, bell, waker, running: None });
        at
    }

    pub(crate) fn seat(&self, slot: usize) -> Seat {
        self.slots[slot].seat
    }

    pub(crate) fn is_busy(&self, slot: usize) -> bool {
        self.slots[slot].running.is_some()
    }

    /// How many users run an iteration.
    pub(crate) fn busy(&self) -> usize {
        self.busy
    }

    /// How many users there are.
    pub(crate) fn allocated(&self) -> usize {
        self.slots.len()
    }

    /// Gives a user its next iteration. It begins with the user's next turn.
    pub(crate) fn order(&mut self, slot: usize, iteration: Iteration) {
        self.busy += 1;
        let slot = &mut self.slots[slot];
        slot.running = Some(iteration);
        slot.order.iteration.set(Some(iteration));
    }

    /// Lets a user have its turn with all others that wait for one.
    pub(crate) fn queue(&self, slot: usize) {
        self.slots[slot].bell.ring();
    }

    /// Lets a user have its turn before all others.
    pub(crate) fn hurry(&mut self, slot: usize) {
        self.urgent.push_back(slot);
    }

    /// Whose turn it is.
    pub(crate) fn next(&mut self) -> Option<usize> {
        self.urgent.pop_front().or_else(|| self.bells.next())
    }

    /// Lets a user go on, and says which iteration it ended by that.
    pub(crate) fn poll(&mut self, slot: usize) -> Option<Iteration> {
        let Slot { seat, life, order, bell, waker, running } = &mut self.slots[slot];
        bell.silence();
        running.as_ref()?;
        let life = life.get_or_insert_with(|| (self.birth)(*seat, Rc::clone(order)));
        let pending = life.as_mut().poll(&mut Context::from_waker(waker));
        debug_assert!(pending.is_pending(), "a life has no end");
        if !order.is_done.take() {
            return None;
        }
        self.busy -= 1;
        running.take()
    }

    /// Ends a user in the middle of its iteration, if it runs one. The next one in its place is a
    /// new one.
    pub(crate) fn interrupt(&mut self, slot: usize) -> bool {
        let slot = &mut self.slots[slot];
        let was_busy = slot.running.take().is_some();
        if was_busy {
            self.busy -= 1;
            slot.life = None;
            slot.order = Rc::default();
        }
        was_busy
    }
}
