//! Circumstances of a change: what was known of a visitor when a goal was reached or a segment or stage
//! was entered, as far as it is counted. They are written into the change that the store tells, so that
//! what is counted by them follows from what is stored, whatever the profile has become since.
//!
//! They name nobody: origins as they are counted, and page groups.

use firstglance_engine::history::{Change, ChangeKind};
use firstglance_engine::json::JsonWriter;
use firstglance_engine::profile::{EntryKind, Touch};
use firstglance_engine::{Profile, Timestamp};

use crate::journey::visit_path;
use crate::store::counting::{Origin, counted_name};

/// Segments that are told.
const MOST_SEGMENTS: usize = 32;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// What had brought the visitor, oldest first: their first touch, and the later ones that the
    /// profile keeps. Of a stage that was entered the first alone; of segments none.
    pub touches: Vec<Touched>,
    /// Page groups of the visit before it, oldest first; of segments and goals.
    pub path: Vec<Box<str>>,
    /// Segments in which the visitor was; of goals alone.
    pub segments: Vec<Box<str>>,
}

/// What brought a visitor to the site, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// When.
    pub at: Timestamp,
    /// What.
    pub origin: Origin,
}

impl Touched {
    /// As it is counted.
    #[must_use]
    pub fn of(touch: &Touch<'_>) -> Self {
        Self {
            at: touch.at,
            origin: Origin::new(touch.referrer, &touch.campaign),
        }
    }

    /// What first brought a visitor, or that they came by themselves; nothing where they saw no page.
    #[must_use]
    pub fn first(profile: &Profile) -> Option<Self> {
        profile.first_touch().map(|touch| Self::of(&touch))
    }
}

impl Circumstances {
    /// Of a change of segment or stage, given the profile after it.
    #[must_use]
    pub fn of_change(profile: &Profile, change: &Change) -> Self {
        match change.kind {
            ChangeKind::Stage { .. } => {
                let first = Touched::first(profile).filter(|first| first.at <= change.at);
                Self {
                    touches: first.into_iter().collect(),
                    ..Self::default()
                }
            }
            ChangeKind::Entered(_) => Self {
                path: visit_path(profile, change.at),
                ..Self::default()
            },
            ChangeKind::Left(_) => Self::default(),
        }
    }

    /// Of a goal that was reached at a moment, given the profile after it.
    #[must_use]
    pub fn of_goal(profile: &Profile, at: Timestamp) -> Self {
        let touches = profile.touches(at);
        let touches = touches.iter().map(Touched::of).collect();
        let segments = profile.entries.of(EntryKind::Segment);
        let present = segments.filter(|segment| segment.scroll == 1);
        let segments = present.map(|segment| counted_name(&segment.text).into());
        let mut segments: Vec<Box<str>> = segments.take(MOST_SEGMENTS).collect();
        segments.sort_unstable();
        Self {
            touches,
            path: visit_path(profile, at),
            segments,
        }
    }

    /// Writes them as members of the present object, where there are any.
    pub fn write_members(&self, json: &mut JsonWriter) {
        if !self.touches.is_empty() {
            json.name("touches");
            json.open('[');
            for touch in &self.touches {
                json.open('{');
                json.name("at");
                json.moment(touch.at);
                for (name, text) in touch.origin.parts() {
                    if !text.is_empty() {
                        json.text_member(name, text);
                    }
                }
                json.close('}');
            }
            json.close(']');
        }
        for (name, texts) in [("path", &self.path), ("segments", &self.segments)] {
            if texts.is_empty() {
                continue;
            }
            json.name(name);
            json.open('[');
            for text in texts {
                json.text(text);
            }
            json.close(']');
        }
    }
}

/// They are read back as they were written; of what was told before they were, there are none.
impl<'de> serde::Deserialize<'de> for Circumstances {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Members {
            #[serde(default)]
            touches: Vec<Member>,
            #[serde(default)]
            path: Vec<Box<str>>,
            #[serde(default)]
            segments: Vec<Box<str>>,
        }
        #[derive(serde::Deserialize)]
        struct Member {
            at: Box<str>,
            #[serde(flatten)]
            origin: Origin,
        }
        let Members {
            touches,
            path,
            segments,
        } = Members::deserialize(deserializer)?;
        let touches = touches.into_iter().filter_map(|Member { at, origin }| {
            let at = Timestamp::parse(&at).ok()?;
            Some(Touched { at, origin })
        });
        Ok(Self {
            touches: touches.collect(),
            path,
            segments,
        })
    }
}
