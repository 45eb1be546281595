import { describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { clientsText, parseClients } from '../../host/src/clients/clients-file.ts';
import {
  cleanName,
  PairedClients,
  pairedClientView,
} from '../../host/src/clients/paired-clients.ts';
import { type Device, device } from '../support/certificates.ts';
import { logInto, temporaryFolder } from '../support/gamestream.ts';

const [deck, phone] = [device(), device()];

describe('paired devices', () => {
  test('are nobody at first, and the file says so', () => {
    const { clients, text } = open();
    expect(clients.list()).toEqual([]);
    expect(JSON.parse(text() ?? '')).toEqual({ version: 1, clients: [] });
  });

  test('are trusted only after their last message, also after a restart', () => {
    const { clients, reopen } = open();
    clients.addProvisional(entry(deck, 'Deck'));
    expect(clients.get(deck.fingerprint)).toBeUndefined();
    expect(clients.list()).toEqual([]);
    clients.confirm(entry(deck, 'Deck'), undefined);
    expect(clients.get(deck.fingerprint)).toMatchObject({ name: 'Deck', mayEnd: false });
    expect(reopen().get(deck.fingerprint)).toEqual(clients.get(deck.fingerprint));
  });

  test('that a restart cut off while pairing leave the file as it was', () => {
    const { clients, reopen, text } = open();
    pair(clients, phone);
    const before = text();
    clients.addProvisional(entry(deck, 'Deck'));
    expect(text()).not.toBe(before);
    expect(reopen().list()).toHaveLength(1);
    expect(text()).toBe(before);
  });

  test('whose pairing fails at the end leave the file as it was', () => {
    const { clients, text } = open();
    const before = text();
    clients.addProvisional(entry(deck, 'Deck'));
    clients.dropProvisional(deck.fingerprint);
    expect(text()).toBe(before);
  });

  test('keep everything while they pair again, and their name afterwards', () => {
    const { clients, text } = open();
    pair(clients, deck);
    expect(() => clients.rename(deck.fingerprint, '\u0000\u202e')).toThrow(/no character/);
    clients.rename(deck.fingerprint, 'My Deck');
    clients.setMayEnd(deck.fingerprint, true);
    const before = text();
    clients.addProvisional({ ...entry(deck, 'other'), address: '10.9.9.9' });
    clients.dropProvisional(deck.fingerprint);
    expect(text()).toBe(before);
    expect(clients.get(deck.fingerprint)?.name).toBe('My Deck');
    clients.confirm({ ...entry(deck, 'other'), address: '10.9.9.9' }, undefined);
    expect(clients.get(deck.fingerprint)).toMatchObject({
      name: 'My Deck',
      address: '10.9.9.9',
      mayEnd: true,
    });
  });

  test('CVE-2024-31221: are strangers the moment they are revoked, in memory, in the file and after a restart', () => {
    const { clients, reopen } = open();
    pair(clients, deck);
    pair(clients, phone);
    const revoked: (string | undefined)[] = [];
    clients.onRevoke((client) => revoked.push(clients.get(client.fingerprint)?.name, client.name));
    clients.revoke(deck.fingerprint);
    expect(revoked).toEqual([undefined, 'Device']);
    expect(clients.list().map((client) => client.fingerprint)).toEqual([phone.fingerprint]);
    pair(clients, device());
    expect(reopen().get(deck.fingerprint)).toBeUndefined();
    expect(() => clients.revoke(deck.fingerprint)).toThrow('no paired device');
  });

  test('are revoked in memory even when the disk refuses, and that is said', () => {
    const { clients, configDir } = open();
    pair(clients, deck);
    let ended = 0;
    clients.onRevoke(() => {
      ended += 1;
    });
    block(configDir);
    expect(() => clients.revoke(deck.fingerprint)).toThrow('could not be saved');
    expect(clients.get(deck.fingerprint)).toBeUndefined();
    expect(ended).toBe(1);
  });

  test('are not added when the disk refuses', () => {
    const { clients, configDir } = open();
    block(configDir);
    expect(() => clients.addProvisional(entry(deck, 'Deck'))).toThrow('could not be saved');
    expect(() => clients.confirm(entry(deck, 'Deck'), undefined)).toThrow('no paired device');
  });

  test('are told to listeners, of which a broken one harms no other', () => {
    const { clients, lines } = open();
    let calls = 0;
    clients.onChange(() => {
      throw new Error('listener');
    });
    const stop = clients.onChange(() => {
      calls += 1;
    });
    pair(clients, deck);
    clients.rename(deck.fingerprint, 'x');
    expect(calls).toBe(2);
    expect(lines.join('')).toContain('a listener of the paired devices failed');
    stop();
    clients.rename(deck.fingerprint, 'y');
    expect(calls).toBe(2);
  });

  test('are written when seen first, then every ten minutes, and at the end', () => {
    const { clients, text, clock } = open();
    pair(clients, deck);
    clients.seen(deck.fingerprint);
    const first = text();
    expect(first).toContain('"last_seen_unix_ms": 1000000');
    clock.now += 599_999;
    clients.seen(deck.fingerprint);
    clients.seen(phone.fingerprint);
    expect(text()).toBe(first);
    expect(clients.get(deck.fingerprint)?.lastSeenUnixMs).toBe(1_599_999);
    clock.now += 1;
    clients.seen(deck.fingerprint);
    expect(text()).toContain('"last_seen_unix_ms": 1600000');
    clock.now += 5;
    clients.seen(deck.fingerprint);
    clients.flush();
    expect(text()).toContain('"last_seen_unix_ms": 1600005');
  });

  test('lie in a file of mode 0600 that nothing half-written stands beside', () => {
    const { clients, configDir } = open();
    pair(clients, deck);
    expect(readdirSync(configDir)).toEqual(['clients.json']);
    expect(statSync(join(configDir, 'clients.json')).mode & 0o777).toBe(0o600);
  });

  test('are at most 256', () => {
    const clients = new PairedClients({
      configDir: undefined,
      log: logInto([]),
      nowUnixMs: () => 0,
    });
    const numbered = (i: number) => ({
      ...entry(deck, 'Deck'),
      fingerprint: i.toString(16).padStart(64, '0'),
    });
    for (let i = 0; i < 256; i += 1) clients.addProvisional(numbered(i));
    expect(() => clients.addProvisional(numbered(256))).toThrow('256 devices');
  });

  test('show themselves to the API without their certificate', () => {
    const { clients } = open();
    pair(clients, deck);
    const [client] = clients.list();
    if (client === undefined) throw new Error('no client');
    expect(pairedClientView(client, true)).toEqual({
      client_id: deck.fingerprint,
      name: 'Device',
      paired_unix_ms: 500,
      address: '192.168.1.20',
      may_end: false,
      connected: true,
    });
  });
});

describe('a file of paired devices that is broken', () => {
  const good = clientsText([{ ...entry(deck, 'Deck'), mayEnd: false }]);
  const wrong: readonly (readonly [string, string])[] = [
    ['empty', ''],
    ['cut off', good.slice(0, -20)],
    ['null', 'null'],
    ['of a later version', good.replace('"version": 1', '"version": 2')],
    ['without a version', '{"clients":[]}'],
    ['with a wrong fingerprint', good.replace(deck.fingerprint, phone.fingerprint)],
    [
      'with a foreign certificate',
      clientsText([{ ...entry(deck, 'D'), certificatePem: phone.certificatePem, mayEnd: false }]),
    ],
    [
      'with a device twice',
      clientsText([0, 1].map(() => ({ ...entry(deck, 'D'), mayEnd: false }))),
    ],
    ['with an unknown field', good.replace('"may_end"', '"admin": true, "may_end"')],
    ['with a text for a switch', good.replace('"may_end": false', '"may_end": "no"')],
  ];
  for (const [what, content] of wrong) {
    test(`refuses everybody and is kept: ${what}`, () => {
      const configDir = temporaryFolder();
      const path = join(configDir, 'clients.json');
      writeFileSync(path, content);
      const lines: string[] = [];
      const clients = new PairedClients({ configDir, log: logInto(lines), nowUnixMs: () => 0 });
      expect(clients.fault).toContain(path);
      expect(clients.list()).toEqual([]);
      expect(clients.get(deck.fingerprint)).toBeUndefined();
      expect(() => clients.addProvisional(entry(phone, 'x'))).toThrow('Every device is refused');
      clients.seen(deck.fingerprint);
      clients.flush();
      expect(readFileSync(path, 'utf8')).toBe(content);
      expect(lines.join('')).toContain('cannot be read');
    });
  }

  test('cut off at any byte is never a shorter list', () => {
    expect(parseClients(good)).toHaveLength(1);
    for (let length = 0; length < good.trimEnd().length; length += 1) {
      expect(() => parseClients(good.slice(0, length))).toThrow(Error);
    }
  });
});

test('names are 64 characters without control characters and outer blanks', () => {
  expect(cleanName('  Deck\u0000 of\n\u202eAnna ')).toBe('Deck ofAnna');
  expect(cleanName(' \t\u200b')).toBeUndefined();
  expect(cleanName('x'.repeat(100))).toHaveLength(64);
  expect(cleanName(`${'x'.repeat(63)}😀`)).toBe('x'.repeat(63));
  expect(cleanName('\ud800a')).toBe('a');
});

function open(configDir = temporaryFolder()) {
  const lines: string[] = [];
  const clock = { now: 1_000_000 };
  const make = () =>
    new PairedClients({ configDir, log: logInto(lines), nowUnixMs: () => clock.now });
  const path = join(configDir, 'clients.json');
  return {
    clients: make(),
    reopen: make,
    configDir,
    lines,
    clock,
    text: () => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
  };
}

function pair(clients: PairedClients, who: Device): void {
  clients.addProvisional(entry(who, 'Device'));
  clients.confirm(entry(who, 'Device'), undefined);
}

function entry(who: Device, name: string) {
  return {
    fingerprint: who.fingerprint,
    certificatePem: who.certificatePem,
    name,
    pairedUnixMs: 500,
    address: '192.168.1.20',
  };
}

/** A folder in the file's place: not even root can rename over it. */
function block(configDir: string): void {
  const path = join(configDir, 'clients.json');
  rmSync(path);
  mkdirSync(join(path, 'in-the-way'), { recursive: true });
  chmodSync(path, 0o700);
}
