//! What can be said of a whole from a sample: pure functions of numbers.

mod batches;
mod interval;
mod special;

pub(crate) use batches::{Dependence, dependence};
pub(crate) use interval::{TAIL, is_above, is_below, quantile_levels, share_interval, z};
pub(crate) use special::t_quantile;
