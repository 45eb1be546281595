import { describe } from 'bun:test';
import fc from 'fast-check';
import { parseClients } from '../../host/src/clients/clients-file.ts';
import { AppError } from '../../host/src/errors.ts';
import { RequestHeadParser } from '../../host/src/gamestream/http1.ts';
import { parseClientCertificate } from '../../host/src/gamestream/pairing-crypto.ts';
import { Query } from '../../host/src/gamestream/query.ts';
import { document, element } from '../../host/src/gamestream/xml.ts';
import { certificatePem, certSignature } from '../../host/src/identity/certificate.ts';
import { device } from '../support/certificates.ts';
import { fuzz } from '../support/fuzz.ts';
import { nvRig, PairingClient } from '../support/gamestream.ts';

const phone = device();

describe('property', () => {
  fuzz(
    'the head parser never throws, and cutting the bytes anywhere changes nothing',
    fc.property(headBytes(), fc.array(fc.nat(400), { maxLength: 6 }), (bytes, cuts) => {
      const whole = new RequestHeadParser().push(bytes);
      const parser = new RequestHeadParser();
      let at = 0;
      let result = parser.push(new Uint8Array());
      for (const length of [...cuts, bytes.length]) {
        if (result.kind !== 'more') break;
        result = parser.push(bytes.subarray(at, at + length));
        at += length;
      }
      // Bytes after the head are refused only when they come with it.
      if (whole.kind === 'refused' && whole.status === 400) return true;
      return JSON.stringify(result) === JSON.stringify(whole);
    }),
  );

  fuzz(
    'a request that is accepted has a plain path and query',
    fc.property(headBytes(), (bytes) => {
      const result = new RequestHeadParser().push(bytes);
      if (result.kind !== 'request') return true;
      return /^\/[\x21-\x7e]*$/.test(result.head.path) && /^[\x21-\x7e]*$/.test(result.head.query);
    }),
  );

  fuzz(
    'a query is read, or refused with 400 and without its text',
    fc.property(queryText(), (text) => {
      try {
        const query = Query.parse(text);
        for (const name of ['appid', 'rikeyid', 'mode', 'rikey', 'a', '__proto__']) {
          const value = query.get(name);
          if (value !== undefined && /\p{Cc}/u.test(value)) return false;
        }
        query.unsigned('appid', 0x7fff_ffff);
        query.int32('rikeyid');
        query.hex('rikey', 16);
        return true;
      } catch (error) {
        return error instanceof AppError && error.status === 400 && error.code === 'bad_parameter';
      }
    }),
  );

  fuzz(
    'any text goes through XML and comes back without what XML cannot carry',
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const xml = new TextDecoder().decode(document(200, [element('a', text)], text));
      const inner = /<a>([^<]*)<\/a>/.exec(xml)?.[1];
      return inner !== undefined && /^<\?xml [^<]*\?><root [^<]*><a>[^<]*<\/a><\/root>$/.test(xml);
    }),
  );

  fuzz(
    'certificates of random and of damaged bytes never throw past their parser',
    fc.property(damaged(phone.certificate), (bytes) => {
      try {
        certSignature(bytes);
      } catch (error) {
        if (!(error instanceof RangeError)) return false;
      }
      const parsed = parseClientCertificate(certificatePem(bytes));
      return parsed === undefined || parsed.fingerprint !== phone.fingerprint || same(bytes);
    }),
  );

  fuzz(
    'a list of paired devices of any text is sound or an Error',
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        parseClients(text);
        return true;
      } catch (error) {
        return error instanceof Error && error.message.length > 0;
      }
    }),
  );

  const rig = nvRig();
  rig.trust(phone);
  const before = rig.store();
  const client = new PairingClient(device(), '1234');
  const pairing = [client.phase1(), client.phase2(), client.phase3(), client.phase4()];
  fuzz(
    'no request of a stranger throws, starts an app, stays waiting or changes the paired devices',
    fc.asyncProperty(
      fc.boolean(),
      fc.oneof(
        fc.constantFrom(...pairing, client.phase5(), client.unpair()),
        fc
          .tuple(
            fc.constantFrom('/pair', '/unpair', '/launch', '/resume', '/cancel', '/applist', '/x'),
            queryText(),
          )
          .map(([path, query]) => `${path}?${query}`),
        fc.tuple(fc.constantFrom(...pairing), fc.nat(), fc.string()).map(([path, at, text]) => {
          const cut = at % path.length;
          return (
            path.slice(0, cut) +
            encodeURIComponent(text.replace(/[\ud800-\udfff]/g, '')) +
            path.slice(cut + 1)
          );
        }),
      ),
      async (secure, target) => {
        const gone = new AbortController();
        const more = { signal: gone.signal };
        const answer = secure ? rig.secure(target, undefined, more) : rig.clear(target, more);
        gone.abort();
        const { status } = await answer;
        rig.clock.ms += 2_000;
        rig.pairing.setEnabled(true);
        rig.lines.length = 0;
        return (
          [200, 401, 404].includes(status) &&
          rig.pairing.waiting === 0 &&
          rig.streams.calls.length === 0 &&
          rig.store() === before
        );
      },
    ),
  );
});

function headBytes(): fc.Arbitrary<Uint8Array> {
  const line = fc.oneof(
    fc.constantFrom('GET / HTTP/1.1', 'GET /pair?a=b HTTP/1.1', 'Host: a', 'Content-Length: 0', ''),
    fc.string({ maxLength: 40 }),
  );
  const lines = fc
    .array(line, { maxLength: 8 })
    .map((parts) => new TextEncoder().encode(`${parts.join('\r\n')}\r\n\r\n`));
  return fc.oneof(fc.uint8Array({ maxLength: 600 }), lines, lines.chain(damaged));
}

function queryText(): fc.Arbitrary<string> {
  const name = fc.constantFrom(
    'appid',
    'rikeyid',
    'mode',
    'rikey',
    'uniqueid',
    'phrase',
    'salt',
    'a',
  );
  const value = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.constantFrom('%', '%00', '%ff', '+', '-0', '1e9', 'getservercert', '1920x1080x60'),
    fc.string().map((text) => encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ''))),
  );
  return fc
    .array(
      fc.oneof(
        fc.tuple(name, value).map(([key, text]) => `${key}=${text}`),
        value,
      ),
      {
        maxLength: 8,
      },
    )
    .map((pairs) => pairs.join('&'));
}

/** The bytes with some changed, cut off or inserted. */
function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.nat(bytes.length), fc.nat(8), fc.uint8Array({ maxLength: 8 }))
    .map(([at, removed, inserted]) =>
      Uint8Array.from([...bytes.subarray(0, at), ...inserted, ...bytes.subarray(at + removed)]),
    );
}

function same(bytes: Uint8Array): boolean {
  return Buffer.from(bytes).equals(phone.certificate);
}
