//! Which addresses are on the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are not public: IANA's special-purpose registry, and an address that a
/// cloud keeps for itself among the public ones.
const IPV4: [(Ipv4Addr, u32, &str); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "an address of this host"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private address"),
    (
        Ipv4Addr::new(100, 64, 0, 0),
        10,
        "a carrier's private address",
    ),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "a loopback address"),
    // With the metadata of AWS, Azure and Google, and Lambda's own runtime.
    (Ipv4Addr::new(169, 254, 0, 0), 16, "a link-local address"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private address"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "a protocol's own address"),
    (
        Ipv4Addr::new(192, 0, 2, 0),
        24,
        "an address for documentation",
    ),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a relay's address"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private address"),
    (
        Ipv4Addr::new(198, 18, 0, 0),
        15,
        "an address for benchmarks",
    ),
    (
        Ipv4Addr::new(198, 51, 100, 0),
        24,
        "an address for documentation",
    ),
    (
        Ipv4Addr::new(203, 0, 113, 0),
        24,
        "an address for documentation",
    ),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "a multicast address"),
    (Ipv4Addr::BROADCAST, 32, "the broadcast address"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "a reserved address"),
    (
        Ipv4Addr::new(168, 63, 129, 16),
        32,
        "a cloud platform's own address",
    ),
];

/// Networks of IPv6 that are not public. Whatever is not in 2000::/3 either is not public, too.
const IPV6: [(Ipv6Addr, u32, &str); 12] = [
    (
        Ipv6Addr::UNSPECIFIED,
        128,
        "the address of no particular host",
    ),
    (Ipv6Addr::LOCALHOST, 128, "a loopback address"),
    // With fd00:ec2::254, the metadata of AWS.
    (
        Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
        7,
        "a unique-local address",
    ),
    (
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0),
        10,
        "a link-local address",
    ),
    (
        Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0),
        10,
        "a site-local address",
    ),
    (
        Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0),
        8,
        "a multicast address",
    ),
    (
        Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0),
        64,
        "an address that discards",
    ),
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        32,
        "a Teredo address",
    ),
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "a protocol's own address",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "an address for documentation",
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "an address for documentation",
    ),
    (
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0),
        48,
        "an address of a private translator",
    ),
];

/// What kind of address it is, unless it is public.
pub(crate) fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => not_public_v4(address),
        IpAddr::V6(address) => not_public_v6(address),
    }
}

fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    let found = IPV4.iter().find(|(network, length, _)| {
        let mask = u32::MAX << (32 - length);
        address.to_bits() & mask == network.to_bits()
    });
    found.map(|(_, _, kind)| *kind)
}

fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(inner) = inner(address) {
        return not_public_v4(inner);
    }
    let found = IPV6.iter().find(|(network, length, _)| {
        let mask = u128::MAX << (128 - length);
        address.to_bits() & mask == network.to_bits()
    });
    match found {
        Some((_, _, kind)) => Some(kind),
        // All that has been given out to the public.
        None if address.segments()[0] & 0xe000 == 0x2000 => None,
        // Among them `::127.0.0.1` and `::ffff:0:127.0.0.1`, which nobody has a use for.
        None => Some("an address outside the public internet"),
    }
}

/// The IPv4 address that packets to this one end at.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match segments {
        // Mapped: the kernel speaks IPv4. Translated: NAT64 does, which IPv6-only subnets have.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(from(high, low))
        }
        // 6to4.
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(address: &str) -> Option<&'static str> {
        not_public(address.parse().unwrap())
    }

    #[test]
    fn both_ends_of_each_network_are_in_it() {
        for (network, length, kind) in IPV4 {
            let last = Ipv4Addr::from_bits(network.to_bits() | !(u32::MAX << (32 - length)));
            for address in [network, last] {
                let found = not_public_v4(address);
                assert!(found.is_some(), "{address} should be {kind}");
            }
            assert_eq!(not_public_v4(network), Some(kind), "{network}");
        }
        for (network, length, kind) in IPV6 {
            let last = Ipv6Addr::from_bits(network.to_bits() | !(u128::MAX << (128 - length)));
            for address in [network, last] {
                let found = not_public_v6(address);
                assert!(found.is_some(), "{address} should be {kind}");
            }
        }
    }

    #[test]
    fn the_neighbours_are_public() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "203.0.114.0",
            "223.255.255.255",
            "168.63.129.15",
            "2001:200::",
            "2001:db7:ffff::1",
            "2001:db9::1",
            "2000::1",
            "2600:1f18::1",
            "3ffe::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert_eq!(kind(address), None, "{address}");
        }
    }

    #[test]
    fn what_is_inside_counts() {
        for (address, expected) in [
            ("::ffff:127.0.0.1", "a loopback address"),
            ("::ffff:169.254.169.254", "a link-local address"),
            ("64:ff9b::10.0.0.1", "a private address"),
            ("64:ff9b::a9fe:a9fe", "a link-local address"),
            ("2002:7f00:1::", "a loopback address"),
            ("2002:c0a8:101::1", "a private address"),
            ("64:ff9b:1::8.8.8.8", "an address of a private translator"),
            ("2001::1", "a Teredo address"),
            ("2001:2::1", "a protocol's own address"),
            ("::8.8.8.8", "an address outside the public internet"),
            ("::ffff:0:8.8.8.8", "an address outside the public internet"),
            ("4000::1", "an address outside the public internet"),
            ("fd00:ec2::254", "a unique-local address"),
            ("255.255.255.255", "the broadcast address"),
        ] {
            assert_eq!(kind(address), Some(expected), "{address}");
        }
    }
}
