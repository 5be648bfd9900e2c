//! The list of programs of a model: everything that conditions, score and stage read, each before
//! what reads it, and what occurs twice as a program of its own.

use std::collections::{BTreeMap, BTreeSet};

use firstglance_engine::codec::Writer;
use firstglance_engine::explain::Part;
use firstglance_engine::program::{Builder, Instruction, MAX_INSTRUCTIONS, Program};

use super::code::{Code, Name, Step};
use super::helper::Site;

/// What a model is made of.
#[derive(Debug)]
pub(in crate::config) struct Assembly<'a> {
    pub(in crate::config) site: Site<'a>,
    /// Segments, score and stage.
    pub(in crate::config) code: BTreeMap<Name, Code>,
}

/// Programs that read each other, the first once more at the end.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::config) struct Cycle(pub(in crate::config) Vec<Name>);

/// The programs, and where each is.
#[derive(Debug, Default)]
pub(in crate::config) struct Programs {
    pub(in crate::config) all: Vec<Program>,
    pub(in crate::config) places: BTreeMap<Name, usize>,
    /// How many of them say what visitors are: all that come before those of variants alone. They are
    /// the same whatever variants there are.
    pub(in crate::config) of_visitors: usize,
    /// How many of them a page needs: all that come before those of goals alone.
    pub(in crate::config) of_pages: usize,
    /// What has more instructions than a program may have.
    pub(in crate::config) too_long: Vec<Name>,
}

impl Assembly<'_> {
    /// Puts the programs together.
    ///
    /// # Errors
    /// The cycles that there are.
    pub(in crate::config) fn programs(mut self) -> Result<Programs, Vec<Cycle>> {
        let roots = self.code.keys().cloned();
        let (of_variants, of_visitors): (Vec<Name>, Vec<Name>) =
            roots.partition(|name| matches!(name, Name::Variant(_) | Name::Goal(_)));
        let (of_goals, of_variants): (Vec<Name>, Vec<Name>) =
            (of_variants.into_iter()).partition(|name| matches!(name, Name::Goal(_)));
        let mut order = Order::default();
        let mut programs = Programs::default();
        self.add_all(of_visitors, &mut order, &mut programs)?;
        programs.of_visitors = programs.all.len();
        self.add_all(of_variants, &mut order, &mut programs)?;
        programs.of_pages = programs.all.len();
        self.add_all(of_goals, &mut order, &mut programs)?;
        Ok(programs)
    }

    /// Adds programs and what they read.
    fn add_all(
        &mut self,
        roots: Vec<Name>,
        order: &mut Order,
        programs: &mut Programs,
    ) -> Result<(), Vec<Cycle>> {
        let before = order.done.len();
        for root in roots {
            self.follow(&root, order);
        }
        if !order.cycles.is_empty() {
            return Err(std::mem::take(&mut order.cycles));
        }
        let new = order.done.get(before..).unwrap_or_default();
        let new: Vec<(&Name, &Code)> = new
            .iter()
            .filter_map(|name| Some((name, self.code.get(name)?)))
            .collect();
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        for (_, code) in &new {
            code.visit(&mut |step| {
                if let Step::Instruction(instruction) = step
                    && let Some(key) = shareable(instruction)
                {
                    *uses.entry(key).or_default() += 1;
                }
            });
        }
        uses.retain(|_, count| *count > 1);
        for (name, code) in new {
            programs.share(code, &uses);
            programs.add(name, code);
        }
        Ok(())
    }

    /// Puts what a program reads into the order, and then the program.
    fn follow(&mut self, name: &Name, order: &mut Order) {
        if order.seen.contains(name) {
            return;
        }
        if let Some(start) = order.path.iter().position(|on| on == name) {
            let mut cycle = order.path.get(start..).unwrap_or_default().to_vec();
            cycle.push(name.clone());
            order.cycles.push(Cycle(cycle));
            return;
        }
        if let Name::Helper(helper) = name
            && !self.code.contains_key(name)
        {
            self.code.insert(name.clone(), helper.code(&self.site));
        }
        let mut reads = Vec::new();
        if let Some(code) = self.code.get(name) {
            code.visit(&mut |step| {
                if let Step::Read(read) = step
                    && !reads.contains(read)
                {
                    reads.push(read.clone());
                }
            });
        }
        order.path.push(name.clone());
        for read in reads {
            self.follow(&read, order);
        }
        order.path.pop();
        order.seen.insert(name.clone());
        order.done.push(name.clone());
    }
}

#[derive(Default)]
struct Order {
    path: Vec<Name>,
    seen: BTreeSet<Name>,
    done: Vec<Name>,
    cycles: Vec<Cycle>,
}

/// The code of an instruction that looks something up, which costs more than reading a program.
fn shareable(instruction: &Instruction) -> Option<String> {
    matches!(
        instruction,
        Instruction::Lookup(..)
            | Instruction::Count(..)
            | Instruction::Decayed(..)
            | Instruction::Test { .. }
    )
    .then(|| {
        let mut out = Writer::default();
        instruction.encode(&mut out);
        out.into_text()
    })
}

impl Programs {
    /// Makes programs of the instructions of an expression that others have as well.
    fn share(&mut self, code: &Code, uses: &BTreeMap<String, usize>) {
        code.visit(&mut |step| {
            let Step::Instruction(instruction) = step else {
                return;
            };
            let Some(key) = shareable(instruction).filter(|key| uses.contains_key(key)) else {
                return;
            };
            let name = Name::Shared(key);
            if !self.places.contains_key(&name) {
                self.add(&name, &Code::Push(instruction.clone()));
            }
        });
    }

    fn add(&mut self, name: &Name, code: &Code) {
        let mut emitter = Emitter {
            programs: self,
            builder: Builder::default(),
            count: 0,
            is_shared: matches!(name, Name::Shared(_)),
        };
        let mut parts = Vec::new();
        emitter.emit(code, &mut parts);
        let (builder, count) = (emitter.builder, emitter.count);
        if count > MAX_INSTRUCTIONS {
            self.too_long.push(name.clone());
        }
        let end = builder.here();
        let part = match <[Part; 1]>::try_from(parts) {
            Ok([part]) if part.code == (0, end) => Some(part),
            _ => None,
        };
        self.all.push(builder.finish(part));
        self.places.insert(name.clone(), self.all.len() - 1);
    }
}

struct Emitter<'a> {
    programs: &'a Programs,
    builder: Builder,
    count: usize,
    is_shared: bool,
}

impl Emitter<'_> {
    fn emit(&mut self, code: &Code, parts: &mut Vec<Part>) {
        match code {
            Code::Push(instruction) => self.push(instruction),
            Code::Read(name) => self.read(name),
            Code::Operate(operator, operands) => {
                for operand in operands {
                    self.emit(operand, parts);
                }
                self.push(&Instruction::Operate(*operator));
            }
            Code::Postfix(instructions, reads) => {
                for instruction in instructions {
                    match instruction {
                        Instruction::Value(place) => {
                            if let Some(name) = reads.get(*place) {
                                self.read(name);
                            }
                        }
                        other => self.push(other),
                    }
                }
            }
            Code::Part(source, value, inner) => {
                let start = self.builder.here();
                let mut inside = Vec::new();
                self.emit(inner, &mut inside);
                parts.push(Part {
                    source: source.as_str().into(),
                    code: (start, self.builder.here()),
                    value: value.clone(),
                    parts: inside,
                });
            }
        }
    }

    fn read(&mut self, name: &Name) {
        if let Some(place) = self.programs.places.get(name) {
            self.count += 1;
            self.builder
                .push(&Instruction::Value(*place), &self.programs.all);
        }
    }

    fn push(&mut self, instruction: &Instruction) {
        if !self.is_shared
            && let Some(key) = shareable(instruction)
        {
            let name = Name::Shared(key);
            if self.programs.places.contains_key(&name) {
                return self.read(&name);
            }
        }
        self.count += 1;
        self.builder.push(instruction, &self.programs.all);
    }
}
