//! The resources that are not events.

pub mod apps;
pub mod capabilities;
pub mod channels;
pub mod environments;
pub mod health;
pub mod organizations;
