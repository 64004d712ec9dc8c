use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{ItemRules, Shape};

/// What a body has to be: of a shape, and with [items](ItemRules) that are what a schema cannot say.
///
/// A probe that [examines](crate::Probe::examine) bodies by a contract knows unchanged ones again.
/// Threads may share a contract; it never changes.
#[derive(Clone, Debug)]
pub struct Contract {
    shape: Arc<Shape>,
    items: Option<ItemRules>,
    id: ContractId,
}

/// Tells contracts apart. A copy of a contract has the same one, because it asks for the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContractId(u64);

impl ContractId {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Contract {
    /// Asks for a shape and nothing else.
    pub fn new(shape: Arc<Shape>) -> Self {
        Self { shape, items: None, id: ContractId::new() }
    }

    /// Asks for items of such rules as well.
    #[must_use]
    pub fn with_items(self, items: ItemRules) -> Self {
        Self { items: Some(items), id: ContractId::new(), ..self }
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The rules of the items.
    pub fn items(&self) -> Option<&ItemRules> {
        self.items.as_ref()
    }

    pub(crate) fn id(&self) -> ContractId {
        self.id
    }
}
