//! Any bytes as the body of a request to be forgotten: it is refused with a reason, or names a visitor
//! that can be one.
#![no_main]

use firstglance_collector::ingest::forget;
use firstglance_engine::VisitorId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for header_key in [None, Some("k"), Some("x")] {
        match forget(body, header_key, "k") {
            Ok(forget) => {
                if let Some(visitor) = forget.visitor {
                    assert_eq!(VisitorId::anonymous(visitor.as_str()), Ok(visitor));
                }
            }
            Err(error) => {
                let _ = (error.tag(), error.place(), error.to_string());
            }
        }
    }
});
