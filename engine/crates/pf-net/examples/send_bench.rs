//! CPU time a datagram: `send_segments` against `send()` a datagram and against a bare segmented `sendmsg`.
//!
//! `cargo run --release -p pf-net --example send_bench -- [--json]`. All contenders send to a socket whose filter
//! drops everything on arrival, so segmentation is charged to the sender and no reader takes part. They
//! run interleaved; each figure is the median over rounds of this thread's CPU time. `--json` prints one
//! line a goal: {"name","ratio","target","ok"}; the exit status is 1 when a goal is missed.

use std::mem;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::ExitCode;

use pf_net::{MediaSocket, SendResult, SocketOptions};
use rustix::time::{ClockId, clock_gettime};

const SHARD_BYTES: usize = 1408;
const SEGMENTS: usize = 46;
const ROUNDS: usize = 61;
/// Super-packets a round and contender: 1,472 datagrams, 0.5–3 ms.
const BURSTS: usize = 32;

fn main() -> ExitCode {
    let json = std::env::args().any(|argument| argument == "--json");
    let sink = drop_all_sink();
    let to = sink.local_addr().expect("a bound socket has an address");
    let burst = vec![0x5A; SEGMENTS * SHARD_BYTES];

    let plain = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback can be bound");
    plain.connect(to).expect("loopback can be connected");
    let bare = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback can be bound");
    let ours = MediaSocket::bind(
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        &SocketOptions::default(),
    )
    .expect("loopback can be bound");

    let mut contenders: [Box<dyn FnMut()>; 3] = [
        Box::new(|| send_each(&plain, &burst)),
        Box::new(|| send_bare(&bare, to, &burst)),
        Box::new(|| {
            let outcome = ours.send_segments(to, &burst, SHARD_BYTES);
            assert_eq!(outcome.result, SendResult::Complete);
        }),
    ];
    let mut samples = [const { Vec::new() }; 3];
    for round in 0..ROUNDS + WARM_UP_ROUNDS {
        // Whoever follows the slowest finds colder caches: the order turns every round.
        for turn in 0..contenders.len() {
            let i = (round + turn) % contenders.len();
            let send_burst = &mut contenders[i];
            let before = thread_cpu_ns();
            (0..BURSTS).for_each(|_| send_burst());
            let spent = thread_cpu_ns() - before;
            if round >= WARM_UP_ROUNDS {
                samples[i].push(spent as f64 / (BURSTS * SEGMENTS) as f64);
            }
        }
    }
    assert_eq!(
        ours.gso_segments(),
        64,
        "segmentation was refused: nothing to compare"
    );

    let [send, bare, ours] = samples.map(Quantiles::of);
    if !json {
        for (name, q) in [
            ("send()", send),
            ("bare sendmsg+GSO", bare),
            ("send_segments", ours),
        ] {
            println!(
                "{name:17} {:7.1} ns/datagram (p10 {:.1}, p90 {:.1})",
                q.p50, q.p10, q.p90
            );
        }
    }
    let goals = [
        ("send_segments/send", ours.p50 / send.p50, 0.25),
        ("send_segments/bare_gso", ours.p50 / bare.p50, 1.10),
    ];
    let mut all_met = true;
    for (name, ratio, target) in goals {
        let ok = ratio <= target;
        all_met &= ok;
        if json {
            println!(r#"{{"name":"{name}","ratio":{ratio:.4},"target":{target},"ok":{ok}}}"#);
        } else {
            println!(
                "{name:24} {ratio:.3} (target {target}) {}",
                if ok { "ok" } else { "MISSED" }
            );
        }
    }
    if all_met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn send_each(socket: &UdpSocket, burst: &[u8]) {
    for datagram in burst.chunks(SHARD_BYTES) {
        socket.send(datagram).expect("loopback takes a datagram");
    }
}

/// The least a program can do: everything built by hand for this one call.
fn send_bare(socket: &UdpSocket, to: SocketAddr, burst: &[u8]) {
    let SocketAddr::V4(to) = to else {
        unreachable!("the sink is bound to an IPv4 address")
    };
    let mut name = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: to.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(*to.ip()).to_be(),
        },
        sin_zero: [0; 8],
    };
    let mut part = libc::iovec {
        iov_base: burst.as_ptr().cast_mut().cast(),
        iov_len: burst.len(),
    };
    let mut control = [0u64; 3];
    // SAFETY: an all-zero msghdr is valid; name, part, burst and control outlive the call; control is aligned
    // for a cmsghdr and its 24 bytes are CMSG_SPACE(2); the kernel only reads all of them.
    let sent = unsafe {
        let mut message: libc::msghdr = mem::zeroed();
        message.msg_name = (&raw mut name).cast();
        message.msg_namelen = mem::size_of_val(&name) as libc::socklen_t;
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = mem::size_of_val(&control);
        let header = libc::CMSG_FIRSTHDR(&message);
        (*header).cmsg_level = libc::SOL_UDP;
        (*header).cmsg_type = libc::UDP_SEGMENT;
        (*header).cmsg_len = libc::CMSG_LEN(2) as usize;
        libc::CMSG_DATA(header)
            .cast::<u16>()
            .write_unaligned(SHARD_BYTES as u16);
        libc::sendmsg(socket.as_raw_fd(), &message, 0)
    };
    assert_eq!(sent, burst.len() as isize);
}

/// A socket whose filter accepts zero bytes of every datagram.
fn drop_all_sink() -> UdpSocket {
    let sink = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback can be bound");
    let mut drop_all = [libc::sock_filter {
        code: (libc::BPF_RET | libc::BPF_K) as u16,
        jt: 0,
        jf: 0,
        k: 0,
    }];
    let program = libc::sock_fprog {
        len: 1,
        filter: drop_all.as_mut_ptr(),
    };
    // SAFETY: the program points at one live instruction, and the length is that of the structure.
    let status = unsafe {
        libc::setsockopt(
            sink.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            mem::size_of_val(&program) as libc::socklen_t,
        )
    };
    assert_eq!(status, 0, "a filter can be attached");
    sink
}

fn thread_cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[derive(Clone, Copy)]
struct Quantiles {
    p10: f64,
    p50: f64,
    p90: f64,
}

impl Quantiles {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |share: usize| samples[(samples.len() - 1) * share / 100];
        Self {
            p10: at(10),
            p50: at(50),
            p90: at(90),
        }
    }
}

const WARM_UP_ROUNDS: usize = 5;
