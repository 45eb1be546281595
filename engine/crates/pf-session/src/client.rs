//! Who a session is for: how its pings, its control stream and its sound are known, and the key they share.
//! Everything is checked before a thread starts.

use std::net::IpAddr;

use pf_seal::{ControlStyle, HostSeals, SessionKey};

use crate::admission::within;
use crate::audio::AudioFormat;
use crate::request::{ControlLimits, Refusal, Sealing, Secret, SessionRequest};
use crate::shared::PingSecrets;

const CONNECT_TIMEOUT_MS: std::ops::RangeInclusive<u32> = 100..=120_000;

/// The checked parts of a request that tell the client.
pub struct AdmittedClient {
    /// How its pings are known.
    pub pings: PingSecrets,
    /// How its control stream is known.
    pub control: Option<AdmittedControl>,
    /// What its sound is.
    pub audio: Option<AudioFormat>,
}

/// A control stream that is waited for.
#[derive(Clone, Copy, Debug)]
pub struct AdmittedControl {
    /// The socket it comes to.
    pub listener: u32,
    /// What its connect carries; absent for an old client.
    pub connect_data: Option<u32>,
    /// Where an old client comes from.
    pub address: IpAddr,
    /// ms until it must be there.
    pub connect_timeout_ms: u32,
    /// What it waits for later.
    pub limits: ControlLimits,
}

/// Checks what can be checked without the other sessions.
pub fn check(request: &SessionRequest) -> Result<AdmittedClient, Refusal> {
    let legacy = request
        .legacy_ping_address
        .as_deref()
        .map(|text| address("address_invalid", text))
        .transpose()?;
    let audio = request
        .audio
        .as_ref()
        .map(|audio| {
            let format = AudioFormat::of(audio, seals_audio(request))?;
            Ok((format, ping_payload(&audio.ping_payload)?))
        })
        .transpose()?;
    check_encryption(request)?;
    Ok(AdmittedClient {
        pings: PingSecrets {
            video: ping_payload(&request.ping_payload)?,
            audio: audio.map(|(_, payload)| payload),
            legacy,
        },
        control: control(request)?,
        audio: audio.map(|(format, _)| format),
    })
}

/// Whether pictures are sealed.
pub fn seals_video(request: &SessionRequest) -> bool {
    request.encryption.as_ref().is_some_and(|asked| asked.video)
}

/// Whether sound is sealed.
pub fn seals_audio(request: &SessionRequest) -> bool {
    request.encryption.as_ref().is_some_and(|asked| asked.audio)
}

/// Turns the request's key into sealers and wipes it from the request.
pub fn take_seals(request: &mut SessionRequest) -> Option<HostSeals> {
    let style = match request.control.as_ref().map(|control| control.sealing) {
        Some(Sealing::Legacy) => ControlStyle::Legacy,
        Some(Sealing::V2) | None => ControlStyle::V2,
    };
    let encryption = request.encryption.as_mut()?;
    let key = encryption.key.take();
    Some(SessionKey::new(*key.bytes()).into_host_seals(style, encryption.key_id))
}

fn control(request: &SessionRequest) -> Result<Option<AdmittedControl>, Refusal> {
    let Some(asked) = &request.control else {
        return Ok(None);
    };
    within(
        "control_invalid",
        "ms until the control stream connects",
        asked.connect_timeout_ms,
        CONNECT_TIMEOUT_MS,
    )?;
    if asked.connect_data.is_some_and(|data| data.0 == 0) {
        let text = "The connect data is 0, which is what clients without connect data send.";
        return Err(Refusal::new("control_invalid", text));
    }
    if request.encryption.is_none() {
        let text = "A control stream needs the session's key; give `encryption`.";
        return Err(Refusal::new("encryption_invalid", text));
    }
    Ok(Some(AdmittedControl {
        listener: asked.listener,
        connect_data: asked.connect_data.map(|data| data.0),
        address: address("control_invalid", &asked.address)?,
        connect_timeout_ms: asked.connect_timeout_ms,
        limits: asked.limits,
    }))
}

fn check_encryption(request: &SessionRequest) -> Result<(), Refusal> {
    if seals_audio(request) && request.audio.is_none() {
        let text = "Sound shall be sealed, and the session has none.";
        return Err(Refusal::new("encryption_invalid", text));
    }
    Ok(())
}

fn address(code: &'static str, text: &str) -> Result<IpAddr, Refusal> {
    // A zone (fe80::1%eth0) is the client's own name of its interface and means nothing here.
    let bare = text.split('%').next().unwrap_or(text);
    bare.parse::<IpAddr>()
        .map(|ip| ip.to_canonical())
        .map_err(|_| Refusal::new(code, format!("{text:?} is no IP address.")))
}

fn ping_payload(payload: &Secret) -> Result<[u8; 16], Refusal> {
    let payload: [u8; 16] = payload.0.as_bytes().try_into().map_err(|_| {
        let text = format!(
            "The ping payload has {} bytes; clients take exactly 16.",
            payload.0.len()
        );
        Refusal::new("ping_payload_invalid", text)
    })?;
    if !payload.iter().all(u8::is_ascii_graphic) {
        return Err(Refusal::new(
            "ping_payload_invalid",
            "The ping payload must be 16 printable ASCII characters.",
        ));
    }
    Ok(payload)
}
