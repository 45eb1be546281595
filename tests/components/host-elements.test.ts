// Pairing, clients, sessions and tokens each on its own: on a bare page of another origin, with an API that has less, with
// names that try to be more than names, taken out and put back.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { BrowserBench, eventually, type Watched } from '../support/browser.ts';
import { PageHost } from '../support/page-host.ts';
import { furnish } from '../support/seeded-devices.ts';

const TIMEOUT_MS = 60_000;
const TAGS = ['pf-pairing', 'pf-clients', 'pf-sessions', 'pf-tokens'];
let bench: BrowserBench;
let site: Bun.Server<undefined>;
let body = '';
let connect = '';

beforeAll(async () => {
  bench = await BrowserBench.open();
  site = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith('.js'))
        return new Response(Bun.file(`${bench.dist}/components${pathname}`));
      return new Response(
        `<!doctype html><html lang="en"><title>Somebody’s page</title><script type="module" src="/punktfunk.js"></script><body>${body}`,
        {
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${connect}`,
          },
        },
      );
    },
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await site.stop(true);
  await bench[Symbol.asyncDispose]();
});

const origin = (): string => `http://127.0.0.1:${site.port}`;
const open = (): PageHost => new PageHost({ recordings: [], origins: [origin()] });

async function embed(host: PageHost, html: string, options = {}): Promise<Watched> {
  body = html;
  connect = host.url;
  const watched = await bench.page(options);
  await watched.page.goto(origin());
  return watched;
}

const all = (host: PageHost, more = ''): string =>
  TAGS.map((tag) => `<${tag} host="${host.url}" token="${host.token}" ${more}></${tag}>`).join('');

describe('on a bare page of another origin', () => {
  test(
    'every element works with host and token alone, in both languages, and follows the host',
    async () => {
      using host = open();
      furnish(host.devices);
      const { page, trouble } = await embed(host, all(host));
      await page.getByText('Open Moonlight on the device and choose this host:').waitFor();
      await page.locator('pf-pairing').getByText('wohnzimmer').waitFor();
      for (const [tag, rows] of [
        ['pf-clients', 4],
        ['pf-sessions', 2],
        ['pf-tokens', 3],
      ] as const) {
        await eventually(
          () => page.locator(`${tag} li`).count(),
          (n) => n === rows,
        );
      }
      await page
        .locator('pf-sessions')
        .getByText(/^Desktop runs since .*, started by Deck OLED\.$/)
        .waitFor();
      host.devices.knock({ name: 'Steam Deck', address: '192.168.1.63' });
      await page.getByLabel('PIN that Steam Deck shows').fill('1234');
      await page.keyboard.press('Enter');
      await page.locator('pf-pairing').getByText('Steam Deck is paired.').first().waitFor();
      await page.locator('pf-clients').getByText('Steam Deck', { exact: true }).waitFor();
      await page.evaluate(() => {
        document.documentElement.lang = 'de';
      });
      for (const name of ['Gerät koppeln', 'Gekoppelte Geräte', 'Streams', 'Zugangstoken'])
        await page.getByRole('heading', { level: 2, name, exact: true }).waitFor();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'what a user did is told to the page, and never the value of a token',
    async () => {
      using host = open();
      furnish(host.devices);
      host.devices.knock({ name: 'Steam Deck', address: '192.168.1.63' });
      const { page } = await embed(host, all(host));
      await page.evaluate(() => {
        const told: string[] = [];
        Object.assign(window, { told });
        for (const type of ['pairing-change', 'client-change', 'session-end', 'token-change'])
          document.addEventListener(`pf-${type}`, (event) => {
            told.push(`${type} ${JSON.stringify({ ...event, isTrusted: undefined })}`);
          });
      });
      await page.getByRole('button', { name: 'Turn away: Steam Deck' }).click();
      await page.getByRole('button', { name: 'Revoke Pixel 9' }).click();
      await page.getByRole('button', { name: 'Revoke device' }).click();
      await page.getByRole('button', { name: 'End stream: Deck OLED' }).click();
      await page.getByRole('button', { name: 'End this stream' }).click();
      await page.locator('pf-tokens').getByLabel('Name').fill('backup');
      await page.getByRole('button', { name: 'Create token' }).click();
      await page.getByText('It is shown this once').waitFor();
      const told = await page.evaluate(() => {
        const { told } = window as unknown as { told: string[] };
        return told;
      });
      expect(told.map((line) => line.split(' ')[0])).toEqual([
        'pairing-change',
        'client-change',
        'session-end',
        'token-change',
      ]);
      expect(told.join()).not.toContain('pf_value_of');
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'without a token, with a wrong one, with a host that is away: a sentence in each',
    async () => {
      using host = open();
      const { page } = await embed(
        host,
        TAGS.map((tag) => `<${tag} host="${host.url}"></${tag}>`).join(''),
      );
      const said = (sentence: string | RegExp): Promise<unknown> =>
        Promise.all(TAGS.map((tag) => page.locator(tag).getByText(sentence).first().waitFor()));
      const use = (token: string): Promise<unknown> =>
        page.evaluate(
          ([tags, value]) => {
            for (const tag of tags) document.querySelector(tag)?.setAttribute('token', value);
          },
          [TAGS, token] as const,
        );
      await said('This host asks for its token. You find it with');
      await use('wrong');
      await said('The host did not accept this token.');
      host.silent = true;
      await use(host.token);
      await said('The host does not answer. Trying again.');
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('names that try to be more', () => {
  test(
    'are text wherever they stand, and turn nothing around them',
    async () => {
      using host = open();
      const evil = '<img src=x onerror="document.title=\'owned\'">';
      const turned = 'pair\u202eme';
      host.devices.pair(evil);
      host.devices.pair(turned);
      host.devices.stream({ client: evil, app: evil, address: evil, encoder: evil, state: evil });
      host.devices.app = { title: evil, launched_by: evil, since_unix_ms: 1e12 };
      host.devices.tokens.push({
        token_id: 'a"><b>',
        name: evil,
        scope: 'stats',
        created_unix_ms: 1e12,
        builtin: false,
      });
      host.devices.knock({ name: evil, address: evil });
      const failed = host.devices.knock({ name: turned, address: '10.0.0.1' });
      host.devices.end(failed, { code: 'x', message: evil });
      const { page, trouble } = await embed(host, all(host));
      for (const tag of TAGS) await page.locator(tag).getByText(evil).first().waitFor();
      await page.getByText('pair\ufffdme').first().waitFor();
      await page.getByRole('button', { name: `Revoke ${evil}` }).click();
      await page.getByRole('button', { name: `End stream: ${evil}` }).click();
      await page.getByRole('button', { name: `Revoke token: ${evil}` }).click();
      const images = await page.evaluate(
        (tags) =>
          tags.map(
            (tag) => document.querySelector(tag)?.shadowRoot?.querySelectorAll('img').length,
          ),
        TAGS,
      );
      expect(images).toEqual([0, 0, 0, 0]);
      expect(await page.title()).toBe('Somebody’s page');
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'an answer that makes no sense is said to be unreadable',
    async () => {
      using host = open();
      const { page } = await embed(host, '<pf-clients></pf-clients><pf-tokens></pf-tokens>');
      await page.evaluate(() => {
        const broken = async (): Promise<unknown> => {
          throw new TypeError('list is not iterable');
        };
        for (const tag of ['pf-clients', 'pf-tokens'])
          Object.assign(document.querySelector(tag) ?? {}, {
            api: { clients: broken, tokens: broken },
          });
      });
      for (const tag of ['pf-clients', 'pf-tokens'])
        await page.locator(tag).getByText('The host refused: list is not iterable').waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('an API that has less', () => {
  test(
    'each element says that it is not available here, and asks nobody',
    async () => {
      using host = open();
      const { page, trouble } = await embed(host, TAGS.map((tag) => `<${tag}></${tag}>`).join(''));
      await page.evaluate((tags) => {
        const api = { hostInfo: async () => undefined };
        for (const tag of tags) Object.assign(document.querySelector(tag) ?? {}, { api });
      }, TAGS);
      for (const tag of TAGS) await page.locator(tag).getByText('Not available here.').waitFor();
      expect(host.requests).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'lists without the right to change them: the change says so, the list stays',
    async () => {
      using host = open();
      const { page } = await embed(host, '<pf-clients></pf-clients>');
      await page.evaluate(() => {
        const client = {
          client_id: 'ab'.repeat(32),
          name: 'Deck',
          paired_unix_ms: 1e12,
          address: '',
          may_end: false,
          connected: false,
        };
        const api = { clients: async () => [client] };
        Object.assign(document.querySelector('pf-clients') ?? {}, { api });
      });
      const right = page.getByRole('switch', { name: 'May end the app: Deck' });
      await right.click();
      await page.getByText('Not available here.').waitFor();
      expect(await right.isChecked()).toBe(false);
      await page.getByRole('button', { name: 'Revoke Deck' }).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('an API of a plugin', () => {
  test(
    'that has recordings and devices and no more: the dashboard shows them, and says what is not here',
    async () => {
      using host = open();
      const { page, trouble } = await embed(host, '<pf-dashboard room="host"></pf-dashboard>');
      await page.evaluate(() => {
        const status = { armed: false, sample_count: 0, started_unix_ms: 0, kind: '' };
        const client = {
          client_id: 'ab'.repeat(32),
          name: 'Deck',
          paired_unix_ms: 1e12,
          address: '',
          may_end: false,
          connected: false,
        };
        const api = {
          status: async () => status,
          recordings: async () => [],
          hostInfo: async () => undefined,
          testStream: async () => ({ state: 'idle' }),
          clients: async () => [client],
        };
        Object.assign(document.querySelector('pf-dashboard') ?? {}, { api });
      });
      await page.getByRole('button', { name: 'Rename Deck' }).waitFor();
      for (const tag of ['pf-pairing', 'pf-sessions', 'pf-tokens'])
        await page.locator(tag).getByText('Not available here.').waitFor();
      await page.getByRole('button', { name: 'Performance' }).click();
      await page.locator('pf-first-run').getByText('1 of 4 done').waitFor();
      expect(host.requests).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'whose list forgets an attempt at its end: what it answered to the PIN is shown',
    async () => {
      using host = open();
      const { page } = await embed(host, '<pf-pairing></pf-pairing>');
      await page.evaluate(() => {
        const attempt = {
          attempt_id: 'a',
          name: 'Deck',
          address: '10.0.0.2',
          fingerprint: 'ab'.repeat(32),
          started_unix_ms: 1,
          phase: 'waiting_for_pin',
        };
        let attempts = [attempt];
        const state = { enabled: true, host_fingerprint: 'cd'.repeat(32), now_unix_ms: 5000 };
        const api = {
          hostInfo: async () => undefined,
          pairing: async () => ({ ...state, attempts }),
          enterPin: async () => {
            attempts = [];
            return { ...attempt, phase: 'paired' };
          },
        };
        Object.assign(document.querySelector('pf-pairing') ?? {}, { api });
      });
      await page.getByLabel('PIN that Deck shows').fill('0000');
      await page.keyboard.press('Enter');
      await page.getByText('Deck is paired.').first().waitFor();
      await page.getByRole('button', { name: 'Hide: Deck' }).click();
      await page.getByText(/^Open Moonlight on the device/).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('life in a page', () => {
  test(
    'put in and taken out 50 times: no stream, no question and no listener is left',
    async () => {
      using host = open();
      furnish(host.devices);
      host.devices.knock({ name: 'Steam Deck', address: '192.168.1.63' });
      const { page, trouble } = await embed(host, '<div id="here"></div>');
      const listeners = await page.evaluate(
        async ([tags, url, token]) => {
          const held = new Set<unknown>();
          const targets = [window, document];
          for (const target of targets) {
            const { addEventListener: add, removeEventListener: remove } = target;
            target.addEventListener = (...given: Parameters<typeof add>) => {
              held.add(given[1]);
              return add.apply(target, given);
            };
            target.removeEventListener = (...given: Parameters<typeof remove>) => {
              held.delete(given[1]);
              return remove.apply(target, given);
            };
          }
          const elements = tags.map((tag) => {
            const element = document.createElement(tag);
            element.setAttribute('host', url);
            element.setAttribute('token', token);
            return element;
          });
          const frame = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(done));
          for (let i = 0; i < 50; i++) {
            document.querySelector('#here')?.append(...elements);
            await frame();
            if (i % 10 === 0) await new Promise((done) => setTimeout(done, 150));
            for (const element of elements) element.remove();
            await frame();
          }
          return held.size;
        },
        [TAGS, host.url, host.token] as const,
      );
      expect(listeners).toBe(0);
      await eventually(
        async () => host.devices.listeners,
        (n) => n === 0,
      );
      // What was on its way when the elements were taken out still arrives.
      await eventually(
        async () => {
          const before = host.requests.length;
          await Bun.sleep(500);
          return host.requests.length - before;
        },
        (arrived) => arrived === 0,
      );
      const asked = host.requests.length;
      await Bun.sleep(2500);
      expect(host.requests.length).toBe(asked);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a hidden page lets go of its stream, and is right again when it is seen',
    async () => {
      using host = open();
      const { page } = await embed(host, all(host));
      await eventually(
        async () => host.devices.listeners,
        (n) => n === 2,
      );
      const show = (state: string): Promise<unknown> =>
        page.evaluate((value) => {
          Object.defineProperty(document, 'hidden', {
            value: value === 'hidden',
            configurable: true,
          });
          document.dispatchEvent(new Event('visibilitychange'));
        }, state);
      await show('hidden');
      await eventually(
        async () => host.devices.listeners,
        (n) => n === 0,
      );
      host.devices.pair('Meanwhile');
      await show('visible');
      await page.locator('pf-clients').getByText('Meanwhile', { exact: true }).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
