//! Sending allocates nothing, whatever the kernel answers.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use pf_net::{DeadlineSleeper, MediaSocket, SendResult, SocketOptions, monotonic_ns};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on unchanged to the system's allocator; counting touches a thread-local that
// needs neither allocation nor a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises about the layout are the ones that System asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from System, because alloc above did.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_thousand_sends_to_listening_and_closed_ports_allocate_nothing() {
    let loopback = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let sender =
        MediaSocket::bind(loopback, &SocketOptions::default()).expect("loopback can be bound");
    let listening = UdpSocket::bind(loopback).expect("loopback can be bound");
    let closed = UdpSocket::bind(loopback)
        .and_then(|socket| socket.local_addr())
        .expect("an address");
    let peers = [listening.local_addr().expect("an address"), closed];
    let frame = vec![7; 30 * 1408];
    let mut sleeper = DeadlineSleeper::new();

    let before = ALLOCATIONS.get();
    let mut complete = 0;
    for round in 0..1_000 {
        if round == 500 {
            sender.disable_gso();
        }
        let outcome = sender.send_segments(peers[round % 2], &frame, 1408);
        complete += usize::from(outcome.result == SendResult::Complete);
        sleeper.sleep_until(monotonic_ns() + 1_000);
    }
    let allocations = ALLOCATIONS.get() - before;

    assert_eq!(complete, 1_000);
    assert!(sender.refused_by(closed) > 0);
    assert_eq!(allocations, 0);
}
