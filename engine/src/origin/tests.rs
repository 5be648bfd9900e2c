//! Referrers and channels of touches.

use std::format;
use std::prelude::v1::*;

use super::*;
use crate::address::Address;
use crate::campaign::Campaign;
use crate::profile::Touch;
use crate::time::Timestamp;

fn touch<'a>(referrer: &'a str, query: &str) -> Touch<'a> {
    let address = format!("https://h/?{query}");
    Touch {
        at: Timestamp::from_milliseconds(1_795_000_000_000),
        path: "/",
        referrer,
        campaign: Campaign::from_address(&Address::split(&address)),
    }
}

#[test]
fn referrers() {
    for (host, name, kind) in [
        ("", "", "direct"),
        ("example.nl", "", "referral"),
        ("google.com", "Google", "search"),
        ("google.nl", "Google", "search"),
        ("google.co.uk", "Google", "search"),
        ("google.com.au", "Google", "search"),
        ("google.evil.com", "", "referral"),
        ("google.com.evil.nl", "", "referral"),
        ("notgoogle.com", "", "referral"),
        ("mail.google.com", "Gmail", "email"),
        ("gemini.google.com", "Gemini", "ai"),
        ("shopping.google.com", "Google Shopping", "shopping"),
        ("nl.search.yahoo.com", "Yahoo", "search"),
        ("mail.yahoo.com", "Yahoo Mail", "email"),
        ("l.facebook.com", "Facebook", "social"),
        ("notfacebook.com", "", "referral"),
        ("t.co", "X", "social"),
        ("chatgpt.com", "ChatGPT", "ai"),
        ("chat.openai.com", "ChatGPT", "ai"),
        ("perplexity.ai", "Perplexity", "ai"),
        ("copilot.microsoft.com", "Copilot", "ai"),
        ("claude.ai", "Claude", "ai"),
        ("m.youtube.com", "YouTube", "video"),
        ("amazon.nl", "Amazon", "shopping"),
        ("bol.com", "bol", "shopping"),
        ("2dehands.be", "2dehands", "shopping"),
    ] {
        assert_eq!(referrer_of(&touch(host, "")), (name, kind), "{host}");
    }
}

#[test]
fn channels() {
    for (host, query, expected) in [
        ("", "", "Direct"),
        ("google.nl", "", "Organic Search"),
        ("l.facebook.com", "", "Organic Social"),
        ("l.facebook.com", "fbclid=1", "Organic Social"),
        ("", "fbclid=1", "Organic Social"),
        ("google.nl", "gclid=1", "Paid Search"),
        ("", "gclid=1", "Paid Search"),
        ("", "msclkid=1", "Paid Search"),
        ("", "li_fat_id=1", "Paid Social"),
        ("", "dclid=1", "Display"),
        ("", "mc_eid=1", "Email"),
        ("", "awc=1", "Affiliates"),
        ("", "utm_source=google&utm_medium=cpc", "Paid Search"),
        (
            "",
            "utm_source=google&utm_medium=cpc&gclid=1",
            "Paid Search",
        ),
        (
            "",
            "utm_source=facebook&utm_medium=paid_social",
            "Paid Social",
        ),
        ("", "utm_source=facebook&utm_medium=cpc", "Paid Social"),
        ("", "utm_source=youtube&utm_medium=cpv", "Paid Video"),
        ("", "utm_source=youtube&utm_medium=cpc", "Paid Video"),
        (
            "",
            "utm_source=google&utm_medium=cpc&utm_campaign=Shopping+NL",
            "Paid Shopping",
        ),
        ("", "utm_source=bol&utm_medium=cpc", "Paid Shopping"),
        (
            "",
            "utm_source=google&utm_medium=cpc&utm_campaign=x+cross-network",
            "Cross-network",
        ),
        ("", "utm_source=criteo&utm_medium=banner", "Display"),
        ("", "utm_source=criteo&utm_medium=retargeting", "Paid Other"),
        ("", "utm_source=nieuwsbrief&utm_medium=email", "Email"),
        ("mail.google.com", "", "Email"),
        ("", "utm_source=e-mail", "Email"),
        ("", "utm_source=daisycon&utm_medium=affiliate", "Affiliates"),
        ("chatgpt.com", "", "AI Assistant"),
        ("", "utm_source=chatgpt.com", "AI Assistant"),
        ("example.nl", "", "Referral"),
        ("", "utm_source=partner&utm_medium=referral", "Referral"),
        ("", "utm_source=spotify&utm_medium=audio", "Audio"),
        ("", "utm_source=sms", "SMS"),
        (
            "",
            "utm_source=x-app&utm_medium=push",
            "Mobile Push Notifications",
        ),
        ("", "utm_source=folder&utm_medium=print", "Unassigned"),
        ("", "utm_source=bing&utm_medium=organic", "Organic Search"),
        ("amazon.de", "", "Organic Shopping"),
        ("youtube.com", "", "Organic Video"),
        ("", "utm_medium=social", "Organic Social"),
    ] {
        assert_eq!(channel_of(&touch(host, query)), expected, "{host} {query}");
    }
}
