// `clients`: paired devices, their names, and the end of their trust.
import Type from 'typebox';
import { PairedClient } from '../../../contract/clients.ts';
import { AppError } from '../errors.ts';
import { type Command, exitCode, UsageError } from './command.ts';
import { HOST_OPTIONS, type HostApi, hostApi } from './host-api.ts';
import { ago, jsonText, plain, tableText } from './output.ts';

export const clients: Command = {
  name: 'clients',
  summary: 'list, rename or revoke paired devices',
  forms: [
    { words: '', doc: 'The same as list.' },
    { words: 'list', doc: 'List paired devices.' },
    { words: 'rename ID NAME', doc: 'Call a device something else.' },
    { words: 'revoke ID', doc: 'Trust a device no more; a running session of it ends at once.' },
  ],
  options: HOST_OPTIONS,
  async run(flags, context, [verb = 'list', id = '', name = '']) {
    const json = flags['json'] === true;
    if (verb === 'rename' && (name === '' || name.length > 64)) {
      throw new UsageError('a name has 1 to 64 characters');
    }
    const host = hostApi(flags, context);
    const known = await host.ask<PairedClient[]>('GET', '/clients', Type.Array(PairedClient));
    if (verb === 'list') {
      context.out(json ? jsonText(known) : listText(known));
      return exitCode.ok;
    }
    const client = only(known, id);
    if (verb === 'rename') {
      const renamed = await rename(host, client, name);
      context.out(json ? jsonText(renamed) : `It is called ${plain(renamed.name)} now.\n`);
    } else {
      await host.tell('DELETE', `/clients/${client.client_id}`);
      context.out(json ? jsonText(client) : `${plain(client.name)} is not paired any more.\n`);
    }
    return exitCode.ok;

    function listText(list: readonly PairedClient[]): string {
      const now = Date.now();
      const rows = list.map((entry) => [
        entry.client_id.slice(0, SHOWN_DIGITS),
        entry.name,
        entry.connected ? 'streams' : ago(entry.last_seen_unix_ms, now),
        ago(entry.paired_unix_ms, now),
        entry.may_end ? 'yes' : 'no',
      ]);
      const heading = ['ID', 'NAME', 'SEEN', 'PAIRED', 'MAY END'];
      return tableText(context, heading, rows, 'No device is paired.');
    }
  },
};

function rename(host: HostApi, client: PairedClient, name: string): Promise<PairedClient> {
  return host.ask('PATCH', `/clients/${client.client_id}`, PairedClient, { body: { name } });
}

/** An id may be shortened as long as it means one device. */
function only(known: readonly PairedClient[], id: string): PairedClient {
  const fitting = /^[0-9a-f]{4,64}$/i.test(id)
    ? known.filter(({ client_id }) => client_id.startsWith(id.toLowerCase()))
    : [];
  const [client, another] = fitting;
  if (client === undefined) {
    throw new AppError(404, 'client_not_found', `No paired device has the id "${plain(id)}".`);
  }
  if (another !== undefined) {
    throw new AppError(409, 'several_clients', `Several devices have ids that begin with ${id}.`);
  }
  return client;
}

const SHOWN_DIGITS = 16;
