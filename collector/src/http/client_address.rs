//! Where a request came from: the address of the client, whatever proxies lie between.
//!
//! What a header says is worth no more than whoever wrote it. A proxy appends to `X-Forwarded-For`
//! the address that it was reached from, so the list is read from its end, and only as long as
//! each word comes from somebody who is trusted; what a client wrote itself is never reached.

use std::net::{IpAddr, SocketAddr};

use hyper::Request;
use hyper::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of the connection; the server puts it beside each request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// The address of the client that sent a request, an IPv4 address always as such. Nothing where
/// the request did not come by a connection.
pub(super) fn of(request: &Request<()>, trusted: &[IpNet]) -> Option<IpAddr> {
    let Peer(peer) = request.extensions().get::<Peer>()?;
    Some(client(*peer, request.headers(), trusted))
}

/// The address of the client behind a peer, as far along `X-Forwarded-For` as each word comes from
/// somebody who is trusted.
#[must_use]
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    let lists = headers.get_all(FORWARDED_FOR).into_iter().rev();
    let words = lists.flat_map(|list| {
        // Bytes that no address has make an entry that cannot be read.
        let list = list.to_str().unwrap_or("?");
        list.rsplit(',').map(str::trim)
    });
    for word in words {
        if !trusted.iter().any(|network| network.contains(&client)) {
            break;
        }
        match address(word) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

/// An address as proxies write it: some with the port, some with brackets.
fn address(word: &str) -> Option<IpAddr> {
    let bare = word
        .strip_prefix('[')
        .and_then(|word| word.strip_suffix(']'));
    let address = bare.unwrap_or(word).parse::<IpAddr>().ok();
    let address = address.or_else(|| word.parse::<SocketAddr>().ok().map(|both| both.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;
    use crate::config::Server;

    #[test]
    fn only_trusted_words_count() {
        let own = Server::default().trusted_proxies;
        let chain: Vec<IpNet> = ["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        for (trusted, peer, headers, expected) in [
            (&own, "203.0.113.9", &[][..], "203.0.113.9"),
            (&own, "203.0.113.9", &["198.51.100.7"], "203.0.113.9"),
            (&own, "127.0.0.1", &[], "127.0.0.1"),
            (&own, "127.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            (&own, "::1", &["198.51.100.7"], "198.51.100.7"),
            (&own, "::ffff:127.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            (&own, "127.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            // The client's own words lie before what the proxy has added.
            (
                &own,
                "127.0.0.1",
                &["1.1.1.1, 198.51.100.7"],
                "198.51.100.7",
            ),
            (
                &own,
                "127.0.0.1",
                &["1.1.1.1", "198.51.100.7"],
                "198.51.100.7",
            ),
            (
                &own,
                "127.0.0.1",
                &["127.0.0.1, 198.51.100.7"],
                "198.51.100.7",
            ),
            (&own, "127.0.0.1", &["nonsense"], "127.0.0.1"),
            (&own, "127.0.0.1", &["1.1.1.1, nonsense"], "127.0.0.1"),
            (&own, "127.0.0.1", &["\u{e9}"], "127.0.0.1"),
            (&own, "127.0.0.1", &[""], "127.0.0.1"),
            (&own, "127.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
            (&own, "127.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            (&own, "127.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            (&own, "127.0.0.1", &["2001:db8::7"], "2001:db8::7"),
            (
                &chain,
                "127.0.0.1",
                &["1.1.1.1, 198.51.100.7, 10.1.2.3", "2001:db8::7"],
                "198.51.100.7",
            ),
            // Nobody but proxies: the farthest of them is as near as one gets.
            (&chain, "127.0.0.1", &["10.1.2.3, 10.1.2.4"], "10.1.2.3"),
            (&Vec::new(), "127.0.0.1", &["198.51.100.7"], "127.0.0.1"),
        ] {
            let mut map = HeaderMap::new();
            for value in headers {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                map.append(FORWARDED_FOR, value);
            }
            let found = client(peer.parse().unwrap(), &map, trusted);
            assert_eq!(
                found,
                expected.parse::<IpAddr>().unwrap(),
                "{peer} {headers:?}"
            );
        }
    }
}
