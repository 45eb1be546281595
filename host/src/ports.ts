// Who holds a port: tries to bind it, and asks whoever answers for its name. Used by `serve` and `doctor`.
import { createServer } from 'node:net';
import { AppError, reasonOf, systemCode } from './errors.ts';

/** GameStream's TCP ports around its base port. */
export function gamestreamPorts(base: number): readonly { name: string; port: number }[] {
  return [
    { name: 'GameStream HTTP', port: base },
    { name: 'GameStream HTTPS', port: base - 5 },
    { name: 'GameStream RTSP', port: base + 21 },
  ];
}

/** Throws AppError `port_in_use` naming the port and, where it tells, the program on it. */
export async function requireGamestreamPorts(base: number): Promise<void> {
  for (const { name, port } of gamestreamPorts(base)) {
    const fault = await bindFault('0.0.0.0', port);
    if (fault === undefined) continue;
    if (systemCode(fault) !== 'EADDRINUSE') {
      throw new AppError(
        500,
        'port_unusable',
        `Port ${port} (${name}) cannot be used: ${reasonOf(fault)}.`,
      );
    }
    throw new AppError(
      409,
      'port_in_use',
      `Port ${port} (${name}) is in use by ${await gamestreamHolder(base)}. ` +
        'End it, or take other ports with --gamestream-port.',
    );
  }
}

/** Why a TCP port cannot be listened on; undefined when it can. */
export function bindFault(hostname: string, port: number): Promise<unknown> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host: hostname, port, exclusive: true }, () => {
      server.close(() => resolve(undefined));
    });
  });
}

/** The program that answers as a GameStream host on this base port. */
async function gamestreamHolder(base: number): Promise<string> {
  const info = await ask(`http://127.0.0.1:${base}/serverinfo`);
  const state = /<state>([A-Z_]+)<\/state>/.exec(info?.body ?? '')?.[1] ?? '';
  const name = /<hostname>([^<]{1,64})<\/hostname>/.exec(info?.body ?? '')?.[1];
  const suffix = name === undefined ? '' : ` (host name ${name})`;
  if (state.startsWith('SUNSHINE')) return `Sunshine${suffix}`;
  if (state.startsWith('PUNKTFUNK')) return `another punktfunk-host${suffix}`;
  if (state !== '') return `another GameStream host${suffix}`;
  return 'another program';
}

/** The program that answers on the API's port. */
export async function apiHolder(hostname: string, port: number): Promise<string> {
  const address = `${hostname.includes(':') ? `[${hostname.replace(/[[\]]/g, '')}]` : hostname}:${port}`;
  const plain = await ask(`http://${address}/api/v1/health`);
  // Beyond loopback a host of ours speaks TLS alone.
  const health = plain ?? (await ask(`https://${address}/api/v1/health`));
  const version = /^\{"status":"ok","version":"([\w.+-]{1,32})"\}$/.exec(health?.body ?? '')?.[1];
  if (version !== undefined) return `punktfunk-host ${version}, which is already running`;
  // Sunshine's web page lies on the same port, over TLS with a certificate of its own.
  const page = plain ?? (await ask(`https://${address}/`));
  if (/sunshine/i.test(`${page?.challenge ?? ''} ${page?.body ?? ''}`))
    return 'Sunshine’s web page';
  return 'another program';
}

async function ask(
  url: string,
): Promise<{ readonly body: string; readonly challenge: string } | undefined> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(ASK_MS),
      redirect: 'manual',
      // Nothing is trusted here: the answer only names a program in a message.
      tls: { rejectUnauthorized: false },
    });
    return {
      body: (await response.text()).slice(0, 100_000),
      challenge: response.headers.get('www-authenticate') ?? '',
    };
  } catch {
    return undefined;
  }
}

const ASK_MS = 1000;
