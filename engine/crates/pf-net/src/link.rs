//! The speed of the link that leads to a peer: what the pacer spreads a frame against.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;

use crate::sys;

/// Speed in Mb/s of the interface towards `peer`; `None` when there is none (loopback) or it does not tell.
///
/// Asks the routing table by connecting a socket, which sends nothing.
pub fn link_speed_mbps(peer: IpAddr) -> Option<u32> {
    link_speed_mbps_below(Path::new("/sys/class/net"), peer)
}

/// As `link_speed_mbps`, reading the interfaces' attributes below another folder than `/sys/class/net`.
pub fn link_speed_mbps_below(interfaces: &Path, peer: IpAddr) -> Option<u32> {
    let peer = peer.to_canonical();
    let local = local_address_towards(peer)?;
    // A peer that is this machine itself is reached over loopback, whatever interface has the address.
    if local.is_loopback() || local == peer {
        return None;
    }
    speed_of_interface(interfaces, &sys::interface_with_address(local)?)
}

fn local_address_towards(peer: IpAddr) -> Option<IpAddr> {
    let any = match peer {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
    socket.connect(SocketAddr::new(peer, DISCARD_PORT)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

fn speed_of_interface(interfaces: &Path, name: &str) -> Option<u32> {
    let folder = interfaces.join(name);
    // A tunnel reports a made-up 10 Mb/s: pacing a stream to that would ruin it.
    if folder.join("tun_flags").exists() {
        return None;
    }
    // Wireless and downed interfaces fail the read or answer -1.
    let speed: i64 = fs::read_to_string(folder.join("speed"))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    u32::try_from(speed).ok().filter(|&mbps| mbps > 0)
}

/// Any port will do: a connected UDP socket sends nothing by itself.
const DISCARD_PORT: u16 = 9;

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A folder with one interface whose attributes are given; removed at the end.
    struct FakeInterfaces(PathBuf);

    impl FakeInterfaces {
        fn new(test: &str, attributes: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("pf-net-{test}-{}", std::process::id()));
            let folder = root.join("eth7");
            fs::create_dir_all(&folder).expect("the temporary folder is writable");
            for (name, value) in attributes {
                fs::write(folder.join(name), value).expect("the temporary folder is writable");
            }
            Self(root)
        }
    }

    impl Drop for FakeInterfaces {
        fn drop(&mut self) {
            let _: std::io::Result<()> = fs::remove_dir_all(&self.0);
        }
    }

    fn speed(test: &str, attributes: &[(&str, &str)]) -> Option<u32> {
        speed_of_interface(&FakeInterfaces::new(test, attributes).0, "eth7")
    }

    #[test]
    fn a_nic_tells_its_speed() {
        assert_eq!(speed("nic", &[("speed", "2500\n")]), Some(2500));
    }

    #[test]
    fn no_link_wireless_and_nonsense_are_unknown() {
        assert_eq!(speed("down", &[("speed", "-1\n")]), None);
        assert_eq!(speed("wireless", &[]), None);
        assert_eq!(speed("zero", &[("speed", "0\n")]), None);
        assert_eq!(speed("huge", &[("speed", "99999999999999\n")]), None);
        assert_eq!(speed("text", &[("speed", "fast")]), None);
        assert_eq!(speed_of_interface(Path::new("/nonexistent"), "eth7"), None);
    }

    #[test]
    fn a_tunnel_does_not_pretend_to_be_ten_megabit() {
        assert_eq!(
            speed("tunnel", &[("speed", "10\n"), ("tun_flags", "0x1002\n")]),
            None
        );
    }

    #[test]
    fn loopback_has_no_speed() {
        assert_eq!(link_speed_mbps(IpAddr::V4(Ipv4Addr::LOCALHOST)), None);
        assert_eq!(link_speed_mbps(IpAddr::V6(Ipv6Addr::LOCALHOST)), None);
    }

    #[test]
    fn an_interface_is_found_by_its_address() {
        let loopback = sys::interface_with_address(IpAddr::V4(Ipv4Addr::LOCALHOST));
        assert_eq!(loopback.as_deref(), Some("lo"));
        assert_eq!(
            sys::interface_with_address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77))),
            None
        );
    }
}
