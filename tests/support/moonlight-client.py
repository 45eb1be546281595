"""A stock GameStream client as a process: one JSON command a line on stdin, one JSON answer a line on stdout.

The protocol work is all done by the client core that moonlight-python brings; this file only steers it. One process is
one device: its key and certificate lie in the folder given as the first argument. Never part of the product.
"""

import json
import os
import secrets
import struct
import sys
import threading
import time

from moonlight_python import stream as st
from moonlight_python.audio_decoder import AudioDecoder
from moonlight_python.config import StreamConfig
from moonlight_python.discovery import discover_mdns
from moonlight_python.http_client import NvHTTP
from moonlight_python.identity import Identity
from moonlight_python.pairing import pair

# A pull renderer whose decoder can go on after a reference was invalidated.
st.CAPABILITY_PULL_RENDERER = 0x22

MORE_OF_THE_API = """
typedef struct { uint32_t video, fec, recovered, failed, oos, invalid, fec_invalid; } RTP_VIDEO_STATS;
const RTP_VIDEO_STATS* LiGetRTPVideoStats(void);
bool LiGetEstimatedRttInfo(uint32_t* rtt, uint32_t* variance);
int LiSendKeyboardEvent(short key, signed char action, signed char modifiers);
int LiSendMouseButtonEvent(signed char action, int button);
"""

SILENT = {"packets": 0, "bytes": 0, "samples": 0, "peak": 0.0, "undecodable": 0}


class Device:
    """One device and at most one stream."""

    def __init__(self, folder):
        self.identity = Identity(folder)
        self.http = None
        self.info = None
        self.session = None
        self.reader = None
        self.reading = False
        self.frames = []
        self.out = None
        self.audio = dict(SILENT, sizes={})
        self.first_frame_at = None
        self.started_at = None

    # -- HTTP --

    def connect(self, address, port):
        self.address = address
        self.http = NvHTTP(f"[{address}]" if ":" in address else address, self.identity, http_port=port)
        self.info = self.http.parse_server_info(self.http.get_server_info())
        self.http.https_port = self.info.https_port
        return self._info()

    def serverinfo(self, https=True):
        text = self.http.get_server_info(use_https=https)
        names = ["PairStatus", "currentgame", "state", "mac", "LocalIP", "uniqueid", "hostname", "HttpsPort"]
        return {name: NvHTTP.get_xml_string(text, name) for name in names}

    def _info(self):
        return {"app_version": self.info.app_version, "https_port": self.info.https_port,
                "codecs": self.info.server_codec_mode_support}

    def pair(self, pin, timeout=90):
        before = time.monotonic()
        certificate = pair(self.http, self.identity, pin, self.info, timeout=timeout)
        self.http.server_cert_pem = certificate
        return {"host_certificate": certificate.decode(), "seconds": time.monotonic() - before}

    def apps(self):
        return [{"id": app.id, "title": app.name} for app in self.http.get_app_list()]

    def raw(self, command, arguments=None, https=True):
        ask = self.http.open_https if https else self.http.open_http
        return ask(command, arguments)

    def cancel(self):
        self.http.quit_app()

    # -- streaming --

    def launch(self, app, width, height, fps, bitrate_kbps=10000, packet_size=1392, encrypt=True, resume=False,
               channels=2, out=None, address=None, key=None, remote=0):
        mask = {2: 0x3, 6: 0x3F, 8: 0x63F}[channels]
        self.session = st.StreamingSession()
        self.session._ffi.cdef(MORE_OF_THE_API)
        st.ENCFLG_ALL = -1 if encrypt else 0
        config = StreamConfig(width=width, height=height, fps=fps, bitrate_kbps=bitrate_kbps, packet_size=packet_size,
                              audio_configuration=(mask << 16) | (channels << 8) | 0xCA, streaming_remotely=remote)
        key = bytes.fromhex(key) if key else secrets.token_bytes(16)
        iv = secrets.token_bytes(16)
        query = self.session.get_launch_query_params()
        before = time.monotonic()
        if resume:
            url = self.http.resume_app(key, iv, config.surroundaudioinfo, launch_query_params=query)
        else:
            url = self.http.launch_app(app, width, height, fps, bitrate_kbps, config.supported_video_formats, key, iv,
                                       config.surroundaudioinfo, launch_query_params=query)
        launched = time.monotonic()
        self.frames = []
        self.first_frame_at = None
        self.audio = dict(SILENT, sizes={})
        self.out = open(out, "wb") if out else None
        try:
            self.session.start(address or self.address, self.info.app_version, self.info.gfe_version,
                               self.info.server_codec_mode_support, url, config, key, iv, capture_audio=True)
        except st.StreamStartError as error:
            return {"url": url, "stage": error.stage, "code": error.error_code}
        self.started_at = before
        self.reading = True
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        threading.Thread(target=self._listen, daemon=True).start()
        return {"url": url, "launch_s": launched - before, "started_s": time.monotonic() - before}

    def _read(self):
        while self.reading and not self.session.is_terminated:
            unit = self.session.pull_frame()
            if unit is None:
                continue
            if self.first_frame_at is None:
                self.first_frame_at = time.monotonic()
            if self.out:
                self.out.write(unit.annex_b_data)
            self.frames.append((unit.frame_number, unit.frame_type, len(unit.annex_b_data), unit.receive_time_us,
                                unit.host_processing_latency_us))

    def _listen(self):
        opus = self.session.wait_for_opus_config()
        # PyAV's decoder crashes on eight channels, so those are counted only.
        decoder = None
        if opus.channel_count <= 6:
            decoder = AudioDecoder(opus.sample_rate, opus.channel_count, opus.streams, opus.coupled_streams,
                                   opus.mapping)
        while self.reading and not self.session.is_terminated:
            packet = self.session.pull_audio_packet(timeout=0.2)
            if packet is not None and packet.opus_data:
                size = len(packet.opus_data)
                self.audio["packets"] += 1
                self.audio["bytes"] += size
                self.audio["sizes"][size] = self.audio["sizes"].get(size, 0) + 1
                for samples in decoder.decode(packet.opus_data) if decoder else []:
                    self.audio["samples"] += samples.shape[0]
                    self.audio["peak"] = max(self.audio["peak"], float(abs(samples).max()))
        if decoder:
            self.audio["undecodable"] = decoder.decode_errors
            decoder.close()

    def state(self):
        session = self.session
        frames = self.frames
        numbers = [frame[0] for frame in frames]
        answer = {"frames": len(frames), "terminated": session.is_terminated, "termination": session.termination_error,
                  "audio": self.audio}
        if frames:
            answer.update({
                "first_number": numbers[0], "last_number": numbers[-1],
                "gaps": sum(b - a - 1 for a, b in zip(numbers, numbers[1:])),
                "out_of_order": sum(b <= a for a, b in zip(numbers, numbers[1:])),
                "key_frames": [frame[0] for frame in frames if frame[1] == 1],
                "first_frame_s": self.first_frame_at - self.started_at,
                "seconds": (frames[-1][3] - frames[0][3]) / 1e6,
            })
        if not session.is_terminated:
            stats = session._lib.LiGetRTPVideoStats()
            rtt = session._ffi.new("uint32_t*")
            variance = session._ffi.new("uint32_t*")
            answer["rtp"] = {"video": stats.video, "fec": stats.fec, "recovered": stats.recovered,
                             "failed": stats.failed, "out_of_sequence": stats.oos, "invalid": stats.invalid}
            if session._lib.LiGetEstimatedRttInfo(rtt, variance):
                answer["rtt_ms"] = rtt[0]
        return answer

    def request_idr(self):
        self.session.request_idr()

    def key(self, code, down=True, modifiers=0):
        self.session._lib.LiSendKeyboardEvent(struct.unpack("h", struct.pack("H", 0x8000 | code))[0],
                                              3 if down else 4, modifiers)

    def stop(self):
        """Ends the stream as a client does; the app goes on."""
        self.reading = False
        final = self.state()
        self.session.wake()
        self.session.stop()
        self.reader.join(timeout=5)
        if self.out:
            self.out.close()
            self.out = None
        return final

    def discover(self, timeout=5.0):
        return discover_mdns(timeout)

    def fingerprint(self):
        import hashlib
        return hashlib.sha256(self.identity.cert_der).hexdigest()


COMMANDS = ("connect", "serverinfo", "pair", "apps", "raw", "cancel", "launch", "state", "request_idr", "key", "stop",
            "discover", "fingerprint")


def main():
    device = Device(sys.argv[1])
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if command["do"] not in COMMANDS:
                raise ValueError(f"unknown command {command['do']}")
            value = getattr(device, command["do"])(**command.get("with", {}))
            answer = {"ok": True, "value": value}
        except Exception as error:  # whatever goes wrong is the test's to judge
            answer = {"ok": False, "error": type(error).__name__, "message": str(error)}
        print(json.dumps(answer), flush=True)
    # Leaving without a stop crashes inside the client core.
    if device.reading:
        device.stop()
    os._exit(0)


main()
