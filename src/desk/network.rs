//! A range of IP addresses, such as those of trusted proxies.

use std::{fmt, net::IpAddr, str::FromStr};

/// One address, or all that share their first bits with it (RFC 4632): `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Why a text is not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither an IP address nor a range such as 10.0.0.0/8")]
pub struct NotANetwork;

impl Network {
    /// Whether every address of its kind lies in it.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        self.bits == 0
    }

    /// Whether an address lies in it. An IPv4 address in IPv6 dress (`::ffff:10.1.2.3`) is taken as what it is.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (network, width) = as_bits(self.address);
        let (asked, asked_width) = as_bits(address.to_canonical());
        let shift = u32::from(width - self.bits);
        width == asked_width && network.checked_shr(shift).unwrap_or(0) == asked.checked_shr(shift).unwrap_or(0)
    }
}

/// Who asks: the socket's address; behind trusted proxies the last entry of the `X-Forwarded-For` lines that is none of them.
#[must_use]
pub fn client_address<'a>(socket: IpAddr, forwarded: impl Iterator<Item = &'a str>, proxies: &[Network]) -> IpAddr {
    let trusted = |address: IpAddr| proxies.iter().any(|it| it.contains(address));
    if !trusted(socket) {
        return socket;
    }
    let mut nearest = socket;
    let lines: Vec<&str> = forwarded.collect();
    for entry in lines.join(",").rsplit(',') {
        let Ok(address) = entry.trim().parse::<IpAddr>() else { break };
        nearest = address;
        if !trusted(address) {
            break;
        }
    }
    nearest
}

fn as_bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(it) => (u128::from(it.to_bits()), 32),
        IpAddr::V6(it) => (it.to_bits(), 128),
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let (_, width) = as_bits(address);
        let bits = bits.map_or(Ok(width), str::parse).map_err(|_| NotANetwork)?;
        if bits > width { Err(NotANetwork) } else { Ok(Self { address, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == as_bits(self.address).1 { self.address.fmt(f) } else { write!(f, "{}/{}", self.address, self.bits) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_a_range_or_not() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.200.3.4", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("127.0.0.1", "127.0.0.2", false),
            ("0.0.0.0/0", "203.0.113.7", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:7::1", true),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{address} in {network}");
        }
    }

    #[test]
    fn an_address_is_believed_from_a_trusted_proxy_alone() {
        let proxies: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap()];
        let forwarded = ["198.51.100.9, 203.0.113.7, 10.0.0.2"];
        let address = |socket: &str| client_address(socket.parse().unwrap(), forwarded.into_iter(), &proxies).to_string();
        assert_eq!(address("10.0.0.1"), "203.0.113.7", "what a client wrote in front of it is not believed");
        assert_eq!(address("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "proxy.example.com", "::1/129"] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork), "{text}");
        }
    }
}
