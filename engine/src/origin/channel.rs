//! The channel of a touch: Google Analytics' default channel group, in its order, with assistants
//! before other referrals.
//!
//! Differences: patterns stand in for regular expressions; a paid click id without a medium
//! counts as what its platform sells, and one of a network or newsletter without a medium as that.

use alloc::vec;
use alloc::vec::Vec;

use crate::evaluation::Evaluation;
use crate::event::{Event, EventKind, Page};
use crate::model::Model;
use crate::profile::{Profile, Touch};
use crate::program::{Builder, Instruction, Operator, Program, Test, TextSource, Which};

use super::sites::{KINDS, Tests, kind, names, referrer, source, test};

/// The channels, in the order in which they are tried; the last where none fits.
pub const CHANNELS: [&str; 20] = [
    "Direct",
    "Cross-network",
    "Paid Shopping",
    "Paid Search",
    "Paid Social",
    "Paid Video",
    "Display",
    "Paid Other",
    "Organic Shopping",
    "Organic Social",
    "Organic Video",
    "Organic Search",
    "Email",
    "Affiliates",
    "AI Assistant",
    "Referral",
    "Audio",
    "SMS",
    "Mobile Push Notifications",
    "Unassigned",
];

const PAID_SEARCH: [&str; 5] = ["gclid", "gbraid", "wbraid", "msclkid", "yclid"];
const PAID_SOCIAL: [&str; 7] = [
    "li_fat_id",
    "ttclid",
    "twclid",
    "epik",
    "ScCid",
    "rdt_cid",
    "qclid",
];
const DISPLAY: [&str; 4] = ["dclid", "tblci", "dicbo", "vmcid"];
const SOCIAL: [&str; 2] = ["fbclid", "igshid"];
const EMAIL: [&str; 3] = ["mc_eid", "_hsenc", "mkt_tok"];
const AFFILIATES: [&str; 3] = ["irclickid", "awc", "cjevent"];

/// Campaigns about shopping: the pattern `^(.*(([^a-df-z]|^)shop|shopping).*)$` of the source.
const SHOPPING: [&str; 7] = [
    "shop*",
    "*eshop*",
    "*-shop*",
    "*_shop*",
    "* shop*",
    "*.shop*",
    "*shopping*",
];

const AND: Instruction = Instruction::Operate(Operator::And);

/// Pushes the place among [`CHANNELS`] of the channel of a touch. Program 0 is the kind, see
/// [`kind`], of what [`source`] names.
#[must_use]
pub fn channel(which: Which) -> Vec<Instruction> {
    let touch = Reader { which };
    let mut code = Vec::new();
    let last = CHANNELS.len() - 1;
    for place in 0..last {
        code.extend(touch.is_channel(place));
        code.push(number(place));
    }
    code.push(number(last));
    for _ in 0..last {
        code.push(Instruction::Operate(Operator::Select));
    }
    code
}

#[allow(clippy::cast_precision_loss)] // A handful of channels and kinds.
fn number(place: usize) -> Instruction {
    Instruction::Number(place as f64)
}

struct Reader {
    which: Which,
}

impl Reader {
    fn is_channel(&self, place: usize) -> Vec<Instruction> {
        match CHANNELS[place] {
            "Direct" => both(
                both(
                    either([self.is_kind("direct"), self.source(&["(direct)"])]),
                    self.medium(&["", "(not set)", "(none)"]),
                ),
                both(self.campaign(&[""]), self.click_id(&[""])),
            ),
            "Cross-network" => self.campaign(&["*cross-network*"]),
            "Paid Shopping" => both(self.is_shopping(), self.is_paid()),
            "Paid Search" => either([
                both(self.is_kind("search"), self.is_paid()),
                self.click_alone(&PAID_SEARCH),
            ]),
            "Paid Social" => either([
                both(self.is_kind("social"), self.is_paid()),
                self.click_alone(&PAID_SOCIAL),
            ]),
            "Paid Video" => both(self.is_kind("video"), self.is_paid()),
            "Display" => either([
                self.medium(&["display", "banner", "expandable", "interstitial", "cpm"]),
                self.click_alone(&DISPLAY),
            ]),
            "Paid Other" => self.is_paid(),
            "Organic Shopping" => self.is_shopping(),
            "Organic Social" => either([
                self.is_kind("social"),
                self.medium(&[
                    "social",
                    "social-network",
                    "social-media",
                    "sm",
                    "social network",
                    "social media",
                ]),
                self.click_alone(&SOCIAL),
            ]),
            "Organic Video" => either([self.is_kind("video"), self.medium(&["*video*"])]),
            "Organic Search" => either([self.is_kind("search"), self.medium(&["organic"])]),
            "Email" => {
                let names = ["email", "e-mail", "e_mail", "e mail"];
                either([
                    self.is_kind("email"),
                    self.source(&names),
                    self.medium(&names),
                    self.click_alone(&EMAIL),
                ])
            }
            "Affiliates" => either([
                self.medium(&["affiliate", "affiliates"]),
                self.click_alone(&AFFILIATES),
            ]),
            "AI Assistant" => self.is_kind("ai"),
            "Referral" => either([
                self.medium(&["referral", "app", "link"]),
                // Another site, and no campaign that would say more.
                both(
                    both(self.is_kind("referral"), self.source(&[""])),
                    self.medium(&[""]),
                ),
            ]),
            "Audio" => self.medium(&["audio"]),
            "SMS" => either([self.source(&["sms"]), self.medium(&["sms"])]),
            _ => either([
                self.medium(&["*push", "*mobile*", "*notification*"]),
                self.source(&["firebase"]),
            ]),
        }
    }

    fn is_kind(&self, name: &str) -> Vec<Instruction> {
        let place = KINDS.iter().position(|kind| *kind == name);
        vec![
            Instruction::Value(0),
            number(place.unwrap_or_default()),
            Instruction::Operate(Operator::Equal),
        ]
    }

    /// Whether a parameter is one of these; patterns where they have a star.
    fn is(&self, field: u8, texts: &[&str]) -> Vec<Instruction> {
        one_of(TextSource::Utm(self.which, field), texts)
    }

    fn source(&self, texts: &[&str]) -> Vec<Instruction> {
        self.is(0, texts)
    }

    fn medium(&self, texts: &[&str]) -> Vec<Instruction> {
        self.is(1, texts)
    }

    fn campaign(&self, texts: &[&str]) -> Vec<Instruction> {
        self.is(2, texts)
    }

    fn click_id(&self, names: &[&str]) -> Vec<Instruction> {
        one_of(TextSource::ClickId(self.which), names)
    }

    /// A click id, and no medium that would say more.
    fn click_alone(&self, names: &[&str]) -> Vec<Instruction> {
        both(self.click_id(names), self.medium(&[""]))
    }

    fn is_paid(&self) -> Vec<Instruction> {
        self.medium(&["*cp*", "ppc", "retargeting", "paid*"])
    }

    fn is_shopping(&self) -> Vec<Instruction> {
        either([self.is_kind("shopping"), self.campaign(&SHOPPING)])
    }
}

fn one_of(source: TextSource, texts: &[&str]) -> Vec<Instruction> {
    vec![test(source, Test::Matches, &texts.join("\n"))]
}

fn both(mut left: Vec<Instruction>, right: Vec<Instruction>) -> Vec<Instruction> {
    left.extend(right);
    left.push(AND);
    left
}

fn either<const COUNT: usize>(all: [Vec<Instruction>; COUNT]) -> Vec<Instruction> {
    let mut tests = Tests::default();
    for one in all {
        tests.either(one);
    }
    tests.code
}

/// The channel of a touch, by the programs that conditions use.
#[must_use]
pub fn channel_of(touch: &Touch<'_>) -> &'static str {
    Grouping::new().channel(touch)
}

/// The name of what referred a touch, empty where it has none, and its kind.
#[must_use]
pub fn referrer_of(touch: &Touch<'_>) -> (&'static str, &'static str) {
    let values = Grouping::new().values(touch);
    let name = names().get(values.value(0) as usize).copied();
    let kind = KINDS.get(values.value(1) as usize).copied();
    (name.unwrap_or_default(), kind.unwrap_or("referral"))
}

/// These programs, made once for many touches: to make them takes longer than to run them.
#[derive(Clone, Debug)]
pub struct Grouping(Model);

impl Default for Grouping {
    fn default() -> Self {
        Self::new()
    }
}

impl Grouping {
    /// Referrer, its kind, source, its kind, channel.
    #[must_use]
    pub fn new() -> Self {
        let programs = [
            (referrer(Which::First), 0),
            (kind(), 0),
            (source(Which::First), 0),
            (kind(), 2),
            (channel(Which::First), 3),
        ];
        let mut model = Model::new();
        for (code, reads) in programs {
            let mut builder = Builder::default();
            for instruction in &code {
                match instruction {
                    Instruction::Value(_) => {
                        builder.push(&Instruction::Value(reads), &model.programs);
                    }
                    other => builder.push(other, &model.programs),
                }
            }
            let program: Program = builder.finish(None);
            model.programs.push(program);
        }
        Self(model)
    }

    /// The channel of a touch.
    #[must_use]
    pub fn channel(&self, touch: &Touch<'_>) -> &'static str {
        let place = self.values(touch).value(4);
        CHANNELS
            .get(place as usize)
            .copied()
            .unwrap_or("Unassigned")
    }

    fn values(&self, touch: &Touch<'_>) -> Evaluation {
        let mut profile = Profile::new();
        let event = Event {
            at: touch.at,
            kind: EventKind::Viewed {
                campaign: &touch.campaign,
                measured: true,
            },
            name: "",
            values: "",
            page: Page {
                path: touch.path,
                referrer: touch.referrer,
                ..Page::default()
            },
            topics: "",
            keywords: "",
        };
        profile.take_in(&event, &Model::new());
        Evaluation::of(&profile, &self.0, touch.at)
    }
}
