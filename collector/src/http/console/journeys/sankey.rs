//! A Sankey diagram of the ways to one end: columns of page groups, the end on the right, and between
//! them bands as thick as many went there. Laid out here and drawn as SVG; knows nothing of the store.

use std::collections::BTreeMap;

use maud::{Markup, html};

/// Columns before the end.
pub(super) const MOST_COLUMNS: usize = 5;

/// Groups of a column; what has no room is one more, of all others.
const MOST_NODES: usize = 6;

const WIDTH: f64 = 960.0;
const NODE_WIDTH: f64 = 12.0;
/// How high all that reached the end is.
const FULL_HEIGHT: f64 = 300.0;
const GAP: f64 = 26.0;
/// Above the columns, where the name of the end stands.
const MARGIN: f64 = 28.0;
/// Letters of a name that fit between two columns.
const LONGEST_LABEL: usize = 20;

/// A way and how many went it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Page groups, oldest first.
    pub(super) groups: Vec<Box<str>>,
    pub(super) count: u64,
}

/// A place of a column; the end is column 0, what is before it 1, and so on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) column: usize,
    /// The page group; nothing for all that have no room, and for the end.
    pub(super) group: Option<Box<str>>,
}

/// Bands between places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flows {
    places: BTreeMap<Place, u64>,
    /// From a place to one of the next column.
    pub(super) bands: BTreeMap<(Place, Place), u64>,
}

impl Flows {
    /// What ways come to.
    pub(super) fn of(ways: &[Way]) -> Self {
        let mut sizes: BTreeMap<usize, BTreeMap<&str, u64>> = BTreeMap::new();
        for way in ways {
            for (place, group) in way.groups.iter().rev().take(MOST_COLUMNS).enumerate() {
                let sizes = sizes.entry(place + 1).or_default();
                *sizes.entry(group).or_default() += way.count;
            }
        }
        let shown = |column: usize, group: &str| {
            let Some(sizes) = sizes.get(&column) else {
                return false;
            };
            let own = sizes.get(group).copied().unwrap_or(0);
            let larger = sizes
                .iter()
                .filter(|(other, size)| (**size, group) > (own, **other));
            larger.count() < MOST_NODES
        };
        let mut flows = Self::default();
        for way in ways {
            let end = Place {
                column: 0,
                group: None,
            };
            *flows.places.entry(end.clone()).or_default() += way.count;
            let mut to = end;
            for (place, group) in way.groups.iter().rev().take(MOST_COLUMNS).enumerate() {
                let column = place + 1;
                let from = Place {
                    column,
                    group: shown(column, group).then(|| group.clone()),
                };
                *flows.places.entry(from.clone()).or_default() += way.count;
                *flows.bands.entry((from.clone(), to)).or_default() += way.count;
                to = from;
            }
        }
        flows
    }
}

/// A place as it is drawn.
struct Node<'a> {
    place: &'a Place,
    count: u64,
    x: f64,
    y: f64,
    height: f64,
    /// How much of its sides is taken by bands.
    in_taken: f64,
    out_taken: f64,
}

/// What stands beside the places.
pub(super) struct Words<'a> {
    /// The name of the end.
    pub(super) end: &'a str,
    /// For groups that have no room.
    pub(super) others: &'a str,
    /// What the diagram shows.
    pub(super) title: &'a str,
    /// A count in the reader's language.
    pub(super) count: &'a dyn Fn(u64) -> String,
}

impl Words<'_> {
    pub(super) fn name<'p>(&'p self, place: &'p Place) -> &'p str {
        match &place.group {
            Some(group) => group,
            None if place.column == 0 => self.end,
            None => self.others,
        }
    }
}

fn short(name: &str, longest: usize) -> String {
    if name.chars().count() <= longest {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(longest - 1).collect();
    short.push('…');
    short
}

/// The diagram.
pub(super) fn draw(flows: &Flows, words: &Words<'_>) -> Markup {
    let columns = flows.places.keys().map(|place| place.column).max();
    let columns = columns.unwrap_or(0);
    let all = flows.places.values().copied().max().unwrap_or(0).max(1);
    let scale = FULL_HEIGHT / all as f64;
    let step = (WIDTH - NODE_WIDTH) / columns.max(1) as f64;
    let mut nodes: Vec<Node<'_>> = Vec::new();
    let mut height: f64 = 0.0;
    for column in 0..=columns {
        let mut of: Vec<(&Place, u64)> = flows
            .places
            .iter()
            .filter(|(place, _)| place.column == column)
            .map(|(place, count)| (place, *count))
            .collect();
        // By where its bands lead to, so that they cross as little as may be; all others stand below.
        let lead = |place: &Place| {
            let bands = flows.bands.iter().filter(|((from, _), _)| from == place);
            let (mut sum, mut weight) = (0.0, 0.0);
            for ((_, to), count) in bands {
                let to = nodes.iter().find(|node| node.place == to);
                sum += to.map_or(0.0, |to| to.y + to.height / 2.0) * *count as f64;
                weight += *count as f64;
            }
            if weight > 0.0 { sum / weight } else { 0.0 }
        };
        of.sort_by(|(one, few), (other, many)| {
            let by = one.group.is_none().cmp(&other.group.is_none());
            let by = by.then(lead(one).total_cmp(&lead(other)));
            by.then_with(|| (many, one).cmp(&(few, other)))
        });
        let mut y = MARGIN;
        for (place, count) in of {
            let own = (count as f64 * scale).max(2.0);
            nodes.push(Node {
                place,
                count,
                x: step * (columns - column) as f64,
                y,
                height: own,
                in_taken: 0.0,
                out_taken: 0.0,
            });
            y += own + GAP;
        }
        height = height.max(y);
    }
    let mut bands: Vec<(usize, usize, u64)> = Vec::new();
    for ((from, to), count) in &flows.bands {
        let find = |wanted: &Place| nodes.iter().position(|node| node.place == wanted);
        if let (Some(from), Some(to)) = (find(from), find(to)) {
            bands.push((from, to, *count));
        }
    }
    // From the top down on both sides, so that bands cross as little as may be.
    bands.sort_by(|one, other| {
        let key = |band: &(usize, usize, u64)| (nodes[band.0].y, nodes[band.1].y);
        key(one)
            .partial_cmp(&key(other))
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut drawn: Vec<(String, f64, String)> = Vec::new();
    for (from, to, count) in bands {
        let thick = (count as f64 * scale).max(1.0);
        let (start, left) = {
            let node = &mut nodes[from];
            let y = node.y + node.out_taken + thick / 2.0;
            node.out_taken += thick;
            ((node.x + NODE_WIDTH, y), node.place)
        };
        let (end, right) = {
            let node = &mut nodes[to];
            let y = node.y + node.in_taken + thick / 2.0;
            node.in_taken += thick;
            ((node.x, y), node.place)
        };
        let middle = f64::midpoint(start.0, end.0);
        let path = format!(
            "M{:.1} {:.1}C{middle:.1} {:.1} {middle:.1} {:.1} {:.1} {:.1}",
            start.0, start.1, start.1, end.1, end.0, end.1
        );
        let title = format!(
            "{} → {}: {}",
            words.name(left),
            words.name(right),
            (words.count)(count)
        );
        drawn.push((path, thick, title));
    }
    html! {
        svg class="sankey" viewBox=(format!("0 0 {WIDTH:.0} {height:.0}")) role="img" aria-label=(words.title) {
            g class="sankey-bands" {
                @for (path, thick, title) in &drawn {
                    path d=(path) stroke-width=(format!("{thick:.1}")) { title { (title) } }
                }
            }
            @for node in &nodes {
                @let is_end = node.place.column == 0;
                // Over the end there is room for more.
                @let longest = if is_end { 3 * LONGEST_LABEL } else { LONGEST_LABEL };
                @let (x, y, anchor) = match is_end {
                    true => (node.x + NODE_WIDTH, MARGIN - 10.0, "end"),
                    false => (node.x + NODE_WIDTH + 6.0, node.y + node.height / 2.0 + 4.0, "start"),
                };
                rect class=(if is_end { "sankey-end" } else { "sankey-node" }) x=(format!("{:.1}", node.x))
                    y=(format!("{:.1}", node.y)) width=(NODE_WIDTH) height=(format!("{:.1}", node.height)) rx="2" {
                    title { (words.name(node.place)) ": " ((words.count)(node.count)) }
                }
                text x=(format!("{x:.1}")) y=(format!("{y:.1}")) text-anchor=(anchor) {
                    (short(words.name(node.place), longest)) " "
                    tspan class="sankey-count" { ((words.count)(node.count)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(groups: &str, count: u64) -> Way {
        Way {
            groups: groups.split_whitespace().map(Into::into).collect(),
            count,
        }
    }

    #[test]
    fn bands_are_what_ways_come_to() {
        let ways = [way("/a /b", 3), way("/c /b", 2), way("/b", 4), way("", 1)];
        let flows = Flows::of(&ways);
        let told: Vec<String> = flows
            .bands
            .iter()
            .map(|((from, to), count)| {
                let name = |place: &Place| place.group.clone().unwrap_or("goal".into());
                format!("{} {} {} {count}", from.column, name(from), name(to))
            })
            .collect();
        assert_eq!(told, ["1 /b goal 9", "2 /a /b 3", "2 /c /b 2"]);
        let end = flows.places.iter().next().unwrap();
        assert_eq!((end.0.column, *end.1), (0, 10));
    }

    #[test]
    fn what_has_no_room_is_one_place() {
        let ways: Vec<Way> = (0..20).map(|one| way(&format!("/g{one:02}"), 1)).collect();
        let flows = Flows::of(&ways);
        assert_eq!(flows.places.len(), 1 + MOST_NODES + 1);
        let others = Place {
            column: 1,
            group: None,
        };
        assert_eq!(flows.places[&others], 20 - MOST_NODES as u64);
        let sum: u64 = flows.bands.values().sum();
        assert_eq!(sum, 20);
    }

    #[test]
    fn a_drawing_has_a_band_for_each_and_escapes_names() {
        let ways = [way("/<b> /b", 3), way("/c", 2)];
        let flows = Flows::of(&ways);
        let words = Words {
            end: "Sale \"x\"",
            others: "others",
            title: "Ways",
            count: &|count| count.to_string(),
        };
        let drawn = draw(&flows, &words).into_string();
        assert_eq!(drawn.matches("<path").count(), flows.bands.len());
        assert_eq!(drawn.matches("<rect").count(), flows.places.len());
        assert!(drawn.contains("/&lt;b&gt; → /b: 3"), "{drawn}");
        assert!(!drawn.contains("NaN") && !drawn.contains("style="));
        assert!(
            !draw(&Flows::default(), &words)
                .into_string()
                .contains("NaN")
        );
    }
}
