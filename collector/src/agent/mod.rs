//! User agents: whether a program says to be one that no person looks at, and on what device and
//! system a browser runs. Knows nothing but what the text says; anybody can say anything.
//!
//! The list of robots is the package `crawler-user-agents`, which `build.rs` embeds; devices are told
//! by `woothee`. Both search with expressions that take linear time whatever the text is.

mod device;
mod robots;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

pub use device::{Device, Hints};

/// Longest user agent that is looked at, in bytes.
const LONGEST: usize = 1_024;

/// User agents whose verdict is remembered; most visitors share a few hundred.
const REMEMBERED: usize = 4_096;

/// What a user agent says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// Whether it is one of a robot.
    pub is_robot: bool,
    /// What it runs on.
    pub device: Device,
}

/// Reads user agents and remembers what they said.
#[derive(Debug, Default)]
pub struct Agents {
    hasher: RandomState,
    known: Mutex<HashMap<u64, Arc<Agent>>>,
}

impl Agents {
    /// What a user agent says.
    #[must_use]
    pub fn read(&self, text: &str) -> Arc<Agent> {
        let text = firstglance_engine::text::clip(text, LONGEST);
        let key = self.hasher.hash_one(text);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(agent) = known.get(&key) {
            return agent.clone();
        }
        // Nobody waits for it meanwhile.
        drop(known);
        let agent = Arc::new(Agent {
            is_robot: robots::is_robot(text),
            device: Device::of(text),
        });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            // Somebody makes them up: those of real browsers are soon there again.
            known.clear();
        }
        known.insert(key, agent.clone());
        agent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_agents_take_no_more_room() {
        let agents = Agents::default();
        let first = agents.read("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0");
        assert_eq!(first.device.system.as_deref(), Some("Linux"));
        for number in 0..2 * REMEMBERED {
            drop(agents.read(&format!("x{number}")));
            assert!(agents.known.lock().unwrap().len() <= REMEMBERED);
        }
        let long = "é".repeat(100_000);
        assert_eq!(*agents.read(&long), Agent::default());
    }
}
