// Every attribute of ANNOUNCE (gamestream-control-plane.md §5.7), once: what it may be, and what becomes of it. Read by
// announce.ts and by docs/gamestream.md; holds no behaviour.

export type AttributeUse =
  /** It decides something. */
  | 'honoured'
  /** One value is possible, and others are refused. */
  | 'checked'
  | 'ignored';

export interface AnnounceAttribute {
  readonly name: string;
  readonly use: AttributeUse;
  /** What it does, or why it does nothing. */
  readonly what: string;
  /** Of a value that is read; beyond them the stream is refused. */
  readonly least?: number;
  readonly most?: number;
  /** Taken when the attribute is missing; without it the attribute must be there. */
  readonly absent?: number;
}

/** The attributes that are read. */
export const attributes = {
  width: {
    name: 'x-nv-video[0].clientViewportWd',
    use: 'honoured',
    what: 'width of the picture, px',
    least: 16,
    most: 8192,
  },
  height: {
    name: 'x-nv-video[0].clientViewportHt',
    use: 'honoured',
    what: 'height of the picture, px',
    least: 16,
    most: 8192,
  },
  fps: {
    name: 'x-nv-video[0].maxFPS',
    use: 'honoured',
    what: 'frames a second',
    least: 1,
    most: 240,
  },
  packetSize: {
    name: 'x-nv-video[0].packetSize',
    use: 'honoured',
    what: 'bytes of video in a packet, a multiple of 16; never made smaller by the host',
    least: 256,
    most: 8960,
  },
  codec: {
    name: 'x-nv-vqos[0].bitStreamFormat',
    use: 'checked',
    what: '0, H.264: the one codec that is offered today',
    least: 0,
    most: 0,
    absent: 0,
  },
  tenBit: {
    name: 'x-nv-video[0].dynamicRangeMode',
    use: 'checked',
    what: '0: ten bits are not offered today',
    least: 0,
    most: 0,
    absent: 0,
  },
  fullChroma: {
    name: 'x-ss-video[0].chromaSamplingType',
    use: 'checked',
    what: '0: 4:4:4 is not offered today',
    least: 0,
    most: 0,
    absent: 0,
  },
  colour: {
    name: 'x-nv-video[0].encoderCscMode',
    use: 'honoured',
    what: 'matrix and range, signalled in the stream; Rec. 2020 becomes Rec. 709, as eight bits need',
    least: 0,
    most: 5,
    absent: 0,
  },
  slices: {
    name: 'x-nv-video[0].videoEncoderSlicesPerFrame',
    use: 'honoured',
    what: 'slices of a picture, at least; more than the encoder has is refused',
    least: 1,
    most: 32,
    absent: 1,
  },
  referenceFrames: {
    name: 'x-nv-video[0].maxNumReferenceFrames',
    use: 'honoured',
    what: '1: one reference frame, and a key frame after each loss; 0: free, and invalidation',
    least: 0,
    most: 1,
    absent: 1,
  },
  budgetKbps: {
    name: 'x-ml-video.configuredBitrateKbps',
    use: 'honoured',
    what: 'what the user allows in all; parity, sound and headers are taken from it',
    least: 0,
    most: 4_294_967_295,
    absent: 0,
  },
  fallbackKbps: {
    name: 'x-nv-vqos[0].bw.maximumBitrateKbps',
    use: 'honoured',
    what: 'bitrate of video for clients that do not send the line above',
    least: 0,
    most: 4_294_967_295,
    absent: 0,
  },
  minParity: {
    name: 'x-nv-vqos[0].fec.minRequiredFecPackets',
    use: 'honoured',
    what: 'parity packets in a block, at least',
    least: 0,
    most: 16,
    absent: 0,
  },
  generalFlags: {
    name: 'x-nv-general.featureFlags',
    use: 'honoured',
    what: 'bit 0x20: the client expects sealed sound, whatever was offered',
    least: 0,
    most: 4_294_967_295,
    absent: 135,
  },
  reliableUdp: {
    name: 'x-nv-general.useReliableUdp',
    use: 'checked',
    what: '13: the encrypted control stream',
    least: 13,
    most: 13,
    absent: 1,
  },
  moonlightFlags: {
    name: 'x-ml-general.featureFlags',
    use: 'honoured',
    what: 'bit 1: reports its FEC; bit 2: knows ping payloads and connect data',
    least: 0,
    most: 4_294_967_295,
    absent: 0,
  },
  encryption: {
    name: 'x-ss-general.encryptionEnabled',
    use: 'honoured',
    what: 'bits 1 control, 2 video, 4 sound; one that was not offered is refused',
    least: 0,
    most: 7,
    absent: 0,
  },
  channels: {
    name: 'x-nv-audio.surround.numChannels',
    use: 'honoured',
    what: 'channels of sound: 2, 6 or 8',
    least: 2,
    most: 8,
  },
  surroundQuality: {
    name: 'x-nv-audio.surround.AudioQuality',
    use: 'honoured',
    what: '1: high quality of 5.1 and 7.1; stereo follows the Host header',
    least: 0,
    most: 1,
    absent: 0,
  },
  audioPacketMs: {
    name: 'x-nv-aqos.packetDuration',
    use: 'honoured',
    what: 'ms of sound in a packet: 5 or 10, anything else is 5',
    least: 0,
    most: 4_294_967_295,
    absent: 5,
  },
} as const satisfies Readonly<Record<string, AnnounceAttribute>>;

/** Sent by clients and without effect, with the reason. Names that stand nowhere are ignored as well. */
export const ignoredAttributes: readonly AnnounceAttribute[] = [
  ignored(
    'x-nv-video[0].clientRefreshRateX100',
    'frames are made at whole rates; 59.94 becomes the 60 of maxFPS',
  ),
  ignored('x-ss-video[0].intraRefresh', 'recovery is by invalidation; current clients do not ask'),
  ignored('x-nv-video[0].initialBitrateKbps', 'the same figure as maximumBitrateKbps'),
  ignored('x-nv-video[0].initialPeakBitrateKbps', 'the same figure as maximumBitrateKbps'),
  ignored('x-nv-vqos[0].bw.minimumBitrateKbps', 'the same figure as maximumBitrateKbps'),
  ignored('x-nv-vqos[0].fec.enable', 'always 1'),
  ignored(
    'x-nv-vqos[0].qosTrafficType',
    'marking is a switch of the whole host (PUNKTFUNK_DSCP): all clients share one socket',
  ),
  ignored('x-nv-aqos.qosTrafficType', 'as for video'),
  ignored('x-nv-audio.surround.channelMask', 'follows from the number of channels'),
  ignored('x-nv-audio.surround.enable', 'follows from the number of channels'),
  ignored('x-nv-clientSupportHevc', 'the codec stands in bitStreamFormat'),
  ignored('x-nv-video[0].rateControlMode', 'the rate is always constant'),
  ignored('x-nv-video[0].timeoutLengthMs', 'how long a client is waited for is the host’s'),
  ignored(
    'x-nv-video[0].framesWithInvalidRefThreshold',
    'recovery is answered with the next frame',
  ),
  ignored('x-nv-vqos[0].videoQualityScoreUpdateTime', 'no such score is made'),
  ignored('x-nv-vqos[0].bllFec.enable', 'another kind of parity, which no current client decodes'),
  ignored('x-nv-vqos[0].drc.enable', 'the resolution never changes within a stream'),
  ignored('x-nv-vqos[0].drc.tableType', 'the resolution never changes within a stream'),
  ignored('x-nv-general.enableRecoveryMode', 'recovery is always on'),
];

function ignored(name: string, what: string): AnnounceAttribute {
  return { name, use: 'ignored', what };
}
