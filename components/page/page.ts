// The page shell: takes the token out of the address into this tab's memory, then mounts the dashboard and keeps the
// address, language, theme and whether the first steps were put away. Everything visible is <pf-dashboard>.

import type {
  PfBrush,
  PfPreference,
  PfRecordingSelect,
  PfRecordingsCompare,
  PfToken,
} from '../base/events.ts';
import { PfRecordingLook, type PfRoom } from '../base/host-events.ts';
import { supported } from '../base/i18n.ts';
import { PfDashboard } from '../pf-dashboard/pf-dashboard.ts';
import { roomOf } from '../pf-dashboard/rooms.ts';
import { readAddress, type View, writeAddress } from './address.ts';

const arrived = readAddress(location.hash);
if (arrived.token !== undefined) {
  keep(sessionStorage, TOKEN(), arrived.token);
  history.replaceState(history.state, '', here(arrived));
}
applyLanguage(supported(stored(localStorage, 'pf-language')) ?? preferred());
applyTheme(stored(localStorage, 'pf-theme'));

const page = new PfDashboard();
const token = stored(sessionStorage, TOKEN());
if (token !== undefined) page.token = token;
page.selected = arrived.recordingId;
page.compared = arrived.compared;
page.range = arrived.range;
page.room = arrived.room;
// Storage belongs to an origin, and an origin is one host.
page.guide = stored(localStorage, 'pf-guide');
page.keys = stored(localStorage, 'pf-keys');
applyTitle();
page.addEventListener('pf-token', (event: PfToken) => keep(sessionStorage, TOKEN(), event.token));
page.addEventListener('pf-recording-select', (event: PfRecordingSelect) => {
  // Chosen out of another room, the dashboard is in the first one already.
  const room = roomOf(page.room) === 'performance' ? undefined : page.room;
  const range = event instanceof PfRecordingLook ? event.range : undefined;
  goTo({ recordingId: event.recordingId, room, range, compared: undefined });
  applyTitle();
});
page.addEventListener('pf-recordings-compare', ({ ids }: PfRecordingsCompare) => {
  const { room } = readAddress(location.hash);
  const compared = ids.length > 1 ? ids : undefined;
  const recordingId = compared === undefined ? page.selected : undefined;
  goTo({ recordingId, room, range: undefined, compared });
});
// An entry when a hand has let go, not while it moves.
page.addEventListener('pf-brush', (event: PfBrush) => {
  const { recordingId = page.shown, room, compared } = readAddress(location.hash);
  if (event.done) goTo({ recordingId, room, range: event.range, compared });
});
page.addEventListener('pf-room', (event: PfRoom) => {
  const room = roomOf(event.room);
  const { recordingId, range, compared } = readAddress(location.hash);
  goTo({ recordingId, range, compared, room: room === 'performance' ? undefined : room });
  applyTitle();
});
page.addEventListener('pf-guide-dismiss', () => keep(localStorage, 'pf-guide', 'off'));
page.addEventListener('pf-preference', (event: PfPreference) => {
  const { language, theme, keys } = event;
  if (language !== undefined) {
    keep(localStorage, 'pf-language', language);
    applyLanguage(supported(language) ?? 'en');
    applyTitle();
  }
  if (theme !== undefined) {
    keep(localStorage, 'pf-theme', theme);
    applyTheme(theme);
  }
  if (keys !== undefined) keep(localStorage, 'pf-keys', keys);
});
// Where nothing has the focus, a key is the page's.
document.addEventListener('keydown', (event) => {
  if (event.target === document.body) page.pressed(event);
});
addEventListener('popstate', followAddress);
addEventListener('hashchange', followAddress);
document.body.append(page);

/** Back, forward, or an address typed in: also one with a new token. */
function followAddress(): void {
  const now = readAddress(location.hash);
  if (now.token !== undefined) {
    keep(sessionStorage, TOKEN(), now.token);
    history.replaceState(history.state, '', here(now));
    page.token = now.token;
  }
  page.selected = now.recordingId;
  page.compared = now.compared;
  page.range = now.range;
  page.room = now.room;
  applyTitle();
}

function goTo(view: View): void {
  const address = here(view);
  if (address !== here(readAddress(location.hash))) history.pushState(undefined, '', address);
}

function applyLanguage(language: 'en' | 'de'): void {
  document.documentElement.lang = language;
}

function applyTitle(): void {
  const german = document.documentElement.lang === 'de';
  const names = {
    performance: german ? 'Leistung' : 'Performance',
    test: german ? 'Teststrom' : 'Test stream',
    host: 'Host',
  };
  document.title = `${names[roomOf(page.room)]} · punktfunk`;
}

function applyTheme(theme: string | undefined): void {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
  else delete document.documentElement.dataset['theme'];
}

function preferred(): 'en' | 'de' {
  for (const tag of navigator.languages) {
    const found = supported(tag);
    if (found !== undefined) return found;
  }
  return 'en';
}

function here(view: View): string {
  return `${location.pathname}${location.search}${writeAddress(view)}`;
}

/** Storage may be switched off: then the page asks again next time. */
function stored(storage: Storage, key: string): string | undefined {
  try {
    return storage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function keep(storage: Storage, key: string, value: string): void {
  try {
    storage.setItem(key, value);
  } catch {
    // Nothing is lost but comfort.
  }
}

/** A function, so that it exists before the module's first line runs. */
function TOKEN(): string {
  return 'pf-token';
}
