// `sessions`: who watches now, and the end of one.
import Type from 'typebox';
import { SessionInfo } from '../../../contract/host.ts';
import { type Command, exitCode, UsageError } from './command.ts';
import { HOST_OPTIONS, hostApi } from './host-api.ts';
import { jsonText, tableText } from './output.ts';

export const sessions: Command = {
  name: 'sessions',
  summary: 'list or end living sessions',
  forms: [
    { words: '', doc: 'The same as list.' },
    { words: 'list', doc: 'List living sessions.' },
    { words: 'end ID', doc: 'End a session; the app goes on.' },
  ],
  options: HOST_OPTIONS,
  async run(flags, context, [verb = 'list', id = '']) {
    if (verb === 'end' && !/^\d{1,15}$/.test(id)) throw new UsageError('an ID is a number');
    const host = hostApi(flags, context);
    if (verb === 'end') {
      await host.tell('DELETE', `/sessions/${id}`);
      context.out(flags['json'] === true ? jsonText({ session_id: Number(id) }) : 'It is over.\n');
      return exitCode.ok;
    }
    const list = await host.ask<SessionInfo[]>('GET', '/sessions', Type.Array(SessionInfo));
    context.out(flags['json'] === true ? jsonText(list) : listText(list));
    return exitCode.ok;

    function listText(entries: readonly SessionInfo[]): string {
      const rows = entries.map((entry) => [
        String(entry.session_id),
        entry.client,
        entry.state.replaceAll('_', ' '),
        `${entry.width}x${entry.height}@${entry.fps}`,
        `${entry.bitrate_kbps} kb/s`,
        entry.app ?? '–',
        entry.address ?? '–',
      ]);
      const heading = ['ID', 'CLIENT', 'STATE', 'MODE', 'BITRATE', 'APP', 'ADDRESS'];
      return tableText(context, heading, rows, 'Nobody watches.');
    }
  },
};
