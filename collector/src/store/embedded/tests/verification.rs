//! Verification: finds nothing in what the store wrote, finds each kind of damage, and repairs what
//! follows from something else.

use super::erasures::{busy, visitor};
use super::*;
use crate::store::embedded::verification::Verification;
use firstglance_engine::UserId;

/// Messages as they come: what is stored of them can be read again.
fn take_in(store: &Embedded, messages: &[Message]) {
    let mut commit = commit(messages);
    for (new, message) in commit.messages.iter_mut().zip(messages) {
        let (id, at, visitor) = (&message.id, message.timestamp, &message.visitor);
        let (kind, rest) = match (&message.kind, &message.user_id) {
            (MessageKind::Page { .. }, _) => {
                let path = format!("/e-bikes/{}", id.as_str()[1..].parse::<u16>().unwrap() % 7);
                ("page", format!(r#""properties":{{"path":"{path}"}}"#))
            }
            (_, user) => (
                "identify",
                format!(r#""userId":"{}""#, user.as_ref().unwrap()),
            ),
        };
        new.raw = format!(
            r#"{{"type":"{kind}","messageId":"{id}","anonymousId":"{visitor}","timestamp":"{at}",{rest}}}"#
        )
        .into();
    }
    runtime().block_on(store.commit(commit)).unwrap();
}

fn found(tree: &sled::Tree, repair: Repair<'_>) -> Vec<(&'static str, bool)> {
    let mut found = Vec::new();
    let mut tell = |finding: Finding| {
        println!("{finding:?}");
        found.push((finding.kind, finding.repaired));
    };
    let verified = Verification::new(tree, repair, &mut tell).run().unwrap();
    assert!(
        verified.visitors >= 3 && verified.messages >= 300,
        "{verified:?}"
    );
    found.dedup();
    found
}

#[test]
fn damage_is_found_and_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    for number in 0..3 {
        take_in(&store, &busy(number, Some("jo")));
    }
    let tree = store.tree();
    assert_eq!(found(&tree, Repair::Nothing), []);

    let model = Model::default();
    let key = keys::visitor(&visitor(0));
    let change = |edit: &dyn Fn(&mut VisitorRecord)| {
        let mut record = VisitorRecord::from_bytes(&tree.get(&key).unwrap().unwrap()).unwrap();
        edit(&mut record);
        tree.insert(&key, record.to_bytes()).unwrap();
    };
    let first = |prefix: &[u8]| tree.scan_prefix(prefix).keys().next().unwrap().unwrap();
    let damages: [(&str, &dyn Fn()); 7] = [
        ("list", &|| drop(tree.remove(first(keys::LISTS)).unwrap())),
        ("list", &|| drop(tree.remove(first(keys::SIZES)).unwrap())),
        ("list", &|| {
            tree.insert([&first(keys::LISTS)[..], b"x"].concat(), &[])
                .unwrap();
        }),
        ("profile", &|| {
            change(&|record| record.profile.page_views += 1)
        }),
        ("duplicates", &|| {
            change(&|record| record.seen = Default::default())
        }),
        ("person", &|| {
            let user = UserId::parse("jo").unwrap();
            tree.remove(keys::person(&user)).unwrap();
        }),
        ("person", &|| change(&|record| record.person = None)),
    ];
    for (kind, damage) in damages {
        damage();
        assert_eq!(found(&tree, Repair::Nothing), [(kind, false)], "{kind}");
        assert_eq!(
            found(&tree, Repair::All(Some(&model))),
            [(kind, true)],
            "{kind}"
        );
        assert_eq!(found(&tree, Repair::Nothing), [], "{kind}");
    }
    // What nothing else says is told and left alone.
    let messages = first(&keys::messages(&visitor(1)));
    tree.insert(messages, "torn").unwrap();
    tree.insert("strange", "").unwrap();
    tree.insert(
        keys::messages_from(&VisitorId::parse("nobody").unwrap(), Timestamp::MIN),
        "",
    )
    .unwrap();
    let left = found(&tree, Repair::All(None));
    for kind in ["record", "key", "orphan", "profile"] {
        assert!(left.contains(&(kind, false)), "{kind}: {left:?}");
    }
    assert_eq!(found(&tree, Repair::All(None)), left);
}
