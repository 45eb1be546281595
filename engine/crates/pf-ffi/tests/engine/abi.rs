//! The promises of docs/ffi-abi.md that hold for every call: statuses, handles, bounds, bad input.

use crate::support::{Host, last_error, synthetic};
use pf_ffi::{pf_abi_version, pf_engine_call, pf_engine_close, pf_engine_drain, pf_engine_open};
use serde_json::{Value, json};

#[test]
fn open_tells_the_versions_the_record_and_the_clock() {
    let host = Host::open();
    assert_eq!(pf_abi_version(), 1);
    assert_eq!(host.opened["abi"], 1);
    assert_eq!(host.opened["record_bytes"], 64);
    let clock = &host.opened["clock"];
    assert!(
        clock["monotonic_ns"]
            .as_str()
            .is_some_and(|ns| ns.parse::<u64>().is_ok_and(|ns| ns > 0))
    );
    assert!(
        clock["unix_ms"]
            .as_u64()
            .is_some_and(|ms| ms > 1_700_000_000_000)
    );
    assert!(clock["boot_ms"].as_u64().is_some());
}

#[test]
fn a_stale_handle_is_an_answer() {
    let host = Host::open();
    let handle = host.engine;
    assert_eq!(pf_engine_close(handle), 0);
    assert_eq!(pf_engine_close(handle), -2);
    assert_eq!(last_error()["code"], "stale_handle");
    assert_eq!(
        host.call(&json!({ "cmd": "snapshot" }))
            .expect_err("closed")
            .status,
        -2
    );
    for never in [0, 1, u32::MAX, handle ^ 0x100] {
        assert_eq!(pf_engine_close(never), -2, "{never}");
    }
}

#[test]
fn a_closed_engine_is_drained_to_its_end() {
    let host = Host::open();
    pf_engine_close(host.engine);
    let mut buffer = vec![0_u8; 4096];
    let mut drain = |lane| {
        // SAFETY: the buffer lives through the call.
        unsafe {
            pf_engine_drain(
                host.engine,
                lane,
                buffer.as_mut_ptr(),
                buffer.len() as u32,
                1000,
            )
        }
    };
    assert!(drain(0) > 0, "the last words");
    assert_eq!(drain(0), -6);
    assert_eq!(drain(1), -6);
}

#[test]
fn nothing_is_done_when_the_answer_does_not_fit() {
    let host = Host::open();
    let request = json!({ "cmd": "listener.open", "medium": "video", "address": "127.0.0.1", "port": 0, "dscp": false })
        .to_string();
    let mut reply = [0_u8; 8];
    // SAFETY: both buffers live through the call.
    let status = unsafe {
        pf_engine_call(
            host.engine,
            request.as_ptr(),
            request.len() as u32,
            reply.as_mut_ptr(),
            8,
        )
    };
    assert_eq!(status, -3);
    let needed = last_error()["message"]
        .as_str()
        .and_then(|m| m.rsplit(' ').next()?.parse::<usize>().ok());
    assert!(needed.is_some_and(|bytes| bytes > 8), "{:?}", last_error());
    assert_eq!(reply, [0; 8]);
    assert_eq!(
        host.must(json!({ "cmd": "snapshot" }))["listeners"],
        json!([])
    );
}

#[test]
fn null_pointers_and_bad_lanes_are_refused() {
    let host = Host::open();
    let mut byte = [0_u8; 64];
    // SAFETY: null with a length is what is being refused; nothing is dereferenced.
    unsafe {
        assert_eq!(
            pf_engine_call(host.engine, std::ptr::null(), 5, byte.as_mut_ptr(), 64),
            -1
        );
        assert_eq!(
            pf_engine_call(host.engine, byte.as_ptr(), 2, std::ptr::null_mut(), 64),
            -1
        );
        assert_eq!(
            pf_engine_drain(host.engine, 0, std::ptr::null_mut(), 64, 0),
            -1
        );
        assert_eq!(
            pf_engine_drain(host.engine, 7, byte.as_mut_ptr(), 64, 0),
            -1
        );
        assert_eq!(
            pf_engine_drain(host.engine, 1, byte.as_mut_ptr(), 63, 0),
            -3
        );
        assert_eq!(
            pf_engine_open(b"{\"what\":1}".as_ptr(), 10, byte.as_mut_ptr(), 64),
            -1
        );
    }
}

#[test]
fn unknown_json_is_refused_with_its_reason() {
    let host = Host::open();
    for (request, word) in [
        (json!({}), "cmd"),
        (json!([]), "cmd"),
        (json!({ "cmd": "fly" }), "fly"),
        (
            json!({ "cmd": "measure", "on": true, "perf": false, "colour": 1 }),
            "colour",
        ),
        (
            json!({ "cmd": "measure", "on": "yes", "perf": false }),
            "yes",
        ),
        (
            json!({ "cmd": "session.stop", "session": 70_000, "reason": "x" }),
            "70000",
        ),
        (
            json!({ "cmd": "session.start", "session": { "kind": "gamestream" } }),
            "missing",
        ),
    ] {
        let failed = host.call(&request).expect_err("refused");
        assert_eq!(failed.status, -1, "{request}");
        assert!(
            failed.error["message"]
                .as_str()
                .is_some_and(|m| m.contains(word)),
            "{request}: {}",
            failed.error
        );
    }
    let mut reply = [0_u8; 512];
    for bytes in [&b"{\"cmd\""[..], b"\xff\xfe", b"", b"null", &[0; 9]] {
        // SAFETY: both buffers live through the call.
        let status = unsafe {
            pf_engine_call(
                host.engine,
                bytes.as_ptr(),
                bytes.len() as u32,
                reply.as_mut_ptr(),
                reply.len() as u32,
            )
        };
        assert_eq!(status, -1, "{bytes:?}");
    }
}

#[test]
fn every_bad_value_of_a_session_has_its_own_code() {
    let host = Host::open();
    let (listener, _) = host.listener();
    let cases: &[(&str, Value, &str)] = &[
        ("kind", json!("native"), "unknown_kind"),
        ("codec", json!("vp9"), "unknown_codec"),
        ("width", json!(0), "mode_invalid"),
        ("width", json!(16), "mode_invalid"),
        ("width", json!(20_000), "mode_invalid"),
        ("height", json!(20_000), "mode_invalid"),
        ("fps", json!(0), "mode_invalid"),
        ("fps", json!(100_000), "mode_invalid"),
        ("packet_size", json!(0), "packet_size_invalid"),
        ("packet_size", json!(100), "packet_size_invalid"),
        ("packet_size", json!(70_000), "packet_size_invalid"),
        ("fec_pct", json!(255), "fec_invalid"),
        ("min_parity", json!(256), "fec_invalid"),
        ("bitrate_kbps", json!(0), "bitrate_invalid"),
        ("bitrate_kbps", json!(4_000_000_000_u32), "bitrate_invalid"),
        ("source", json!("kinect"), "unknown_source"),
        ("encoder", json!("mpeg2"), "unknown_encoder"),
        ("listener", json!(99), "unknown_listener"),
        ("ping_payload", json!("short"), "ping_payload_invalid"),
        (
            "ping_payload",
            json!("0123456789abcde\u{7f}"),
            "ping_payload_invalid",
        ),
        ("drop_pct", json!(101), "drop_invalid"),
        ("link_mbps", json!(0), "link_invalid"),
        ("slices", json!(9), "slices_invalid"),
        ("client_timeout_ms", json!(0), "client_timeout_invalid"),
        (
            "script",
            json!({ "actions": [{ "at_frame": 0, "what": "drop" }] }),
            "script_invalid",
        ),
        (
            "control",
            json!({ "listener": 1, "connect_data": 1, "address": "127.0.0.1", "sealing": "v2",
                    "reports": true, "connect_timeout_ms": 1000 }),
            "encryption_invalid",
        ),
        (
            "audio",
            json!({ "listener": 1, "ping_payload": "0123456789abcdef", "channels": 4,
                    "high_quality": false, "packet_ms": 5 }),
            "audio_invalid",
        ),
        (
            "audio",
            json!({ "listener": 1, "ping_payload": "0123456789abcdef", "channels": 2,
                    "high_quality": false, "packet_ms": 5 }),
            "wrong_medium",
        ),
        ("legacy_ping_address", json!("nowhere"), "address_invalid"),
    ];
    for (field, value, code) in cases {
        let mut session = synthetic(listener);
        session[*field] = value.clone();
        let failed = host
            .call(&json!({ "cmd": "session.start", "session": session }))
            .expect_err("refused");
        assert_eq!(
            (failed.status, &failed.error["code"]),
            (-5, &json!(code)),
            "{field} = {value}: {}",
            failed.error
        );
        assert!(
            failed.error["message"]
                .as_str()
                .is_some_and(|m| m.len() > 20),
            "{}",
            failed.error
        );
    }
    assert_eq!(
        host.must(json!({ "cmd": "snapshot" }))["sessions"],
        json!([])
    );
}

#[test]
fn commands_for_what_is_not_there_are_refused() {
    let host = Host::open();
    for (request, code) in [
        (
            json!({ "cmd": "session.stop", "session": 1, "reason": "x" }),
            "unknown_session",
        ),
        (
            json!({ "cmd": "session.request_idr", "session": 1 }),
            "unknown_session",
        ),
        (
            json!({ "cmd": "session.invalidate", "session": 1, "first": 1, "last": 2 }),
            "unknown_session",
        ),
        (
            json!({ "cmd": "session.ack_ltr", "session": 1, "frame": 2 }),
            "unknown_session",
        ),
        (
            json!({ "cmd": "session.set_bitrate", "session": 1, "bitrate_kbps": 5000 }),
            "unknown_session",
        ),
        (
            json!({ "cmd": "listener.close", "listener": 3 }),
            "unknown_listener",
        ),
        (json!({ "cmd": "probe.stop", "probe": 3 }), "unknown_probe"),
        (
            json!({ "cmd": "answer", "id": 3, "value": true }),
            "unknown_question",
        ),
        (
            json!({ "cmd": "listener.open", "medium": "smell", "address": "::1", "port": 0, "dscp": false }),
            "unknown_medium",
        ),
        (
            json!({ "cmd": "listener.open", "medium": "video", "address": "here", "port": 0, "dscp": false }),
            "address_invalid",
        ),
        (
            json!({ "cmd": "listener.open", "medium": "video", "address": "::1", "port": 70_000, "dscp": false }),
            "port_invalid",
        ),
    ] {
        let failed = host.call(&request).expect_err("refused");
        assert_eq!(
            (failed.status, &failed.error["code"]),
            (-5, &json!(code)),
            "{request}"
        );
    }
}

#[test]
fn a_port_in_use_is_named() {
    let host = Host::open();
    let (_, port) = host.listener();
    let request = json!({ "cmd": "listener.open", "medium": "video", "address": "127.0.0.1", "port": port, "dscp": false });
    let failed = host.call(&request).expect_err("in use");
    assert_eq!(failed.error["code"], "bind_failed");
    assert!(
        failed.error["message"]
            .as_str()
            .is_some_and(|m| m.contains(&port.to_string())),
        "{}",
        failed.error
    );
}

#[test]
fn a_wrong_key_is_refused_and_never_repeated() {
    let host = Host::open();
    let (listener, _) = host.listener();
    for key in [
        json!("00112233445566778899aabbccddeefg"),
        json!("0011223344556677"),
        json!("00112233445566778899AABBCCDDEEFF"),
        json!(["00112233445566778899aabbccddeeff"]),
    ] {
        let mut session = synthetic(listener);
        session["encryption"] = json!({ "key": key, "key_id": 0, "video": false, "audio": false });
        let failed = host
            .call(&json!({ "cmd": "session.start", "session": session }))
            .expect_err("refused");
        assert_eq!(failed.status, -1, "{}", failed.error);
        let said = failed.error.to_string();
        assert!(!said.contains("00112233"), "{said}");
    }
}
