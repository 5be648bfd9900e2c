//! Any bytes as the body of a request, plain or packed: it is refused with a reason, or each of its
//! messages is, or is taken as something that reads as the same message again. What is kept of any of
//! it is bounded and holds no network address.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use firstglance_collector::agent::{Agents, Device};
use firstglance_collector::http::compression::Coding;
use firstglance_collector::http::decompression::unpack;
use firstglance_collector::ingest::{
    Form, Judged, KeptAddress, MAX_BODY_BYTES, MAX_MESSAGE_BYTES, MAX_MESSAGES, Request, Sender,
    Share, judge,
};
use firstglance_engine::json::{Clock, JsonWriter, SharedFields, read_message};
use firstglance_engine::{Timestamp, VisitorId};
use libfuzzer_sys::fuzz_target;

const NOW: i64 = 1_795_000_000_000;

const FORMS: [Form; 7] = [
    Form::Batch,
    Form::Single("track"),
    Form::Single("page"),
    Form::Single("screen"),
    Form::Single("identify"),
    Form::Single("alias"),
    Form::Single("group"),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((how, body)) = bytes.split_first() else {
        return;
    };
    let form = FORMS[usize::from(how & 7) % FORMS.len()];
    let coding = match how >> 6 {
        1 => Coding::Gzip,
        2 => Coding::Brotli,
        _ => Coding::Identity,
    };
    let mut whole = Vec::new();
    let unpacked = unpack(body, coding, &mut |piece| {
        whole.extend_from_slice(piece);
        Ok(())
    });
    assert!(coding == Coding::Identity || whole.len() <= MAX_BODY_BYTES);
    if unpacked.is_err() {
        return;
    }
    static AGENTS: LazyLock<Agents> = LazyLock::new(Agents::default);
    let told = how & 8 != 0;
    let daily = VisitorId::anonymous("daily-x").ok();
    let sender = Sender {
        robots: told.then_some(&*AGENTS),
        browser: told.then_some("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0"),
        is_data_centre: how & 64 != 0 && how & 128 != 0,
        device: Device {
            kind: told.then_some("desktop"),
            ..Device::default()
        },
        country: told.then(|| "NL".to_owned()),
        address: told.then(|| "198.51.100.0".to_owned()),
        addresses: KeptAddress::ALL[usize::from(how >> 4 & 1)],
    };
    let request = Request {
        form,
        body: &whole,
        header_key: (how & 32 != 0).then_some("k"),
        received_at: Timestamp::from_milliseconds(NOW),
        daily_visitor: daily.as_ref().filter(|_| told),
        sender,
    };
    match judge(request.clone(), "k") {
        Err(error) => {
            let _ = (error.tag(), error.place(), error.to_string());
        }
        Ok(judged) => check(judged, &request),
    }
});

fn check(mut judged: Judged, request: &Request<'_>) {
    let count = judged.commit.messages.len() + judged.refused.len();
    assert!(count <= MAX_MESSAGES);
    if let Some(context) = &judged.commit.context {
        assert!(serde_json::from_str::<serde_json::Value>(context).is_ok());
    }
    let default_type = match request.form {
        Form::Single(name) => Some(name),
        Form::Batch => None,
    };
    for new in &judged.commit.messages {
        // Completing and renaming add a few names.
        assert!(new.raw.len() <= MAX_MESSAGE_BYTES + 2_000);
        // The clock was corrected once; what is said besides stays.
        let clock = Clock {
            received_at: Timestamp::MAX,
            sent_at: None,
        };
        let again = read_message(&new.raw, default_type, &SharedFields::default(), clock);
        let again = again.unwrap_or_else(|error| panic!("{error} in {}", new.raw));
        assert_eq!(
            (&again.id, &again.visitor, &again.user_id),
            (&new.message.id, &new.message.visitor, &new.message.user_id)
        );
        assert_eq!(again.kind, new.message.kind);
    }
    for refused in &judged.refused {
        let mut json = JsonWriter::default();
        refused.write(&mut json);
        assert!(serde_json::from_str::<serde_json::Value>(json.as_str()).is_ok());
        let kept = refused.to_keep(request.received_at);
        assert!(kept.raw.len() <= 2_048);
    }
    let wait = Duration::from_secs(1);
    let refused = judged.limit(request.form, |visitor, many| {
        match visitor.as_str().len() % 3 {
            0 => Share::All,
            1 => Share::First(many / 2),
            _ => Share::None { wait },
        }
    });
    assert!(refused.is_none() || judged.commit.messages.is_empty());
    assert_eq!(judged.commit.messages.len() + judged.refused.len(), count);
}
