//! Steps at work, each a process of its own whose words go into a file. The file of the step whose turn
//! it is to be shown is followed as it grows, so the words of two never stand between each other.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::clock;
use super::plan::{Outcome, Plan};
use super::steps::{Room, Step};
use crate::workspace::Workspace;

/// How often it is looked whether a step has ended or said something.
const LOOK: Duration = Duration::from_millis(50);

/// What came of a step, and how long it took.
pub(super) type Done = (&'static Step, Outcome, Duration);

/// A step that was begun.
struct Begun {
    child: Child,
    since: Instant,
    took: Option<Duration>,
}

impl Drop for Begun {
    /// Whoever does not come to the end of a run leaves nothing at work.
    fn drop(&mut self) {
        if self.took.is_none() {
            // It has ended where neither is possible.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The steps of a run and what is at work of them.
pub(super) struct Lanes<'a> {
    workspace: &'a Workspace,
    plan: Plan,
    begun: Vec<Option<Begun>>,
    /// Those that have been shown whole, and what the next one says.
    done: Vec<Done>,
    said: Option<File>,
    folder: PathBuf,
    /// This program, where no step compiles it anew.
    program: PathBuf,
    since: Instant,
}

impl<'a> Lanes<'a> {
    pub(super) fn new(workspace: &'a Workspace, plan: Plan, since: Instant) -> Result<Self> {
        let folder = workspace.target.join("steps");
        fs::create_dir_all(&folder)?;
        let program = folder.join(format!("xtask{}", std::env::consts::EXE_SUFFIX));
        fs::copy(std::env::current_exe()?, &program).context("this program cannot be copied")?;
        Ok(Self {
            begun: plan.steps.iter().map(|_| None).collect(),
            done: Vec::new(),
            said: None,
            workspace,
            plan,
            folder,
            program,
            since,
        })
    }

    /// Plays all of them and shows what they say.
    pub(super) fn run(mut self) -> Result<Vec<Done>> {
        loop {
            self.end()?;
            while let Some(place) = self.plan.begin() {
                self.begun[place] = Some(self.start(self.plan.steps[place])?);
            }
            self.show()?;
            if self.done.len() == self.plan.steps.len() {
                return Ok(self.done);
            }
            thread::sleep(LOOK);
        }
    }

    fn start(&self, step: &Step) -> Result<Begun> {
        let said = File::create(self.log(step))?;
        let mut command = match step.room {
            Room::Behind => self.workspace.behind(&self.program),
            Room::Shared | Room::Alone => self.workspace.command(&self.program),
        };
        let child = command
            .args(["test", "--play", step.name])
            // Which the caller may have named as seen from another folder.
            .env("CARGO_TARGET_DIR", &self.workspace.target)
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
            .with_context(|| format!("the step {} could not be started", step.name))?;
        Ok(Begun {
            child,
            since: Instant::now(),
            took: None,
        })
    }

    /// Looks which steps have come to their end.
    fn end(&mut self) -> Result<()> {
        for (place, begun) in self.begun.iter_mut().enumerate() {
            if let Some(begun) = begun
                && begun.took.is_none()
                && let Some(status) = begun.child.try_wait()?
            {
                begun.took = Some(begun.since.elapsed());
                let passed = status.success();
                let outcome = if passed {
                    Outcome::Passed
                } else {
                    Outcome::Failed
                };
                self.plan.end(place, outcome);
            }
        }
        Ok(())
    }

    /// Shows what is new of the step whose turn it is; where it has ended, all of it, and then the next.
    fn show(&mut self) -> Result<()> {
        while let Some(step) = self.plan.steps.get(self.done.len()).copied() {
            let place = self.done.len();
            let outcome = self.plan.outcome(place);
            let begun = self.begun[place].as_ref();
            let took = begun.and_then(|begun| begun.took).unwrap_or_default();
            if let Some(begun) = begun {
                if self.said.is_none() {
                    self.head(place, begun.since);
                    self.said = Some(File::open(self.log(step))?);
                }
                if let Some(said) = &mut self.said {
                    io::copy(said, &mut io::stdout().lock())?;
                    io::stdout().flush()?;
                }
            }
            let Some(outcome) = outcome else { break };
            if let Outcome::NotRun(missing) = outcome {
                self.head(place, Instant::now());
                println!("not run, because {missing} did not pass");
            }
            self.done.push((step, outcome, took));
            self.said = None;
        }
        Ok(())
    }

    fn head(&self, place: usize, begun: Instant) {
        let step = self.plan.steps[place];
        println!(
            "\n== {} ({} of {}, begun at {}): {}",
            step.name,
            place + 1,
            self.plan.steps.len(),
            clock(begun.duration_since(self.since)),
            step.what
        );
    }

    fn log(&self, step: &Step) -> PathBuf {
        self.folder.join(format!("{}.log", step.name))
    }
}
