// `token`: prints the operator’s token, and makes it when there is none yet; makes, lists and revokes named tokens at the
// running host.
import Type from 'typebox';
import { CreatedToken, Scope, TokenInfo } from '../../../contract/tokens.ts';
import { loadToken } from '../identity/token.ts';
import {
  type CliContext,
  type Command,
  type ExitCode,
  exitCode,
  type Flags,
  textFlag,
  UsageError,
} from './command.ts';
import { HOST_OPTIONS, type HostApi, hostApi } from './host-api.ts';
import { ago, jsonText, plain, tableText } from './output.ts';
import { configure } from './setup.ts';

const CALLING = ['json', 'api-host', 'api-port'];

export const token: Command = {
  name: 'token',
  summary: 'print the token of the API; make, list or revoke named tokens',
  forms: [
    { words: '', doc: 'The same as print.' },
    { words: 'print', doc: 'Print the token of the token file, which may everything.' },
    {
      words: 'create',
      doc: 'Make a token at the running host and print it, this once.',
      options: ['scope', 'name', ...CALLING],
    },
    { words: 'list', doc: 'List tokens, without their values.', options: CALLING },
    { words: 'revoke ID', doc: 'End a token at once.', options: CALLING },
  ],
  options: {
    scope: {
      value: 'SCOPE',
      doc: `What it may: ${scopes().join(', ')}.`,
      choices: scopes(),
    },
    name: { value: 'NAME', doc: 'What it is for.' },
    ...HOST_OPTIONS,
  },
  async run(flags, context, [verb = 'print', id = '']) {
    switch (verb) {
      case 'create':
        return create(flags, context);
      case 'list':
        return list(hostApi(flags, context), flags, context);
      case 'revoke':
        return revoke(hostApi(flags, context), id, flags, context);
      default:
        return print(flags, context);
    }
  },
};

function print(flags: Flags, context: CliContext): ExitCode {
  const { config } = configure(flags, context);
  const { value, path, note } = loadToken(config.configDir);
  if (path === undefined) {
    context.err(`punktfunk-host token: a token cannot be kept: ${note}\n`);
    return exitCode.problem;
  }
  context.out(`${value}\n`);
  return exitCode.ok;
}

async function create(flags: Flags, context: CliContext): Promise<ExitCode> {
  const scope = scopes().find((known) => known === textFlag(flags, 'scope'));
  const name = textFlag(flags, 'name') ?? '';
  if (scope === undefined) throw new UsageError(`--scope must be one of ${scopes().join(', ')}`);
  if (name === '' || name.length > 64) throw new UsageError('--name must have 1 to 64 characters');
  const host = hostApi(flags, context);
  const body = { scope, name };
  const created = await host.ask<CreatedToken>('POST', '/tokens', CreatedToken, { body });
  if (flags['json'] === true) context.out(jsonText(created));
  else {
    context.out(`${created.token}\n`);
    context.err(`Its id is ${created.info.token_id}. It is not shown again.\n`);
  }
  return exitCode.ok;
}

async function list(host: HostApi, flags: Flags, context: CliContext): Promise<ExitCode> {
  const tokens = await host.ask<TokenInfo[]>('GET', '/tokens', Type.Array(TokenInfo));
  const now = Date.now();
  const rows = tokens.map((entry) => [
    entry.token_id,
    entry.name,
    entry.scope,
    ago(entry.created_unix_ms, now),
    ago(entry.last_used_unix_ms, now),
  ]);
  const heading = ['ID', 'NAME', 'SCOPE', 'MADE', 'USED'];
  context.out(
    flags['json'] === true ? jsonText(tokens) : tableText(context, heading, rows, 'No tokens.'),
  );
  return exitCode.ok;
}

async function revoke(
  host: HostApi,
  id: string,
  flags: Flags,
  context: CliContext,
): Promise<ExitCode> {
  await host.tell('DELETE', `/tokens/${encodeURIComponent(id)}`);
  context.out(flags['json'] === true ? jsonText({ token_id: id }) : `${plain(id)} is revoked.\n`);
  return exitCode.ok;
}

function scopes(): readonly Scope[] {
  return Scope.anyOf.map((literal) => literal.const);
}
