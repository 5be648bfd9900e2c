//! Persons against a plain model: whatever way messages are cut into groups and repeated, visitors
//! are joined as if each message had been taken once, and nothing is counted twice.

use super::*;
use crate::store::joining::{InMemory, MOST_VISITORS};
use firstglance_engine::UserId;

/// Names of visitors and users; some are both.
const NAMES: [&str; 6] = ["a", "ab", "b", "c", "x", "y"];

/// What a message says of persons.
#[derive(Clone, Copy, Debug)]
enum Said {
    Nothing,
    /// The visitor is this user.
    Is(usize),
    /// What was called by the first name is the second user.
    Alias(usize, usize),
}

/// Visitor, message id, second, and what is said.
type One = (usize, u16, u32, Said);

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        2 => Just(Said::Nothing),
        2 => (2..6_usize).prop_map(Said::Is),
        1 => (0..6_usize, 2..6_usize).prop_map(|(previous, user)| Said::Alias(previous, user)),
    ]
}

fn telling((visitor, id, seconds, said): One) -> Message {
    let user = |name: usize| Some(UserId::parse(NAMES[name]).unwrap());
    let mut message = message(0, id, seconds);
    message.visitor = VisitorId::parse(NAMES[visitor]).unwrap();
    match said {
        Said::Nothing => {}
        Said::Is(name) => {
            message.user_id = user(name);
            message.kind = MessageKind::Identify {
                traits: Properties::new(),
            };
        }
        Said::Alias(previous, name) => {
            message.user_id = user(name);
            message.kind = MessageKind::Alias {
                previous_id: NAMES[previous].into(),
            };
        }
    }
    message
}

/// Persons as sets of users; a visitor belongs to the set that its latest user is in.
#[derive(Default)]
struct Plain {
    seen: HashSet<(usize, u16)>,
    users: Vec<HashSet<usize>>,
    /// The latest user of each known visitor, and its events.
    visitors: BTreeMap<usize, (Option<(u32, usize)>, u64)>,
    /// What `firstglance replay` would make of the same messages.
    replayed: InMemory,
}

impl Plain {
    fn take_in(&mut self, (visitor, id, seconds, said): One) {
        if !self.seen.insert((visitor, id)) {
            return;
        }
        self.visitors.entry(visitor).or_default().1 += 1;
        self.replayed
            .take_in(&telling((visitor, id, seconds, said)));
        match said {
            Said::Nothing => {}
            Said::Is(user) => self.join(visitor, user, seconds),
            Said::Alias(previous, user) => {
                self.join(visitor, user, seconds);
                self.join(previous, user, seconds);
                let (one, other) = (self.users_of(previous), self.users_of(user));
                self.users.retain(|set| *set != one && *set != other);
                self.users.push(&one | &other);
            }
        }
    }

    fn join(&mut self, visitor: usize, user: usize, seconds: u32) {
        if let Some((latest, _)) = self.visitors.get_mut(&visitor) {
            let key = |(seconds, user): (u32, usize)| (seconds, NAMES[user]);
            if latest.is_none_or(|latest| key(latest) < key((seconds, user))) {
                *latest = Some((seconds, user));
            }
        }
    }

    fn users_of(&self, user: usize) -> HashSet<usize> {
        let known = self.users.iter().find(|set| set.contains(&user));
        known.cloned().unwrap_or_else(|| HashSet::from([user]))
    }

    fn person(&self, visitor: usize) -> Vec<&'static str> {
        let user = |visitor: &usize| self.visitors[visitor].0.map(|(_, user)| user);
        let mut names = vec![NAMES[visitor]];
        if let Some(own) = user(&visitor) {
            let users = self.users_of(own);
            let same = |other: &&usize| user(other).is_some_and(|user| users.contains(&user));
            names = self
                .visitors
                .keys()
                .filter(same)
                .map(|one| NAMES[*one])
                .collect();
        }
        names.sort_unstable();
        names
    }
}

fn check(store: &Embedded, plain: &mut Plain) -> Result<(), TestCaseError> {
    for (visitor, (_, events)) in plain.visitors.clone() {
        let visitor = &visitor;
        let id = VisitorId::parse(NAMES[*visitor]).unwrap();
        let person = runtime().block_on(store.person(&id)).unwrap();
        let names: Vec<&str> = person.visitors().map(|(id, _)| id.as_str()).collect();
        prop_assert_eq!(&names, &plain.person(*visitor));
        let replayed = plain.replayed.visitors_of(&id);
        prop_assert_eq!(
            person.visitors().map(|(id, _)| id).collect::<Vec<_>>(),
            replayed.iter().collect::<Vec<_>>()
        );
        let own = person.visitors().find(|(one, _)| **one == id).unwrap().1;
        prop_assert_eq!(own.events, events);
        let all = plain
            .visitors
            .iter()
            .filter(|(one, _)| names.contains(&NAMES[**one]));
        let all: u64 = all.map(|(_, (_, events))| events).sum();
        prop_assert_eq!(person.profile(&Model::default()).events, all);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_as_a_plain_model(
        requests in prop::collection::vec(
            prop::collection::vec((0..6_usize, 0..40_u16, 0..4_000_u32, said()), 1..6),
            1..16,
        ),
        at_once in 1..8_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let mut plain = Plain::default();
        let send = |requests: &[Vec<One>]| {
            let commits = requests.iter().map(|request| {
                let messages: Vec<Message> = request.iter().copied().map(telling).collect();
                store.commit(commit(&messages))
            });
            let outcomes = runtime().block_on(join(commits.collect()));
            let new = outcomes.into_iter().map(|one| one.unwrap().new);
            new.flatten().filter(|new| *new).count()
        };
        let mut accepted = 0;
        for group in requests.chunks(at_once) {
            accepted += send(group);
            group.iter().flatten().for_each(|one| plain.take_in(*one));
        }
        prop_assert_eq!(accepted, plain.seen.len());
        check(&store, &mut plain)?;
        // Everything once more, and nothing of it counts.
        prop_assert_eq!(send(&requests), 0);
        check(&store, &mut plain)?;
    }
}

#[test]
fn a_person_has_only_so_many_visitors() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let identify = |number: u16, user: &str| {
        let mut message = telling((0, number, u32::from(number), Said::Is(4)));
        message.visitor = VisitorId::parse(&format!("v{number:03}")).unwrap();
        message.user_id = Some(UserId::parse(user).unwrap());
        message
    };
    let visitors = |id: &str| {
        let id = VisitorId::parse(id).unwrap();
        let person = runtime().block_on(store.person(&id)).unwrap();
        person.visitors().count()
    };
    let messages: Vec<Message> = (0..70).map(|number| identify(number, "x")).collect();
    runtime().block_on(store.commit(commit(&messages))).unwrap();
    assert_eq!((visitors("v000"), visitors("v069")), (MOST_VISITORS, 1));
    // One that did not fit can be somebody else's, and one that leaves makes room.
    let messages = [identify(69, "y"), identify(100, "y")].map(|mut message| {
        message.id = MessageId::parse("again").unwrap();
        message
    });
    runtime().block_on(store.commit(commit(&messages))).unwrap();
    assert_eq!(visitors("v069"), 2);
    assert_eq!(visitors("nobody"), 0);
}
