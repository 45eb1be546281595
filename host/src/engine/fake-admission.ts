// What the fake engine refuses of a session before it starts, with the codes of the real one (docs/ffi-abi.md).
import { isIP } from 'node:net';
import type { SessionRequest } from './messages.ts';
import { EngineError, engineStatus } from './transport.ts';

export function refuseBadSession(request: SessionRequest): void {
  const { width, height, fps, packet_size, fec_pct, bitrate_kbps } = request;
  if (width < 64 || height < 64 || width > 8192 || height > 8192 || fps < 1 || fps > 240) {
    throw refusal('mode_invalid', `The mode ${width}x${height}@${fps} is not possible.`);
  }
  if (packet_size < 256 || packet_size > 1500) {
    throw refusal('packet_size_invalid', `The packet size is ${packet_size}.`);
  }
  if (fec_pct > 255) throw refusal('fec_invalid', `FEC is ${fec_pct} %.`);
  if (bitrate_kbps < 100) throw refusal('bitrate_invalid', `The bitrate is ${bitrate_kbps} kb/s.`);
  const { control, encryption, legacy_ping_address } = request;
  if (legacy_ping_address !== undefined && isIP(legacy_ping_address) === 0) {
    throw refusal('address_invalid', `${legacy_ping_address} is no IP address.`);
  }
  for (const number of [encryption?.key_id, control?.connect_data]) {
    if (number !== undefined && number > 0xffff_ffff) {
      throw badArgument('a number of more than 32 bits');
    }
  }
  if (encryption?.audio === true && request.audio === undefined) {
    throw refusal('encryption_invalid', 'There is no audio to encrypt.');
  }
  if (control === undefined) return;
  if (isIP(control.address) === 0) {
    throw refusal('control_invalid', `${control.address} is no IP address.`);
  }
  if (control.connect_timeout_ms < 100 || control.connect_timeout_ms > 120_000) {
    throw refusal('control_invalid', `${control.connect_timeout_ms} ms is no connect timeout.`);
  }
  // 0 is what clients without connect data send.
  if (control.connect_data === 0) throw refusal('control_invalid', 'The connect data is 0.');
  if (encryption === undefined) {
    throw refusal('encryption_invalid', 'A control stream needs a key.');
  }
}

export function refusal(code: string, message: string): EngineError {
  return new EngineError(engineStatus.refused, code, message);
}

export function badArgument(message: string): EngineError {
  return new EngineError(engineStatus.bad_argument, 'bad_argument', message);
}
