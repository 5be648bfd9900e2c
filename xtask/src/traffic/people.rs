//! Who comes, why, and by what: the truth that a report of this traffic must tell again. Nothing here
//! is a setting; the numbers are made up, and far enough apart to be told from each other.

/// A kind of visitor.
pub(super) struct Persona {
    pub(super) name: &'static str,
    /// How many of all are so.
    pub(super) weight: u32,
    /// Pages of a visit, on average.
    pub(super) depth: f64,
    /// Further visits, on average.
    pub(super) returns: f64,
    /// How probable it is that a visit ends in a request for a test ride.
    pub(super) intent: f64,
    /// How probable it is that the next page is something to read, a search, or the prices.
    pub(super) reads: f64,
    pub(super) searches: f64,
    pub(super) prices: f64,
}

/// All kinds of visitors.
pub(super) const PERSONAS: [Persona; 5] = [
    Persona {
        name: "looks around",
        weight: 45,
        depth: 2.2,
        returns: 0.5,
        intent: 0.015,
        reads: 0.12,
        searches: 0.06,
        prices: 0.03,
    },
    Persona {
        name: "compares",
        weight: 25,
        depth: 5.0,
        returns: 1.6,
        intent: 0.05,
        reads: 0.15,
        searches: 0.14,
        prices: 0.1,
    },
    Persona {
        name: "wants to buy",
        weight: 11,
        depth: 6.0,
        returns: 2.2,
        intent: 0.16,
        reads: 0.08,
        searches: 0.12,
        prices: 0.16,
    },
    Persona {
        name: "reads",
        weight: 18,
        depth: 3.4,
        returns: 1.4,
        intent: 0.008,
        reads: 0.7,
        searches: 0.05,
        prices: 0.01,
    },
    Persona {
        name: "wants to work there",
        weight: 1,
        depth: 2.5,
        returns: 0.3,
        intent: 0.0,
        reads: 0.2,
        searches: 0.02,
        prices: 0.0,
    },
];

/// The place in [`PERSONAS`] of those who write to the shop about work.
pub(super) const APPLICANT: usize = 4;

/// Where a visit begins.
#[derive(Clone, Copy)]
pub(super) enum Landing {
    Home,
    Category,
    Product,
    Article,
}

/// What brings visitors. `{brand}` is the shop's name, `{id}` a number of the click.
pub(super) struct Campaign {
    pub(super) name: &'static str,
    /// The channel that this is.
    pub(super) channel: &'static str,
    /// How many of the first visits it brings, and how many of the later ones.
    pub(super) first: u32,
    pub(super) later: u32,
    /// By how much it multiplies what visitors whom it brought first want.
    pub(super) quality: f64,
    pub(super) landing: Landing,
    /// Parameters of the address; and the address of the page before.
    pub(super) parameters: &'static str,
    pub(super) referrer: &'static str,
    /// The label of the topic that all whom it brings are interested in.
    pub(super) topic: Option<&'static str>,
}

/// All that brings visitors.
pub(super) const CAMPAIGNS: [Campaign; 14] = [
    Campaign {
        name: "merk",
        channel: "Paid Search",
        first: 9,
        later: 5,
        quality: 2.4,
        landing: Landing::Home,
        parameters: "utm_source=google&utm_medium=cpc&utm_campaign=merk&utm_term={brand}&utm_content=kop-a&gclid=Cj0{id}",
        referrer: "https://www.google.com/",
        topic: None,
    },
    Campaign {
        name: "e-bikes-najaar",
        channel: "Paid Search",
        first: 10,
        later: 2,
        quality: 1.0,
        landing: Landing::Category,
        parameters: "utm_source=google&utm_medium=cpc&utm_campaign=e-bikes-najaar&utm_term=e-bike+kopen&utm_content=kop-b&gclid=Cj1{id}",
        referrer: "https://www.google.com/",
        topic: Some("E-bikes"),
    },
    Campaign {
        name: "bakfiets-zoekers",
        channel: "Paid Search",
        first: 5,
        later: 1,
        quality: 1.3,
        landing: Landing::Product,
        parameters: "utm_source=bing&utm_medium=cpc&utm_campaign=bakfiets-zoekers&utm_term=longtail+bakfiets&msclkid=ms{id}",
        referrer: "https://www.bing.com/",
        topic: Some("Bakfietsen"),
    },
    Campaign {
        name: "kinderfiets-actie",
        channel: "Paid Social",
        first: 14,
        later: 2,
        quality: 0.3,
        landing: Landing::Category,
        parameters: "utm_source=facebook&utm_medium=paid_social&utm_campaign=kinderfiets-actie&utm_content=video-1&fbclid=Iw{id}",
        referrer: "https://l.facebook.com/",
        topic: Some("Kinderfietsen"),
    },
    Campaign {
        name: "gravel-verhalen",
        channel: "Paid Social",
        first: 6,
        later: 1,
        quality: 0.6,
        landing: Landing::Article,
        parameters: "utm_source=instagram&utm_medium=paid_social&utm_campaign=gravel-verhalen&utm_content=story-2",
        referrer: "https://l.instagram.com/",
        topic: Some("Racefietsen"),
    },
    Campaign {
        name: "herinnering",
        channel: "Display",
        first: 1,
        later: 7,
        quality: 0.8,
        landing: Landing::Product,
        parameters: "utm_source=criteo&utm_medium=display&utm_campaign=herinnering",
        referrer: "",
        topic: None,
    },
    Campaign {
        name: "nieuwsbrief",
        channel: "Email",
        first: 4,
        later: 18,
        quality: 1.5,
        landing: Landing::Article,
        parameters: "utm_source=nieuwsbrief&utm_medium=email&utm_campaign=nieuwsbrief&utm_content=knop",
        referrer: "",
        topic: None,
    },
    Campaign {
        name: "(organic Google)",
        channel: "Organic Search",
        first: 20,
        later: 12,
        quality: 1.0,
        landing: Landing::Category,
        parameters: "",
        referrer: "https://www.google.com/",
        topic: None,
    },
    Campaign {
        name: "(organic Bing)",
        channel: "Organic Search",
        first: 4,
        later: 2,
        quality: 1.0,
        landing: Landing::Product,
        parameters: "",
        referrer: "https://www.bing.com/search?q=goede+fiets",
        topic: None,
    },
    Campaign {
        name: "(organic, by name)",
        channel: "Organic Search",
        first: 4,
        later: 10,
        quality: 1.8,
        landing: Landing::Home,
        parameters: "",
        referrer: "https://www.bing.com/search?q={brand}+fietsen",
        topic: None,
    },
    Campaign {
        name: "(fietsersbond.nl)",
        channel: "Referral",
        first: 5,
        later: 2,
        quality: 1.1,
        landing: Landing::Article,
        parameters: "",
        referrer: "https://www.fietsersbond.nl/de-fiets/",
        topic: None,
    },
    Campaign {
        name: "(assistants)",
        channel: "AI Assistant",
        first: 4,
        later: 2,
        quality: 1.4,
        landing: Landing::Product,
        parameters: "utm_source=chatgpt.com",
        referrer: "https://chatgpt.com/",
        topic: None,
    },
    Campaign {
        name: "(Instagram)",
        channel: "Organic Social",
        first: 4,
        later: 2,
        quality: 0.5,
        landing: Landing::Article,
        parameters: "",
        referrer: "https://www.instagram.com/",
        topic: None,
    },
    Campaign {
        name: "(direct)",
        channel: "Direct",
        first: 10,
        later: 34,
        quality: 1.2,
        landing: Landing::Home,
        parameters: "",
        referrer: "",
        topic: None,
    },
];

/// The place in [`CAMPAIGNS`] of those whom nothing brings: the last.
pub(super) const DIRECT: usize = CAMPAIGNS.len() - 1;

/// Of what a variant changes: by what part more of those who see it reach the goal, and click.
pub(super) struct Lift {
    pub(super) variant: &'static str,
    pub(super) conversion: f64,
}

/// The variants that are known to help. Others change nothing.
pub(super) const LIFTS: [Lift; 2] = [
    Lift {
        variant: "bellen",
        conversion: 0.3,
    },
    Lift {
        variant: "proefrit",
        conversion: 0.8,
    },
];

/// How probable it is that who sees a slot for the first time clicks in it: control, and variant.
pub(super) const CLICKS: (f64, f64) = (0.08, 0.14);

/// How probable it is that who sees a slot reaches its goal, where nothing helps; of visitors of
/// quality 1.
pub(super) const CONVERSION: f64 = 0.12;

/// Of a thousand visitors: those who allow no more than segments, those who allow nothing to be kept, if
/// they come only once, and those who allow nothing.
pub(super) const SEGMENTS_ONLY: u64 = 60;
pub(super) const SESSION_ONLY: u64 = 40;
pub(super) const DENIED: u64 = 120;

/// Of a thousand who were identified: those who come again with another device, and say there who
/// they are.
pub(super) const SECOND_DEVICE: u64 = 300;

/// Of a thousand who asked for a test ride: those who buy.
pub(super) const BUYERS: u64 = 450;

/// Of a thousand visits: those of programs; and those with a message that is wrong.
pub(super) const ROBOTS: u64 = 6;
pub(super) const MALFORMED: u64 = 3;

/// Visits by the hour of the day and by the day of the week, from Monday.
pub(super) const HOURS: [u32; 24] = [
    3, 2, 1, 1, 1, 2, 4, 7, 9, 9, 9, 9, 10, 9, 8, 8, 8, 9, 11, 13, 14, 13, 10, 6,
];
pub(super) const WEEKDAYS: [u32; 7] = [10, 10, 10, 10, 9, 12, 14];

/// Hours by which the visitors' clocks are ahead of UTC.
pub(super) const AHEAD: u64 = 1;

/// What people search for on the site, for each topic.
pub(super) const QUERIES: [&[&str]; 5] = [
    &[
        "e-bike",
        "elektrische fiets lage instap",
        "e-bike prijs",
        "speed pedelec",
    ],
    &["kinderfiets 16 inch", "loopfiets", "kinderfiets maat"],
    &[
        "bakfiets",
        "longtail",
        "bakfiets drie wielen",
        "bakfiets prijzen",
    ],
    &["gravelfiets", "racefiets carbon", "racefiets maat"],
    &["onderhoud", "ketting smeren", "lease prijs"],
];

/// Browsers, the last of which is a telephone's.
pub(super) const BROWSERS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
];

/// A program that says that it is one.
pub(super) const ROBOT: &str =
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
