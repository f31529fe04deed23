//! What waits for delivery in the background, and who delivers it.

pub mod background;
pub mod queue;
