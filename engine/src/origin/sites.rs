//! The sites that referrers and `utm_source` name.

use alloc::vec;
use alloc::vec::Vec;

use crate::program::{Instruction, Operator, Test, TextSource, Which};

/// Kinds of referrers: nobody, the kinds of [`SITES`] in their order, and any other site.
pub const KINDS: [&str; 8] = [
    "direct", "search", "social", "email", "ai", "video", "shopping", "referral",
];

/// A site: its name, the words that `utm_source` commonly has for it, and its hosts. A host is a
/// pattern, in which `*.` stands for subdomains and `.*` at the end for a country: `.nl`, `.co.uk`,
/// `.com.au`.
type Site = (&'static str, &'static str, &'static str);

const SEARCH: &[Site] = &[
    ("Google", "google googleads adwords", "google.*"),
    ("Bing", "bing", "bing.com *.bing.com"),
    (
        "DuckDuckGo",
        "duckduckgo ddg",
        "duckduckgo.com *.duckduckgo.com",
    ),
    (
        "Yahoo",
        "yahoo",
        "search.yahoo.com *.search.yahoo.com search.yahoo.co.jp yahoo.com",
    ),
    ("Ecosia", "ecosia", "ecosia.org"),
    (
        "Startpage",
        "startpage",
        "startpage.com *.startpage.com startpage.nl",
    ),
    ("Qwant", "qwant", "qwant.com *.qwant.com"),
    ("Brave", "brave", "search.brave.com"),
    ("Yandex", "yandex", "yandex.* ya.ru *.yandex.ru"),
    ("Baidu", "baidu", "baidu.com *.baidu.com"),
    (
        "Naver",
        "naver",
        "naver.com search.naver.com *.search.naver.com",
    ),
    ("Seznam", "seznam", "seznam.cz search.seznam.cz"),
    ("Daum", "daum", "daum.net search.daum.net"),
    ("Sogou", "sogou", "sogou.com *.sogou.com"),
    ("360 Search", "so.com", "so.com m.so.com"),
    ("Kagi", "kagi", "kagi.com"),
    ("Mojeek", "mojeek", "mojeek.com"),
    ("Swisscows", "swisscows", "swisscows.com"),
    ("MetaGer", "metager", "metager.org metager.de"),
    ("AOL", "aol", "search.aol.com search.aol.co.uk"),
    ("Ask", "ask", "ask.com *.ask.com"),
    ("Vinden", "vinden", "vinden.nl"),
    ("Gibiru", "gibiru", "gibiru.com"),
    ("Petal Search", "petalsearch", "petalsearch.com"),
    ("Cốc Cốc", "coccoc", "coccoc.com"),
    ("Rambler", "rambler", "rambler.ru nova.rambler.ru"),
    ("Lilo", "lilo", "search.lilo.org"),
    ("Dogpile", "dogpile", "dogpile.com"),
];

const SOCIAL: &[Site] = &[
    (
        "Facebook",
        "facebook fb meta",
        "facebook.com *.facebook.com fb.com fb.me",
    ),
    ("Instagram", "instagram ig", "instagram.com *.instagram.com"),
    (
        "LinkedIn",
        "linkedin",
        "linkedin.com *.linkedin.com lnkd.in com.linkedin.android",
    ),
    ("X", "x twitter", "x.com twitter.com *.twitter.com t.co"),
    ("TikTok", "tiktok", "tiktok.com *.tiktok.com"),
    (
        "Pinterest",
        "pinterest",
        "pinterest.* *.pinterest.com pin.it",
    ),
    (
        "Reddit",
        "reddit",
        "reddit.com *.reddit.com com.reddit.frontpage",
    ),
    ("Snapchat", "snapchat", "snapchat.com *.snapchat.com"),
    (
        "Threads",
        "threads",
        "threads.net *.threads.net threads.com",
    ),
    ("Bluesky", "bluesky bsky", "bsky.app go.bsky.app"),
    (
        "Mastodon",
        "mastodon",
        "mastodon.social mastodon.online mastodon.nl mstdn.social",
    ),
    ("WhatsApp", "whatsapp", "whatsapp.com *.whatsapp.com wa.me"),
    ("Telegram", "telegram", "telegram.org *.telegram.org t.me"),
    (
        "Discord",
        "discord",
        "discord.com discord.gg discordapp.com",
    ),
    ("Quora", "quora", "quora.com *.quora.com"),
    ("Tumblr", "tumblr", "tumblr.com *.tumblr.com"),
    ("VK", "vk vkontakte", "vk.com *.vk.com vk.ru"),
    ("Odnoklassniki", "ok.ru", "ok.ru"),
    ("Weibo", "weibo", "weibo.com *.weibo.com weibo.cn t.cn"),
    ("Xing", "xing", "xing.com"),
    ("Hacker News", "hackernews", "news.ycombinator.com"),
    ("Slack", "slack", "slack.com *.slack.com"),
    ("Messenger", "messenger", "messenger.com l.messenger.com"),
    ("Line", "line", "line.me *.line.me"),
    ("WeChat", "wechat", "weixin.qq.com mp.weixin.qq.com"),
    ("Nextdoor", "nextdoor", "nextdoor.com nextdoor.nl"),
];

const EMAIL: &[Site] = &[
    ("Gmail", "gmail", "mail.google.com com.google.android.gm"),
    (
        "Outlook",
        "outlook hotmail",
        "outlook.live.com outlook.office.com outlook.office365.com *.mail.live.com",
    ),
    ("Yahoo Mail", "yahoomail", "mail.yahoo.com *.mail.yahoo.com"),
    (
        "Proton Mail",
        "protonmail",
        "mail.proton.me mail.protonmail.com",
    ),
    ("iCloud Mail", "icloud", "icloud.com *.icloud.com"),
    ("GMX", "gmx", "gmx.net gmx.com gmx.de *.gmx.net"),
    ("WEB.DE", "web.de", "web.de *.web.de"),
    ("Zoho Mail", "zohomail", "mail.zoho.com mail.zoho.eu"),
    ("AOL Mail", "aolmail", "mail.aol.com"),
    ("Ziggo", "ziggo", "webmail.ziggo.nl"),
    ("KPN", "kpn", "webmail.kpnmail.nl webmail.kpn.com"),
    (
        "Yandex Mail",
        "yandexmail",
        "mail.yandex.ru mail.yandex.com",
    ),
    ("Mail.ru", "mail.ru", "e.mail.ru mail.ru"),
    ("Fastmail", "fastmail", "fastmail.com app.fastmail.com"),
];

const AI: &[Site] = &[
    (
        "ChatGPT",
        "chatgpt openai",
        "chatgpt.com *.chatgpt.com chat.openai.com",
    ),
    (
        "Perplexity",
        "perplexity",
        "perplexity.ai *.perplexity.ai perplexity.com",
    ),
    ("Gemini", "gemini bard", "gemini.google.com bard.google.com"),
    (
        "Copilot",
        "copilot",
        "copilot.microsoft.com copilot.com *.copilot.com copilot.cloud.microsoft",
    ),
    ("Claude", "claude", "claude.ai *.claude.ai"),
    ("DeepSeek", "deepseek", "deepseek.com *.deepseek.com"),
    ("Le Chat", "mistral", "chat.mistral.ai"),
    ("Grok", "grok", "grok.com grok.x.ai"),
    ("Meta AI", "metaai", "meta.ai *.meta.ai"),
    ("You.com", "you.com", "you.com"),
    ("Poe", "poe", "poe.com"),
    ("Phind", "phind", "phind.com"),
    ("HuggingChat", "huggingface", "huggingface.co"),
    ("Qwen", "qwen", "chat.qwen.ai qwen.ai"),
    ("Kimi", "kimi", "kimi.com kimi.moonshot.cn"),
    ("Doubao", "doubao", "doubao.com"),
    ("Duck.ai", "duck.ai", "duck.ai"),
    ("NotebookLM", "notebooklm", "notebooklm.google.com"),
    ("Liner", "liner", "getliner.com liner.com"),
];

const VIDEO: &[Site] = &[
    ("YouTube", "youtube", "youtube.com *.youtube.com youtu.be"),
    ("Vimeo", "vimeo", "vimeo.com *.vimeo.com"),
    ("Twitch", "twitch", "twitch.tv *.twitch.tv"),
    ("Dailymotion", "dailymotion", "dailymotion.com"),
    ("Netflix", "netflix", "netflix.com"),
    ("Bilibili", "bilibili", "bilibili.com *.bilibili.com"),
    ("Rumble", "rumble", "rumble.com"),
    ("Wistia", "wistia", "wistia.com *.wistia.com"),
    ("Disney+", "disneyplus", "disneyplus.com"),
];

const SHOPPING: &[Site] = &[
    ("Amazon", "amazon", "amazon.* *.amazon.com"),
    ("eBay", "ebay", "ebay.* *.ebay.com"),
    ("bol", "bol bol.com", "bol.com *.bol.com partner.bol.com"),
    ("Google Shopping", "googleshopping", "shopping.google.com"),
    ("Etsy", "etsy", "etsy.com"),
    (
        "Marktplaats",
        "marktplaats",
        "marktplaats.nl *.marktplaats.nl",
    ),
    ("Beslist", "beslist", "beslist.nl beslist.be"),
    ("Tweakers Pricewatch", "tweakers", "tweakers.net"),
    ("Kieskeurig", "kieskeurig", "kieskeurig.nl"),
    ("idealo", "idealo", "idealo.* *.idealo.com"),
    (
        "AliExpress",
        "aliexpress",
        "aliexpress.com *.aliexpress.com",
    ),
    ("Walmart", "walmart", "walmart.com"),
    ("Zalando", "zalando", "zalando.*"),
    ("Temu", "temu", "temu.com"),
    (
        "Shopify",
        "shopify shop.app",
        "shop.app shopify.com *.shopify.com",
    ),
    ("Alibaba", "alibaba", "alibaba.com *.alibaba.com"),
    ("Vergelijk", "vergelijk", "vergelijk.nl vergelijk.be"),
    ("2dehands", "2dehands", "2dehands.be"),
];

/// The sites, by kind in the order of [`KINDS`].
const SITES: [&[Site]; 6] = [SEARCH, SOCIAL, EMAIL, AI, VIDEO, SHOPPING];

fn sites() -> impl Iterator<Item = &'static Site> {
    SITES.into_iter().flatten()
}

/// Names by place: empty for nobody, then the sites, then empty for any other site.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names = vec![""];
    names.extend(sites().map(|(name, _, _)| *name));
    names.push("");
    names
}

/// Pushes the place among [`names`] of the referrer of a touch.
#[must_use]
pub fn referrer(which: Which) -> Vec<Instruction> {
    let host = TextSource::Referrer(which);
    let mut code = vec![test(host, Test::Equals, ""), Instruction::Number(0.0)];
    code.extend(place(host, false));
    code.push(Instruction::Operate(Operator::Select));
    code
}

/// Pushes the place among [`names`] of what sent the visitor: what `utm_source` names, and where
/// there is none, the referrer, which is program 0.
#[must_use]
pub fn source(which: Which) -> Vec<Instruction> {
    let source = TextSource::Utm(which, 0);
    let mut code = vec![test(source, Test::Equals, ""), Instruction::Value(0)];
    code.extend(place(source, true));
    code.push(Instruction::Operate(Operator::Select));
    code
}

/// Pushes the place among [`KINDS`] of the place among [`names`] that program 0 is.
#[must_use]
#[allow(clippy::cast_precision_loss)] // A few hundred sites.
pub fn kind() -> Vec<Instruction> {
    // How many of the kinds' ends lie before the place.
    let mut code = vec![
        Instruction::Value(0),
        Instruction::Number(1.0),
        Instruction::Operate(Operator::GreaterOrEqual),
    ];
    let mut end = 1;
    for sites in SITES {
        end += sites.len();
        code.extend([
            Instruction::Value(0),
            Instruction::Number(end as f64),
            Instruction::Operate(Operator::GreaterOrEqual),
            Instruction::Operate(Operator::Add),
        ]);
    }
    code
}

/// Pushes the place of the site that a text names; that of any other site where it names none.
#[allow(clippy::cast_precision_loss)]
fn place(text: TextSource, words: bool) -> Vec<Instruction> {
    let mut code = Vec::new();
    let mut count = 0;
    for (_, known_as, hosts) in sites() {
        count += 1;
        let mut tests = Tests::default();
        let known_as = known_as.split(' ').filter(|_| words);
        let plain = |host: &&str| !host.ends_with(".*");
        let names: Vec<&str> = known_as.chain(hosts.split(' ').filter(plain)).collect();
        if !names.is_empty() {
            tests.either(vec![test(text, Test::Matches, &names.join("\n"))]);
        }
        for host in hosts.split(' ').filter_map(|host| host.strip_suffix(".*")) {
            tests.either(in_a_country(text, host));
        }
        code.extend(tests.code);
        code.push(Instruction::Number(f64::from(count)));
    }
    code.push(Instruction::Number(f64::from(count + 1)));
    for _ in 0..count {
        code.push(Instruction::Operate(Operator::Select));
    }
    code
}

/// Tests of which one must pass.
#[derive(Default)]
pub(super) struct Tests {
    pub(super) code: Vec<Instruction>,
}

impl Tests {
    pub(super) fn either(&mut self, code: Vec<Instruction>) {
        let first = self.code.is_empty();
        self.code.extend(code);
        if !first {
            self.code.push(Instruction::Operate(Operator::Or));
        }
    }
}

pub(super) fn test(source: TextSource, test: Test, with: &str) -> Instruction {
    Instruction::Test {
        source,
        name: "".into(),
        test,
        with: with.into(),
    }
}

/// Whether a text is a name with one label after it, or with one after `co` or `com`:
/// `google.evil.example` is no Google.
fn in_a_country(text: TextSource, name: &str) -> Vec<Instruction> {
    let mut tests = Tests::default();
    for country in ["", ".co", ".com"] {
        let pattern = alloc::format!("{name}{country}.*");
        let deeper = alloc::format!("{pattern}.*");
        tests.either(vec![
            test(text, Test::Matches, &pattern),
            test(text, Test::Matches, &deeper),
            Instruction::Operate(Operator::Not),
            Instruction::Operate(Operator::And),
        ]);
    }
    tests.code
}
